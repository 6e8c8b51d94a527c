//! A command line for the monorepo whose images build in an instant.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerwise_cli::main(layerwise_tests::quick::images())
}
