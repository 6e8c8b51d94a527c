//! A command line for a repository with one Lambda, whose parent an environment variable names.

use std::process::ExitCode;

use layerwise::image::{Cmd, Declare as _, Images, LambdaImage, external};
use layerwise::platform::Platform;

fn main() -> ExitCode {
    let parent = std::env::var("LAYERWISE_TEST_PARENT").unwrap_or_default();
    let image = LambdaImage::new("stock").from(external(parent)).copy("handler.py");
    let image = image.cmd(Cmd::unchecked("handler.lambda_handler"));
    layerwise_cli::main(Images::new(Platform::LinuxAmd64).lambda(image))
}
