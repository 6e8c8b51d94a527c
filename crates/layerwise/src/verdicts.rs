//! The story of a plan: asks the store and the registry about an inspection and lets `plan` decide. Never writes.

use std::collections::BTreeSet;

use crate::fingerprint::Ingredients;
use crate::inspect::Inspection;
use crate::parallel;
use crate::plan::{Presence, Verdict};
use crate::record::RecordKey;
use crate::registry::{Registry, RegistryError};
use crate::store::{Lookup, RecordStore, StoreError};

/// How many earlier builds are looked at to explain a difference.
const NEAREST: usize = 16;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum VerdictError {
    /// The records cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be told whether an image is there.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// Decides about every target. Only about those that are `selected` and what they stand on anybody else is asked: whether
/// their images are there, unless `registry` is `None`, and what is nearest to a stale one. Targets in `force` are stale
/// whatever their records say.
///
/// # Errors
/// [`VerdictError`]: "cannot tell" is never taken for "absent".
pub fn verdicts(
    inspection: &Inspection,
    store: &dyn RecordStore,
    registry: Option<&dyn Registry>,
    selected: &BTreeSet<usize>,
    force: &BTreeSet<usize>,
) -> Result<Vec<Verdict>, VerdictError> {
    let asked = inspection.graph.with_ancestors(selected.iter().copied());
    let places = 0..inspection.targets.len();
    let keys: Vec<RecordKey> = places.clone().map(|place| inspection.key(place)).collect();
    let lookups = parallel::map(&keys, |key| store.get(key));
    let lookups: Vec<Lookup> = lookups.into_iter().collect::<Result<_, _>>()?;
    let presences = presences(&lookups, &asked, registry)?;
    let decide = |place: usize| {
        let target = &inspection.graph.targets[place];
        let nearest = || -> Result<Vec<Ingredients>, VerdictError> {
            if !asked.contains(&place) {
                return Ok(Vec::new());
            }
            let records = store.recent(&target.name, target.platform, NEAREST)?;
            // A record of other rules explains nothing; the schema's change is then the reason by itself.
            Ok(records.iter().filter_map(|record| record.ingredients().ok()).collect())
        };
        let ingredients = &inspection.targets[place].ingredients;
        Verdict::decide(force.contains(&place), &lookups[place], presences[place], ingredients, nearest)
    };
    places.map(decide).collect()
}

/// Asks about all recorded images among `asked` at once.
fn presences(
    lookups: &[Lookup],
    asked: &BTreeSet<usize>,
    registry: Option<&dyn Registry>,
) -> Result<Vec<Presence>, RegistryError> {
    let mut presences = vec![Presence::NotAsked; lookups.len()];
    let Some(registry) = registry else { return Ok(presences) };
    let recorded: Vec<_> = asked
        .iter()
        .filter_map(|&place| match &lookups[place] {
            Lookup::Found(record) => Some((place, record.head.reference.clone())),
            _ => None,
        })
        .collect();
    if recorded.is_empty() {
        return Ok(presences);
    }
    let wanted: Vec<_> = recorded.iter().map(|(_, reference)| reference.clone()).collect();
    for ((place, _), found) in recorded.iter().zip(registry.find(&wanted)?) {
        presences[*place] = found.map_or(Presence::Missing, Presence::Found);
    }
    Ok(presences)
}
