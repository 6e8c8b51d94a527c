//! A monorepo with a secret of every kind, for the test that looks for them everywhere. Each step of its builds is its own:
//! BuildKit joins equal steps of builds that run at once, whatever secrets they have.

use layerwise::image::{Declare, Images, LambdaImage, Run, Secret, lambda_python};
use layerwise::platform::Platform;
use layerwise::python::PythonPackage;

use crate::repository::Repository;

/// The images' names.
pub const IMAGES: [&str; 4] = ["guarded-files", "guarded-package", "guarded-requirements", "guarded-token"];

/// The file of requirements.
pub const REQUIREMENTS: &str = "guarded/requirements.txt";

/// The folders with an `.env` in them, which nothing takes in.
pub const WITH_ENV: [&str; 3] = ["", "guarded/", "guarded/assets/"];

/// The repository, without any secret.
#[must_use]
pub fn repository() -> Repository {
    let repository = Repository::new();
    repository.write("guarded/handler.py", "def handler(event, context):\n    return {\"guarded\": True}\n");
    repository.write("guarded/assets/words.txt", "guarded\n");
    repository.write(REQUIREMENTS, "# guarded\nsix==1.17.0\n");
    // pip makes an environment of its own for the backend, by a child that it tells where to look for packages.
    repository.write(
        "guarded/kit/pyproject.toml",
        "[build-system]\nrequires = [\"setuptools>=77\"]\nbuild-backend = \"setuptools.build_meta\"\n\n\
         [project]\nname = \"guarded-kit\"\nversion = \"1.0\"\ndependencies = [\"six>=1.16,!=1.15.99\"]\n",
    );
    repository.write("guarded/kit/guarded_kit/__init__.py", "NAME = \"guarded\"\n");
    repository
}

/// The images.
#[must_use]
pub fn images() -> Images {
    let [files, package, requirements, token] = IMAGES.map(|name| {
        LambdaImage::new(name).from(lambda_python("3.13")).copy("guarded/handler.py").cmd("handler.handler")
    });
    let run = Run::new("test -s /run/secrets/token && test -s /run/secrets/netrc && : guarded");
    Images::new(Platform::LinuxAmd64)
        .lambda(files.copy_dir("guarded/assets"))
        .lambda(package.install(PythonPackage::at("guarded/kit")))
        .lambda(requirements.requirements(REQUIREMENTS))
        .lambda(
            token
                .secret(Secret::env("token", "LAYERWISE_TEST_TOKEN"))
                .secret(Secret::file("netrc", "secrets/netrc"))
                .run(run.secret("token").secret("netrc")),
        )
}
