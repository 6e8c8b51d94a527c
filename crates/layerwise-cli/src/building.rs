//! Building what is stale, for every command that needs images. Decides nothing about images; the engine does.

use std::collections::BTreeSet;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use layerwise::destination::Destination;
use layerwise::event::{Event, Product};
use layerwise::inspect::Inspection;
use layerwise::plan::Verdict;
use layerwise::process::Cancel;
use layerwise::readable;
use layerwise::registry::Registry;
use layerwise::run::{self, Options, Outcome, World, needed};
use layerwise::verdicts::verdicts;

use crate::console::Tone;
use crate::context::Context;
use crate::error::CliError;
use crate::machine::Machine;
use crate::reporter::Reporter;
use crate::repositories::repositories;
use crate::summary::{Mode, Summary};
use crate::wiring::Place;

/// How often the live area is drawn again.
const FRAME: Duration = Duration::from_millis(100);

/// What a first signal asks to end.
pub const BUILDS: &str = "the builds";

/// Who builds for whom.
pub struct Job<'a> {
    /// The command's surroundings.
    pub context: &'a Context<'a>,
    /// Where images and records are.
    pub place: &'a Place,
    /// Who builds.
    pub machine: &'a Machine<'a>,
    /// Who is asked what is there.
    pub registry: &'a dyn Registry,
    /// How to go about it.
    pub options: Options,
}

impl Job<'_> {
    /// The images of `selected`, built first where they are stale. Nothing is said when all are fresh.
    ///
    /// # Errors
    /// [`CliError`] when nothing can be built at all; a build that fails is an outcome.
    pub fn ensure(
        &self,
        inspection: &Inspection,
        selected: &BTreeSet<usize>,
        cancel: &Cancel,
    ) -> Result<Vec<Option<Outcome>>, CliError> {
        let begun = Instant::now();
        let milliseconds = || u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let verdicts = verdicts(
            inspection,
            self.place.records.store(),
            Some(self.registry),
            selected,
            &BTreeSet::new(),
        )?;
        self.place.records.say_outage(self.context.console);
        self.follow(inspection, &verdicts, selected)?;
        let slug = self.place.destination.slug();
        let plan = Summary::of_plan(Mode::Run, slug, inspection, &verdicts, selected, milliseconds());
        let reporter = Reporter::new(self.context.console, &inspection.graph, &plan);
        let stale = !needed(inspection, &verdicts, selected).is_empty();
        if stale {
            reporter.planned(&plan);
        }
        let outcomes = self.build(inspection, &verdicts, selected, &reporter, cancel)?;
        if stale {
            let summary = plan.with_outcomes(inspection, &outcomes, milliseconds());
            reporter.finished(&summary, cancel.is_cancelled());
        }
        Ok(outcomes)
    }

    /// Lets readable tags name what is fresh.
    ///
    /// # Errors
    /// [`CliError`] when the engine does not let it.
    pub fn follow(
        &self,
        inspection: &Inspection,
        verdicts: &[Verdict],
        selected: &BTreeSet<usize>,
    ) -> Result<(), CliError> {
        if self.place.destination != Destination::Local {
            return Ok(());
        }
        let work = self.context.work();
        let behind: Vec<_> =
            readable::behind(&work, inspection, verdicts, selected.iter().copied()).collect();
        if !behind.is_empty() {
            readable::follow(&self.machine.engine()?, &work, inspection, verdicts, behind)?;
        }
        Ok(())
    }

    /// Creates what a cloud's registry does not create by itself.
    fn create_repositories(&self, inspection: &Inspection, needed: &BTreeSet<usize>) -> Result<(), CliError> {
        let Some(cloud) = self.machine.cloud() else { return Ok(()) };
        let targets = needed.iter().map(|place| &inspection.graph.targets[*place]);
        let created = cloud.create_missing(&repositories(self.place, targets))?;
        for name in created {
            self.context.console.status(Tone::Good, "Created", &format!("the repository {name}"));
        }
        Ok(())
    }

    /// Builds what is needed for `selected`; what happens is told to `reporter`.
    ///
    /// # Errors
    /// [`CliError`] when nothing can be built at all.
    pub fn build(
        &self,
        inspection: &Inspection,
        verdicts: &[Verdict],
        selected: &BTreeSet<usize>,
        reporter: &Reporter<'_>,
        cancel: &Cancel,
    ) -> Result<Vec<Option<Outcome>>, CliError> {
        let needed = needed(inspection, verdicts, selected);
        let Some(&first) = needed.first() else {
            // Without a builder, a lock or a thread: this is what happens most often.
            return Ok(verdicts.iter().map(fresh).collect());
        };
        // Nobody shall build for ten minutes only to learn that it cannot be remembered, or pushed.
        self.place.records.store().check_writable()?;
        self.place.records.say_outage(self.context.console);
        self.place.records.say_access(self.context.console);
        self.create_repositories(inspection, &needed)?;
        if self.place.destination != Destination::Local {
            let key = inspection.key(first);
            let reference = self.place.destination.content_reference(&key.image, &key.fingerprint)?;
            self.registry.find(&[reference])?;
        }
        let builder = self.machine.builder()?;
        let work = self.context.work();
        let world = World {
            store: self.place.records.store(),
            registry: self.registry,
            builder: &builder,
            destination: &self.place.destination,
            work: &work,
            locks: &self.place.records.locks(),
            secrets: &|target| self.machine.secrets(target),
            now: &now,
        };
        let events = |event: Event<'_>| reporter.event(&event);
        let outcomes = redrawing(reporter, || {
            run::run(&world, inspection, verdicts, selected, self.options, cancel, &events)
        });
        self.place.records.say_outage(self.context.console);
        Ok(outcomes)
    }
}

/// A build waits for its engine most of the time, and the engine works on several at once: twice the processors, within
/// what a small machine and a large one bear.
#[must_use]
pub fn default_jobs() -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    (2 * processors).clamp(4, 16)
}

fn fresh(verdict: &Verdict) -> Option<Outcome> {
    match verdict {
        Verdict::Fresh(head) => Some(Outcome::Fresh(Product::from(head.as_ref()))),
        Verdict::Stale(_) => None,
    }
}

/// Does `work` while the live area's seconds go on.
fn redrawing<A>(reporter: &Reporter<'_>, work: impl FnOnce() -> A) -> A {
    thread::scope(|scope| {
        let (done, ended) = channel::<()>();
        scope.spawn(move || {
            while ended.recv_timeout(FRAME) == Err(RecvTimeoutError::Timeout) {
                reporter.draw();
            }
        });
        let answer = work();
        drop(done);
        answer
    })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
