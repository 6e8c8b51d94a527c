//! How much memory the gate takes at its peak.

use anyhow::Result;
use layerwise_bench::size::Size;

use crate::measure::peak_of_children;
use crate::place::{Repository, this};
use crate::report;

/// The name of this program's subcommand that runs one child and says what it took: the peak of a process's children
/// never falls, so each child gets a parent of its own.
pub const COMMAND: &str = "peak";

/// Measures the gate on a repository of each size.
pub fn run(sizes: &[Size]) -> Result<()> {
    report::heading("Peak memory, nothing changed");
    for &size in sizes {
        let repository = Repository::of(size)?;
        let floor = peak(&repository, &repository.floor()?)?;
        let plan = peak(&repository, &repository.tool(&["plan", "--offline"])?)?;
        report::line(format!("  {size}: plan --offline {plan:.1} MB (floor {floor:.1} MB)"));
    }
    Ok(())
}

fn peak(repository: &Repository, command: &[String]) -> Result<f64> {
    let wrapped = [this()?.into(), COMMAND.to_owned()];
    let bytes: u64 = repository.child(&[&wrapped, command].concat()).read()?.parse()?;
    Ok(bytes as f64 / 1_000_000.0)
}

/// Runs the child, and answers its peak in bytes.
pub fn of_child(command: &[String]) -> Result<u64> {
    duct::cmd(&command[0], &command[1..]).stdout_null().run()?;
    peak_of_children()
}
