//! The sample monorepo's own command line, to be run on a copy of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerwise_cli::main(xtask::images())
}
