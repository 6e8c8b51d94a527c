//! `plan`: which images are fresh or stale, why, and what building them costs. Writes nothing, builds nothing.

use std::collections::BTreeSet;
use std::time::Instant;

use layerwise::verdicts::verdicts;

use crate::args::Plan;
use crate::context::{Context, select};
use crate::error::CliError;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::reporter;
use crate::summary::{ImageSummary, Mode, Summary};
use crate::wiring::{Place, running_sandbox};
use crate::wording;

pub fn run(context: &Context<'_>, typed: &Plan) -> Result<Exit, CliError> {
    let begun = Instant::now();
    let inspection = context.inspect()?;
    let selected = select(&inspection.graph, &typed.images)?;
    let sandbox = running_sandbox(&typed.place)?;
    let place = Place::new(context, &typed.place, sandbox.as_ref())?;
    let registry = match typed.offline {
        true => None,
        false => Some(Machine::new(context, &place, None, sandbox).registry(&place.destination)?),
    };
    let verdicts =
        verdicts(&inspection, place.records.store(), registry.as_deref(), &selected, &BTreeSet::new())?;
    place.records.say_outage(context.console);
    let time = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let summary =
        Summary::of_plan(Mode::Plan, place.destination.slug(), &inspection, &verdicts, &selected, time);
    if typed.json {
        context.console.result(&summary.json());
    } else {
        show(context, &summary);
    }
    Ok(Exit::Done)
}

/// One line for each image on stdout, the counts on stderr.
fn show(context: &Context<'_>, summary: &Summary) {
    reporter::planned(context.console, summary);
    let layers: Vec<String> = summary.images.iter().map(layers).collect();
    let labels = summary.images.iter().map(|image| image.label.chars().count()).max().unwrap_or(0);
    let width = layers.iter().map(String::len).max().unwrap_or(0);
    for (image, layers) in summary.images.iter().zip(layers) {
        let reason = image.reason.as_ref().map(wording::reason).unwrap_or_default();
        let ImageSummary { verdict, label, .. } = image;
        let line = format!("{verdict}  {label:labels$}  {layers:width$}  {reason}");
        context.console.result(line.trim_end());
    }
}

/// What building an image costs.
fn layers(image: &ImageSummary) -> String {
    let total = image.layers.total;
    match (&image.reason, image.layers.rebuilt) {
        (None, _) => String::new(),
        (Some(_), Some(rebuilt)) => format!("{rebuilt} of {} to build", wording::count(total, "layer")),
        (Some(_), None) => "layers as cached".to_owned(),
    }
}
