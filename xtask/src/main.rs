//! This monorepo's tasks: its images, and one call.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerwise_cli::App::new(xtask::images())
        .external("bench", "layerwise-bench", "Compare the gate and the builds with what they replace")
        .run()
}
