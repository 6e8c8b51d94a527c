//! Building what is stale, for every command that needs images. Decides nothing about images; the engine does.

use std::collections::BTreeSet;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use layerwise::assemble::instructions;
use layerwise::assembling::Assembling;
use layerwise::destination::Destination;
use layerwise::event::{Event, Product};
use layerwise::inspect::Inspection;
use layerwise::layer_cache::LayerCaches;
use layerwise::plan::Verdict;
use layerwise::process::Cancel;
use layerwise::readable;
use layerwise::registry::Registry;
use layerwise::run::{self, Assemble, Options, Outcome, World, needed};
use layerwise::stable::StableBase;
use layerwise::verdicts::verdicts;

use crate::builder::BuilderOnDemand;
use crate::console::Tone;
use crate::context::Context;
use crate::error::CliError;
use crate::machine::Machine;
use crate::reporter::{self, Reporter};
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
    /// Where layers are shared with other builders.
    pub caches: Option<LayerCaches>,
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
        self.ensure_on(inspection, &[], selected, cancel)
    }

    /// As [`Job::ensure`], for images that stand on stable bases; what has drifted is said in any case.
    ///
    /// # Errors
    /// As [`Job::ensure`].
    pub fn ensure_on(
        &self,
        inspection: &Inspection,
        bases: &[StableBase],
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
        let plan = Summary::of_plan(Mode::Run, slug, inspection, &verdicts, selected, milliseconds())
            .standing_on(inspection, bases);
        let reporter = Reporter::new(self.context.console, &inspection.graph, &plan);
        let stale = !needed(inspection, &verdicts, selected).is_empty();
        if stale {
            reporter.planned(&plan);
        } else {
            reporter::stable_bases(self.context.console, &plan);
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
        let Some(word) = self.place.destination.readable_word() else { return Ok(()) };
        let work = &self.place.work;
        let behind: Vec<_> = readable::behind(work, inspection, verdicts, selected.iter().copied()).collect();
        if !behind.is_empty() {
            readable::follow(&self.machine.engine()?, word, work, inspection, verdicts, behind)?;
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
        if let Destination::Registry { .. } = self.place.destination {
            let key = inspection.key(first);
            let reference = self.place.destination.content_reference(&key.image, &key.fingerprint)?;
            self.registry.find(&[reference])?;
        }
        let builder = BuilderOnDemand::new(self.machine);
        if needed.iter().any(|&place| !may_be_assembled(inspection, place, self.options)) {
            // Without one, nothing is begun.
            builder.get()?;
        }
        let depot = self.machine.depot(&self.place.destination)?;
        let assembling = Assembling::new(&*depot, self.context.work().join("assembled"));
        let stand_in = self.machine.stand_in();
        let world = World {
            store: self.place.records.store(),
            registry: self.registry,
            builder: &builder,
            assembler: Some(&assembling),
            destination: &self.place.destination,
            work: &self.place.work,
            locks: &self.place.records.locks(),
            secrets: &|target| self.machine.secrets(target),
            stand_in: stand_in.as_ref(),
            caches: self.caches.as_ref(),
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

/// Whether the image needs no builder, as far as its declaration tells.
fn may_be_assembled(inspection: &Inspection, place: usize, options: Options) -> bool {
    let (image, dockerfile) = (&inspection.graph.targets[place].image, &inspection.targets[place].dockerfile);
    options.assemble != Assemble::Never && !options.no_cache && instructions(image, dockerfile).is_ok()
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
