//! How long it takes to learn that nothing changed.

use anyhow::Result;
use layerwise_bench::size::Size;

use crate::measure::{Case, in_turn};
use crate::place::Repository;
use crate::{report, trace};

/// Measures the gate on a repository of each size.
pub fn run(sizes: &[Size], runs: usize) -> Result<()> {
    for &size in sizes {
        report::heading(&format!(
            "Nothing changed, {size}: {} Lambdas, {} files",
            size.lambdas(),
            size.files()
        ));
        let repository = Repository::of(size)?;
        let cases = [
            Case::new("floor: walk and digest, one thread", repository.child(&repository.floor()?)),
            Case::new("plan --offline", repository.child(&repository.tool(&["plan", "--offline"])?)),
        ];
        report::table(&cases, &in_turn(&cases, runs)?);
        trace::run(&repository)?;
    }
    Ok(())
}
