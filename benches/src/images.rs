//! The images of a generated repository.

use layerwise::image::{BaseImage, Cmd, Declare as _, Images, LambdaImage, external, lambda_python};
use layerwise::platform::Platform;
use layerwise::python::PythonPackage;

use crate::layout;
use crate::size::Size;

/// One Lambda with a folder of assets, on a parent of somebody else.
#[must_use]
pub fn assets_on(parent: &str) -> Images {
    let image = LambdaImage::new("assets").from(external(parent)).copy_dir("assets");
    Images::new(Platform::LinuxAmd64).lambda(image.cmd(Cmd::unchecked("assets.handler")))
}

/// Two bases, one on the other, and the Lambdas, half of them on each.
#[must_use]
pub fn images(size: Size) -> Images {
    let core = PythonPackage::at(layout::package(0));
    let text = PythonPackage::at(layout::package(1));
    let base_core = BaseImage::new("base-core").from(lambda_python("3.13")).install(&core);
    let base_text = BaseImage::new("base-text").from(&base_core).install(&text);

    (0..size.lambdas()).fold(Images::new(Platform::LinuxAmd64), |images, index| {
        let base = if index % 2 == 0 { &base_core } else { &base_text };
        let folder = layout::lambda(index);
        let lambda = LambdaImage::new(layout::lambda_name(index))
            .from(base)
            .copy_dir(format!("{folder}/assets"))
            .copy_dir(format!("{folder}/lib"));
        let lambda = layout::shared_of(size, index)
            .into_iter()
            .fold(lambda, |lambda, shared| lambda.copy_as(layout::shared(shared), "shared/"));
        images.lambda(
            lambda
                .copy(format!("{folder}/handler.py"))
                .env("WORKER", index.to_string())
                .cmd("handler.lambda_handler"),
        )
    })
}
