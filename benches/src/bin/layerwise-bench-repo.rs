//! The tool under test: what the `xtask` of a generated repository would be. The environment says how large that is,
//! or on what one image with a folder of assets stands.

use std::process::ExitCode;

use layerwise_bench::images::{assets_on, images};
use layerwise_bench::size::Size;

fn main() -> ExitCode {
    if let Ok(parent) = std::env::var("LAYERWISE_BENCH_PARENT") {
        return layerwise_cli::main(assets_on(&parent));
    }
    let size = std::env::var(Size::VARIABLE).ok().and_then(|size| size.parse().ok());
    layerwise_cli::main(images(size.unwrap_or(Size::S)))
}
