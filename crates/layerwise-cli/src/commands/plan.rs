//! `plan`: which images are fresh or stale, why, and what building them costs. Writes nothing, builds nothing.

use std::collections::BTreeSet;
use std::time::Instant;

use layerwise::process::Cancel;
use layerwise::run::{Assemble, Options};
use layerwise::verdicts::verdicts;

use crate::args::Plan;
use crate::context::{Context, select_all};
use crate::error::CliError;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::reporter;
use crate::standing::{self, About, Standing};
use crate::summary::{ImageSummary, Layers, Mode, Summary};
use crate::wiring::{Place, running_sandbox};
use crate::wording;

pub fn run(context: &Context<'_>, typed: &Plan) -> Result<Exit, CliError> {
    let begun = Instant::now();
    let naming = standing::asked(context, &typed.stable)?;
    match naming {
        Some(_) if typed.offline => return Err(CliError::StaticOffline),
        Some(_) if typed.place.push => return Err(CliError::StaticPush),
        _ => {}
    }
    let inspected = context.inspect()?;
    let selection = select_all(&inspected, &typed.images)?;
    let mut selected = selection.places;
    let sandbox = running_sandbox(&typed.place)?;
    let mut place = Place::new(context, &typed.place, sandbox.as_ref())?;
    let machine = Machine::new(context, &place, None, sandbox);
    let mut bases = Vec::new();
    let on_stable;
    let mut inspection = &inspected;
    if let Some(naming) = naming {
        let options = Options { jobs: 1, fail_fast: false, no_cache: false, assemble: Assemble::Auto };
        let standing = Standing { context, place: &place, machine: &machine, naming, options };
        let stood = standing.stand(&inspected, &selected, About::Look, &Cancel::default())?;
        (on_stable, selected, bases) = (stood.inspection, stood.selected, stood.bases);
        inspection = &on_stable;
        place = place.development(context);
    }
    let registry = match typed.offline {
        // Nobody has to be asked about images that cannot be read.
        _ if selected.is_empty() => None,
        true => None,
        false => Some(machine.registry(&place.destination)?),
    };
    let verdicts =
        verdicts(inspection, place.records.store(), registry.as_deref(), &selected, &BTreeSet::new())?;
    place.records.say_outage(context.console);
    let time = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let summary =
        Summary::of_plan(Mode::Plan, place.destination.slug(), inspection, &verdicts, &selected, time)
            .with_broken(&selection.broken)
            .standing_on(inspection, &bases);
    reporter::unlocked(context.console, &inspected.unlocked);
    reporter::broken(context.console, &selection.broken);
    if typed.json {
        context.console.result(&summary.json());
    } else {
        show(context, &summary);
    }
    Ok(if selection.broken.is_empty() { Exit::Done } else { Exit::Usage })
}

/// One line for each image on stdout, the counts on stderr.
fn show(context: &Context<'_>, summary: &Summary) {
    reporter::planned(context.console, summary);
    let layers: Vec<String> = summary.images.iter().map(layers).collect();
    let labels = summary.images.iter().map(|image| image.label.chars().count()).max().unwrap_or(0);
    let words = summary.images.iter().map(|image| image.verdict.len()).max().unwrap_or(0);
    let width = layers.iter().map(String::len).max().unwrap_or(0);
    for (image, layers) in summary.images.iter().zip(layers) {
        let ImageSummary { verdict, label, .. } = image;
        let reason = match (&image.reason, &image.because) {
            (Some(reason), _) => wording::reason(reason),
            (None, Some(because)) => format!("because {because} is broken"),
            (None, None) => {
                image.problems.iter().map(|problem| without(problem, label)).collect::<Vec<_>>().join("; ")
            }
        };
        // Of a base it goes without saying.
        let maker = image.maker.as_ref().filter(|_| image.reason.is_some() && !image.is_base());
        let maker = maker.map(|maker| format!(" ({maker})")).unwrap_or_default();
        let line = format!("{verdict:words$}  {label:labels$}  {layers:width$}  {reason}{maker}");
        context.console.result(line.trim_end());
    }
}

/// What building an image costs.
fn layers(image: &ImageSummary) -> String {
    match (&image.reason, &image.layers) {
        (None, _) | (_, None) => String::new(),
        (Some(_), Some(Layers { total, rebuilt: Some(rebuilt) })) => {
            format!("{rebuilt} of {} to build", wording::count(*total, "layer"))
        }
        (Some(_), Some(Layers { rebuilt: None, .. })) => "layers as cached".to_owned(),
    }
}

/// A problem's text behind its image's own label.
fn without<'a>(problem: &'a str, label: &str) -> &'a str {
    problem.strip_prefix(label).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(problem)
}
