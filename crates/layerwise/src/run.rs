//! The story of a run: from verdicts to images and records. Names ports, never adapters; prints nothing.
//!
//! A target is built as soon as everything that it stands on is there. A failure takes along only what stands on it.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::event::{Event, Failure, Product};
use crate::inspect::Inspection;
use crate::plan::Verdict;
use crate::process::Cancel;

mod assembled;
mod one;
mod world;

pub use one::{FINGERPRINT_LABEL, IMAGE_LABEL};
pub use world::World;

/// How a run goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many builds at once, at least one.
    pub jobs: usize,
    /// Whether to start nothing more after a failure.
    pub fail_fast: bool,
    /// Whether to build without BuildKit's layer cache.
    pub no_cache: bool,
    /// Which images are made without BuildKit.
    pub assemble: Assemble,
}

/// Which images are made without a builder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Assemble {
    /// Those that can be.
    #[default]
    Auto,
    /// None.
    Never,
    /// All but bases; one that cannot be fails.
    Always,
}

/// What became of one target.
#[derive(Debug)]
pub enum Outcome {
    /// It was there already.
    Fresh(Product),
    /// It was built, or somebody else built it meanwhile.
    Built(Product),
    /// It failed.
    Failed(Failure),
    /// Something that it stands on failed, or the run was stopped first.
    NotBuilt {
        /// What failed; `None` when the run was stopped.
        because: Option<usize>,
    },
}

/// The places that have to be built: the stale ones among `selected`, and the stale ones that those stand on.
#[must_use]
pub fn needed(inspection: &Inspection, verdicts: &[Verdict], selected: &BTreeSet<usize>) -> BTreeSet<usize> {
    let stale = |place: &usize| !verdicts[*place].is_fresh();
    let wanted = selected.iter().copied().filter(stale);
    inspection.graph.with_ancestors(wanted).into_iter().filter(stale).collect()
}

/// Builds what is needed, in parallel, and tells `events` of everything. Returns one outcome per target, `None` for
/// those that nobody asked for; when it returns, no child is left.
pub fn run(
    world: &World<'_>,
    inspection: &Inspection,
    verdicts: &[Verdict],
    selected: &BTreeSet<usize>,
    options: Options,
    cancel: &Cancel,
    events: &(dyn Fn(Event<'_>) + Sync),
) -> Vec<Option<Outcome>> {
    let needed = needed(inspection, verdicts, selected);
    let board = Board::new(inspection, verdicts, selected, &needed);
    let stopped = || cancel.is_cancelled();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.clamp(1, needed.len().max(1)) {
            scope.spawn(|| {
                while let Some(target) = board.take(inspection, &stopped, events) {
                    let parents = board.products(inspection, target);
                    let needed = &needed;
                    let job =
                        one::Job { world, inspection, verdicts, needed, place: target, parents, options };
                    let result = one::build(&job, cancel, events);
                    board.finish(target, result, options.fail_fast, events);
                }
            });
        }
    });
    board.into_outcomes()
}

/// Who is at what. All waiting is on one condition: something finished.
struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// By target; `None` for those that are neither selected nor needed, and for those still to be done.
    outcomes: Vec<Option<Outcome>>,
    /// Still to be started, most urgent first.
    waiting: Vec<usize>,
    running: usize,
    stop: bool,
}

impl Board {
    fn new(
        inspection: &Inspection,
        verdicts: &[Verdict],
        selected: &BTreeSet<usize>,
        needed: &BTreeSet<usize>,
    ) -> Self {
        let around = inspection.graph.with_ancestors(selected.iter().copied());
        let fresh = |place: usize| match &verdicts[place] {
            Verdict::Fresh(head) if around.contains(&place) => {
                Some(Outcome::Fresh(Product::from(head.as_ref())))
            }
            _ => None,
        };
        let outcomes = (0..verdicts.len()).map(fresh).collect();
        // What most others wait for goes first; among equals the order of the declaration.
        let mut waiting: Vec<usize> = needed.iter().copied().collect();
        let dependants = |place: usize| {
            needed.iter().filter(|other| inspection.graph.with_ancestors([**other]).contains(&place)).count()
        };
        waiting.sort_by_cached_key(|&place| (std::cmp::Reverse(dependants(place)), place));
        Self {
            state: Mutex::new(State { outcomes, waiting, running: 0, stop: false }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next target whose parents are all there; waits for one while others are running.
    fn take(
        &self,
        inspection: &Inspection,
        stopped: &dyn Fn() -> bool,
        events: &(dyn Fn(Event<'_>) + Sync),
    ) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.stop || stopped() {
                for place in std::mem::take(&mut state.waiting) {
                    state.outcomes[place] = Some(Outcome::NotBuilt { because: None });
                }
                self.changed.notify_all();
                return None;
            }
            leave_out(&mut state, inspection, events);
            let ready = |place: &usize| {
                inspection.graph.parents(*place).all(|parent| {
                    matches!(state.outcomes[parent], Some(Outcome::Fresh(_) | Outcome::Built(_)))
                })
            };
            if let Some(at) = state.waiting.iter().position(ready) {
                state.running += 1;
                return Some(state.waiting.remove(at));
            }
            if state.waiting.is_empty() || state.running == 0 {
                self.changed.notify_all();
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn finish(
        &self,
        target: usize,
        result: Result<Product, Failure>,
        fail_fast: bool,
        events: &(dyn Fn(Event<'_>) + Sync),
    ) {
        let mut state = self.lock();
        state.running -= 1;
        state.outcomes[target] = Some(match result {
            Ok(product) => Outcome::Built(product),
            Err(failure) => {
                state.stop |= fail_fast;
                events(Event::Failed { target, failure: &failure });
                Outcome::Failed(failure)
            }
        });
        self.changed.notify_all();
    }

    fn products(&self, inspection: &Inspection, target: usize) -> Vec<(usize, Product)> {
        let state = self.lock();
        let product = |parent| match &state.outcomes[parent] {
            Some(Outcome::Fresh(product) | Outcome::Built(product)) => Some((parent, product.clone())),
            _ => None,
        };
        inspection.graph.parents(target).filter_map(product).collect()
    }

    fn into_outcomes(self) -> Vec<Option<Outcome>> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).outcomes
    }
}

/// Takes out of the waiting ones what can never be built, because one of its parents has no image.
fn leave_out(state: &mut State, inspection: &Inspection, events: &(dyn Fn(Event<'_>) + Sync)) {
    let failed = |state: &State, place: usize| {
        inspection.graph.parents(place).find_map(|parent| match &state.outcomes[parent] {
            Some(Outcome::Failed(_)) => Some(parent),
            Some(Outcome::NotBuilt { because }) => Some(because.unwrap_or(parent)),
            _ => None,
        })
    };
    while let Some((at, because)) = state
        .waiting
        .iter()
        .enumerate()
        .find_map(|(at, &place)| failed(state, place).map(|because| (at, because)))
    {
        let target = state.waiting.remove(at);
        state.outcomes[target] = Some(Outcome::NotBuilt { because: Some(because) });
        events(Event::NotBuilt { target, because });
    }
}
