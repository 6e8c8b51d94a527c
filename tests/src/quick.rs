//! A monorepo whose images build in an instant, for tests that run hundreds of builds. An image holds what its files
//! say at the same paths and nothing else, so that it can be held against its record file by file.

use layerwise::image::{
    BaseImage, Cmd, ContainerImage, Declare, Images, LambdaImage, Stage, external, lambda_python,
};
use layerwise::layer::LayerClass;
use layerwise::platform::Platform;

use crate::random::Random;

/// The images' names, bases first.
pub const IMAGES: [&str; 4] = ["quick-base", "quick-left", "quick-right", "quick-slow"];

/// The files that may be edited.
pub const FILES: [&str; 6] = [
    "shared/words.txt",
    "shared/deep/numbers.txt",
    "left/handler.py",
    "left/data.bin",
    "right/data.bin",
    "slow/data.bin",
];

/// A base with two images on it, and one that runs a command that takes a moment.
#[must_use]
pub fn images() -> Images {
    let base = BaseImage::new("quick-base").from(external("scratch")).copy_dir_as("shared", "/shared");
    Images::new(Platform::LinuxAmd64)
        .lambda(
            LambdaImage::new("quick-left")
                .from(&base)
                .copy_dir_as("left", "/left")
                .cmd(Cmd::unchecked("handler.handler")),
        )
        .container(ContainerImage::new("quick-right").from(&base).copy_dir_as("right", "/right"))
        .container(
            ContainerImage::new("quick-slow")
                .stage(
                    Stage::new("work")
                        .from(lambda_python("3.13"))
                        .copy_dir_as("slow", "/slow")
                        .run_in(LayerClass::Handler, "sleep 0.2"),
                )
                .from(external("scratch"))
                .copy_from("work", "/slow/", "/slow/"),
        )
}

/// What an edit may write: never twice the same size in a row, because BuildKit tells files apart by size and time.
#[must_use]
pub fn content(random: &mut Random) -> String {
    let word = random.below(usize::MAX);
    format!("{word}\n").repeat(1 + random.below(2_000))
}
