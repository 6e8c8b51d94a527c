//! What the first call costs on a clean checkout: processor seconds of compiling.

use anyhow::Result;

use crate::measure::cpu_of_children;
use crate::place::{cargo, target, workspace};
use crate::report;

/// The project's own limit, in processor seconds.
const LIMIT: u64 = 90;

/// Compiles `xtask` from nothing, in a target folder of its own that is deleted again.
pub fn run() -> Result<()> {
    report::heading("First `cargo xtask --help` from a clean checkout");
    let folder = tempfile::Builder::new().prefix("compile-").tempdir_in(target()?)?;
    let args = ["run", "--quiet", "--package", "xtask", "--", "--help"];
    let before = cpu_of_children()?;
    duct::cmd(cargo(), args).dir(workspace()).env("CARGO_TARGET_DIR", folder.path()).stdout_null().run()?;
    let cpu = (cpu_of_children()? - before).as_secs_f64();
    report::line(format!("  {cpu:.1} CPU seconds, of {LIMIT} that it may take"));
    Ok(())
}
