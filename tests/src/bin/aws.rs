//! The sample monorepo's own command line with AWS, to be run on a copy of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerwise_cli::App::new(xtask::images()).cloud(layerwise_aws::Aws).run()
}
