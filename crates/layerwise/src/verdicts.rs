//! The story of a plan: asks the store and the registry about an inspection and lets `plan` decide. Never writes.

use std::collections::{BTreeMap, BTreeSet};

use crate::fingerprint::Ingredients;
use crate::inspect::Inspection;
use crate::parallel;
use crate::plan::{Presence, Verdict};
use crate::record::{Record, RecordKey};
use crate::registry::{Registry, RegistryError};
use crate::store::{Lookup, RecordStore, StoreError};

/// How many earlier builds are looked at to explain a difference.
const NEAREST: usize = 16;
/// How many stale targets are explained at once: the records may be far away.
const QUESTIONS: usize = 8;

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

/// Decides about the targets that are `selected` and what they stand on: asks for their records, whether their images are
/// there, unless `registry` is `None`, and what is nearest to a stale one. Targets in `force` are stale whatever their
/// records say. About all others nobody is asked, and they count as never built.
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
    let keys: Vec<RecordKey> = asked.iter().map(|&place| inspection.key(place)).collect();
    let mut lookups = vec![Lookup::Absent; inspection.targets.len()];
    for (&place, lookup) in asked.iter().zip(store.get_all(&keys)?) {
        lookups[place] = lookup;
    }
    let presences = presences(&lookups, &asked, registry)?;
    // What is remembered of a store may be older than the image that is there now.
    for (place, lookup) in lookups.iter_mut().enumerate() {
        if let (Lookup::Found(record), presence) = (&*lookup, presences[place])
            && !matches!(presence, Presence::NotAsked)
            && presence != Presence::Found(record.head.digest)
        {
            *lookup = store.get_again(&inspection.key(place))?;
        }
    }
    let unexplained: Vec<usize> = places
        .clone()
        .filter(|place| lookups[*place] == Lookup::Absent && !force.contains(place) && asked.contains(place))
        .collect();
    let nearest = parallel::ask(&unexplained, QUESTIONS, |&place| {
        let target = &inspection.graph.targets[place];
        store.recent(&target.name, target.platform, NEAREST)
    })?;
    let nearest: BTreeMap<usize, Vec<Record>> = unexplained.into_iter().zip(nearest).collect();
    let decide = |place: usize| {
        let nearest = || -> Result<Vec<Ingredients>, VerdictError> {
            // A record of other rules explains nothing; the schema's change is then the reason by itself.
            let records = nearest.get(&place).into_iter().flatten();
            Ok(records.filter_map(|record| record.ingredients().ok()).collect())
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
