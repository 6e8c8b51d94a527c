//! This monorepo's tasks: its images, and one call.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerwise_cli::main(xtask::images())
}
