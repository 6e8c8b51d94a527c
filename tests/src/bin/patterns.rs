//! A command line for the repository of all declaration patterns.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerwise_cli::main(layerwise_tests::patterns::buildable())
}
