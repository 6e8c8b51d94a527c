//! `build-lambdas`: plans, builds what is stale, and reports. Decides nothing about images; the engine does.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use layerwise::builder::BuildError;
use layerwise::event::Failure;
use layerwise::inspect::{Broken, Inspection};
use layerwise::process::Cancel;
use layerwise::run::{Options, Outcome};
use layerwise::verdicts::verdicts;
use layerwise_sandbox::UpOptions;

use crate::args::Build;
use crate::building::{BUILDS, Job, default_jobs};
use crate::commands::sandbox;
use crate::context::{Context, select_all};
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt;
use crate::machine::Machine;
use crate::reporter::{self, Reporter};
use crate::standing::{self, About, Standing};
use crate::summary::{Mode, OutcomeSummary, Summary};
use crate::wiring::{Place, running_sandbox};

pub fn run(context: &Context<'_>, typed: &Build) -> Result<Exit, CliError> {
    let begun = Instant::now();
    // What is wrong with what was typed, and with the declarations, is said before an engine is needed.
    let naming = standing::asked(context, &typed.bases.stable)?;
    match naming {
        Some(_) if typed.place.push => return Err(CliError::StaticPush),
        None if typed.bases.rebuild_bases => return Err(CliError::NothingStable),
        _ => {}
    }
    let inspected = context.inspect()?;
    let selection = select_all(&inspected, &typed.images)?;
    let (mut selected, broken) = (selection.places, selection.broken);
    reporter::unlocked(context.console, &inspected.unlocked);
    reporter::broken(context.console, &broken);
    // Nobody else has to be asked.
    if !broken.is_empty() && (typed.fail_fast || selected.is_empty()) {
        return nothing_started(context, typed, &inspected, &broken);
    }
    let inspected_in = begun.elapsed();

    let sandbox = match typed.place.sandbox {
        true if !typed.dry_run => Some(sandbox::up(context.console, &UpOptions::default())?),
        _ => running_sandbox(&typed.place)?,
    };
    let mut place = Place::new(context, &typed.place, sandbox.as_ref())?;
    let machine = Machine::new(context, &place, typed.builder.as_deref(), sandbox);
    let jobs = typed.jobs.or(place.chosen.jobs).map_or_else(default_jobs, usize::from);
    let options = Options {
        jobs,
        fail_fast: typed.fail_fast,
        no_cache: typed.no_cache,
        assemble: typed.assemble.into(),
    };
    let cancel = Cancel::default();
    let mut bases = Vec::new();
    let mut without_base = false;
    let on_stable;
    let mut inspection = &inspected;
    if let Some(naming) = naming {
        let standing = Standing { context, place: &place, machine: &machine, naming, options };
        let about = match typed.bases.rebuild_bases {
            _ if typed.dry_run => About::Look,
            true => About::Rebuild,
            false => About::Missing,
        };
        let stand = || standing.stand(&inspected, &selected, about, &cancel);
        let stood = interruptible(context, &cancel, stand)?;
        without_base = stood.failed;
        (on_stable, selected, bases) = (stood.inspection, stood.selected, stood.bases);
        inspection = &on_stable;
        place = place.development(context);
    }
    let registry = machine.registry(&place.destination)?;

    let asked = Instant::now();
    let force = if typed.force { selected.clone() } else { BTreeSet::new() };
    let verdicts = verdicts(inspection, place.records.store(), Some(&*registry), &selected, &force)?;
    place.records.say_outage(context.console);
    let mode = if typed.dry_run { Mode::DryRun } else { Mode::Run };
    let time = milliseconds(inspected_in + asked.elapsed());
    let plan = Summary::of_plan(mode, place.destination.slug(), inspection, &verdicts, &selected, time)
        .with_broken(&broken)
        .standing_on(inspection, &bases);
    let reporter = Reporter::new(context.console, &inspection.graph, &plan);
    reporter.planned(&plan);
    if typed.dry_run {
        if typed.json {
            context.console.result(&plan.json());
        }
        return Ok(if broken.is_empty() { Exit::Done } else { Exit::Usage });
    }

    let building = Instant::now();
    let caches = machine.caches(typed.cache.as_deref())?;
    let job = Job { context, place: &place, machine: &machine, registry: &*registry, caches, options };
    job.follow(inspection, &verdicts, &selected)?;
    let build = || job.build(inspection, &verdicts, &selected, &reporter, &cancel);
    let outcomes = interruptible(context, &cancel, build)?;
    let time = plan.milliseconds + milliseconds(building.elapsed());
    let summary = plan.with_outcomes(inspection, &outcomes, time);
    if typed.json {
        context.console.result(&summary.json());
    } else if !context.console.results_are_read_by_people() {
        results(&summary).iter().for_each(|line| context.console.result(line));
    }
    reporter.finished(&summary, cancel.is_cancelled());
    Ok(match exit(&outcomes) {
        _ if cancel.is_cancelled() => Exit::Interrupted,
        Exit::Done | Exit::Environment if !broken.is_empty() => Exit::Usage,
        Exit::Done if without_base => Exit::Failed,
        exit => exit,
    })
}

/// What is left to say when no image that was asked for can be planned, or the first failure is to end it all.
fn nothing_started(
    context: &Context<'_>,
    typed: &Build,
    inspection: &Inspection,
    broken: &[(&Broken, bool)],
) -> Result<Exit, CliError> {
    if typed.json {
        let place = Place::new(context, &typed.place, running_sandbox(&typed.place)?.as_ref())?;
        let mode = if typed.dry_run { Mode::DryRun } else { Mode::Run };
        let slug = place.destination.slug();
        let plan = Summary::of_plan(mode, slug, inspection, &[], &BTreeSet::new(), 0).with_broken(broken);
        let summary = if typed.dry_run { plan } else { plan.with_outcomes(inspection, &[], 0) };
        context.console.result(&summary.json());
    }
    Ok(Exit::Usage)
}

fn interruptible<A>(context: &Context<'_>, cancel: &Cancel, work: impl FnOnce() -> A) -> A {
    if context.signals { interrupt::during(context.console, cancel, BUILDS, work) } else { work() }
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
pub fn exit(outcomes: &[Option<Outcome>]) -> Exit {
    let failures = outcomes.iter().flatten().filter_map(|outcome| match outcome {
        Outcome::Failed(failure) => Some(match failure {
            Failure::Declaration(_) | Failure::NotAssembled(_) => Exit::Usage,
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
