//! The pushed images of the sources as they are now, each confirmed by its digest: what may be deployed. Builds nothing.

use std::collections::BTreeSet;

use layerwise::inspect::Inspection;
use layerwise::plan::Verdict;
use layerwise::record::Head;
use layerwise::verdicts::verdicts;

use crate::context::Context;
use crate::error::CliError;
use crate::machine::Machine;
use crate::wiring::Place;

/// The targets of `selected`, each with what is recorded of its image, which is there.
///
/// # Errors
/// [`CliError::Stale`] names all that are not built as the sources are.
pub fn pinned(
    context: &Context<'_>,
    inspection: &Inspection,
    selected: &BTreeSet<usize>,
    place: &Place,
    machine: &Machine<'_>,
) -> Result<Vec<(usize, Head)>, CliError> {
    let registry = machine.registry(&place.destination)?;
    let verdicts = verdicts(inspection, place.records.store(), Some(&*registry), selected, &BTreeSet::new())?;
    place.records.say_outage(context.console);
    let (mut pinned, mut stale) = (Vec::new(), Vec::new());
    for &target in selected {
        match &verdicts[target] {
            Verdict::Fresh(head) => pinned.push((target, (**head).clone())),
            Verdict::Stale(_) => stale.push(inspection.graph.targets[target].label.clone()),
        }
    }
    if stale.is_empty() { Ok(pinned) } else { Err(CliError::Stale { images: stale }) }
}
