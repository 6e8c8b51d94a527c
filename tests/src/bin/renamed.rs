//! A command line for the sample monorepo's images under other names, to be run on a copy of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerwise_cli::main(layerwise_tests::renamed::images())
}
