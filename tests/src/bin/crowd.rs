//! A command line for the monorepo with many images.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerwise_cli::main(layerwise_tests::crowd::images())
}
