//! `build-lambdas`: plans, builds what is stale, and reports. Decides nothing about images; the engine does.

use std::collections::BTreeSet;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use layerwise::builder::BuildError;
use layerwise::destination::Destination;
use layerwise::event::{Event, Failure, Product};
use layerwise::inspect::Inspection;
use layerwise::plan::Verdict;
use layerwise::process::Cancel;
use layerwise::readable;
use layerwise::registry::Registry;
use layerwise::run::{self, Options, Outcome, World, needed};
use layerwise::store::RecordStore;
use layerwise::verdicts::verdicts;
use layerwise_sandbox::UpOptions;

use crate::args::Build;
use crate::commands::sandbox;
use crate::context::{Context, select};
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt;
use crate::machine::Machine;
use crate::reporter::Reporter;
use crate::summary::{Mode, OutcomeSummary, Summary};
use crate::wiring::{Place, running_sandbox};

/// How often the live area is drawn again.
const FRAME: Duration = Duration::from_millis(100);

pub fn run(context: &Context<'_>, typed: &Build) -> Result<Exit, CliError> {
    let begun = Instant::now();
    // What is wrong with the declarations is said before an engine is needed.
    let inspection = context.inspect()?;
    let selected = select(&inspection.graph, &typed.images)?;
    let inspected_in = begun.elapsed();

    let sandbox = match typed.place.sandbox {
        true if !typed.dry_run => Some(sandbox::up(context.console, &UpOptions::default())?),
        _ => running_sandbox(&typed.place)?,
    };
    let place = Place::new(context, &typed.place, sandbox.as_ref())?;
    let machine = Machine::new(context, &place, typed.builder.as_deref(), sandbox);
    let registry = machine.registry(&place.destination)?;

    let asked = Instant::now();
    let force = if typed.force { selected.clone() } else { BTreeSet::new() };
    let verdicts = verdicts(&inspection, &place.store, Some(&*registry), &selected, &force)?;
    let mode = if typed.dry_run { Mode::DryRun } else { Mode::Run };
    let time = milliseconds(inspected_in + asked.elapsed());
    let plan = Summary::of_plan(mode, place.destination.slug(), &inspection, &verdicts, &selected, time);
    let reporter = Reporter::new(context.console, &inspection.graph, &plan);
    reporter.planned(&plan);
    if typed.dry_run {
        if typed.json {
            context.console.result(&plan.json());
        }
        return Ok(Exit::Done);
    }

    let building = Instant::now();
    let job = Job { context, place: &place, machine: &machine, registry: &*registry, typed };
    let cancel = Cancel::default();
    job.follow(&inspection, &verdicts, &selected)?;
    let outcomes = job.build(&inspection, &verdicts, &selected, &reporter, &cancel)?;
    let time = plan.milliseconds + milliseconds(building.elapsed());
    let summary = plan.with_outcomes(&inspection, &outcomes, time);
    if typed.json {
        context.console.result(&summary.json());
    } else if !context.console.results_are_read_by_people() {
        results(&summary).iter().for_each(|line| context.console.result(line));
    }
    reporter.finished(&summary, cancel.is_cancelled());
    Ok(if cancel.is_cancelled() { Exit::Interrupted } else { exit(&outcomes) })
}

struct Job<'a> {
    context: &'a Context<'a>,
    place: &'a Place,
    machine: &'a Machine<'a>,
    registry: &'a dyn Registry,
    typed: &'a Build,
}

impl Job<'_> {
    /// Lets readable tags name what is fresh.
    fn follow(
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

    fn build(
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
        self.place.store.check_writable()?;
        if self.place.destination != Destination::Local {
            let key = inspection.key(first);
            let reference = self.place.destination.content_reference(&key.image, &key.fingerprint)?;
            self.registry.find(&[reference])?;
        }
        let builder = self.machine.builder()?;
        let work = self.context.work();
        let world = World {
            store: &self.place.store,
            registry: self.registry,
            builder: &builder,
            destination: &self.place.destination,
            work: &work,
            locks: &self.place.store.locks(),
            secrets: &|target| self.machine.secrets(target),
            now: &now,
        };
        let jobs = self.typed.jobs.map(usize::from);
        let jobs = jobs.unwrap_or_else(default_jobs);
        let options = Options { jobs, fail_fast: self.typed.fail_fast, no_cache: self.typed.no_cache };
        let events = |event: Event<'_>| reporter.event(&event);
        let work = || run::run(&world, inspection, verdicts, selected, options, cancel, &events);
        let work = || redrawing(reporter, work);
        let console = self.context.console;
        Ok(if self.context.signals { interrupt::during(console, cancel, work) } else { work() })
    }
}

/// A build waits for its engine most of the time, and the engine works on several at once: twice the processors, within
/// what a small machine and a large one bear.
fn default_jobs() -> usize {
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

/// `name reference@digest` for each selected image that is there now.
fn results(summary: &Summary) -> Vec<String> {
    let selected = summary.images.iter().filter(|image| image.selected);
    let lines = selected.filter_map(|image| match &image.outcome {
        Some(OutcomeSummary::Fresh(product) | OutcomeSummary::Built(product)) => {
            Some(format!("{} {}@{}", image.label, product.reference, product.digest))
        }
        _ => None,
    });
    lines.collect()
}

/// The exit code of a run: a build that failed says more than surroundings that failed.
fn exit(outcomes: &[Option<Outcome>]) -> Exit {
    let failures = outcomes.iter().flatten().filter_map(|outcome| match outcome {
        Outcome::Failed(failure) => Some(match failure {
            Failure::Declaration(_) => Exit::Usage,
            Failure::Environment(_) | Failure::Build(BuildError::Unavailable { .. }) => Exit::Environment,
            Failure::Build(_)
            | Failure::InputsMoved { .. }
            | Failure::Unconfirmed { .. }
            | Failure::NotForLambda { .. } => Exit::Failed,
        }),
        _ => None,
    });
    failures.min_by_key(|exit| *exit as u8).unwrap_or(Exit::Done)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
