//! `build-lambdas`: plans, builds what is stale, and reports. Decides nothing about images; the engine does.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use layerwise::builder::BuildError;
use layerwise::event::Failure;
use layerwise::process::Cancel;
use layerwise::run::{Options, Outcome};
use layerwise::verdicts::verdicts;
use layerwise_sandbox::UpOptions;

use crate::args::Build;
use crate::building::{BUILDS, Job, default_jobs};
use crate::commands::sandbox;
use crate::context::{Context, select};
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt;
use crate::machine::Machine;
use crate::reporter::Reporter;
use crate::summary::{Mode, OutcomeSummary, Summary};
use crate::wiring::{Place, running_sandbox};

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
    let verdicts = verdicts(&inspection, place.records.store(), Some(&*registry), &selected, &force)?;
    place.records.say_outage(context.console);
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
    let jobs = typed.jobs.or(place.chosen.jobs).map_or_else(default_jobs, usize::from);
    let options = Options { jobs, fail_fast: typed.fail_fast, no_cache: typed.no_cache };
    let job = Job { context, place: &place, machine: &machine, registry: &*registry, options };
    let cancel = Cancel::default();
    job.follow(&inspection, &verdicts, &selected)?;
    let build = || job.build(&inspection, &verdicts, &selected, &reporter, &cancel);
    let outcomes =
        if context.signals { interrupt::during(context.console, &cancel, BUILDS, build)? } else { build()? };
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
