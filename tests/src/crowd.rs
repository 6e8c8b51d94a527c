//! A monorepo with more images than a process may have files open in the tests that need it.

use layerwise::image::{ContainerImage, Declare, Images, external};
use layerwise::platform::Platform;

/// How many images there are.
pub const IMAGES: usize = 48;

/// The folder that the image number `index` copies.
#[must_use]
pub fn folder(index: usize) -> String {
    format!("crowd/{index:02}")
}

/// One image for each folder.
#[must_use]
pub fn images() -> Images {
    (0..IMAGES).fold(Images::new(Platform::LinuxAmd64), |images, index| {
        let image = ContainerImage::new(format!("crowd-{index:02}")).from(external("scratch"));
        images.container(image.copy_dir_as(folder(index), "/files"))
    })
}
