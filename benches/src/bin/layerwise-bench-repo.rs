//! The tool under test: what the `xtask` of a generated repository would be. The environment says how large that is.

use std::process::ExitCode;

use layerwise_bench::images::images;
use layerwise_bench::size::Size;

fn main() -> ExitCode {
    let size = std::env::var(Size::VARIABLE).ok().and_then(|size| size.parse().ok());
    layerwise_cli::main(images(size.unwrap_or(Size::S)))
}
