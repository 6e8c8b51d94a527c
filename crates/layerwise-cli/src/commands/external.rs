//! A task that is another package of the workspace. This process becomes `cargo run`, so that terminal, signals and
//! exit code are the task's own.

use std::os::unix::process::CommandExt;

use layerwise::process::Env;

use crate::error::CliError;

/// Becomes the task. Comes back only when that failed.
#[expect(clippy::disallowed_methods, reason = "no child is started: this process is replaced")]
pub fn run(package: &str, args: &[String], env: &Env) -> CliError {
    let program = env.get("CARGO").unwrap_or("cargo").to_owned();
    let cause = std::process::Command::new(&program)
        .args(["run", "--quiet", "--release", "--package", package, "--"])
        .args(args)
        .exec();
    CliError::External { program, cause }
}
