//! `dev`: Lambdas on this machine, up to date with every save. Wires the loop with its engine, builder and console; the loop
//! itself is `layerwise-dev`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use layerwise::graph::Graph;
use layerwise::image::Kind;
use layerwise::image_ref::ImageRef;
use layerwise::inspect::{Inspection, Problem, inspect_only};
use layerwise::process::Cancel;
use layerwise::run::Outcome;
use layerwise_dev::{Containers, Host, Key, Options, Session, Told};

use crate::args::Dev;
use crate::building::Job;
use crate::context::{Context, select};
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt;
use crate::local::Local;
use crate::telling;
use crate::terminal::Keys;

pub fn run(context: &Context<'_>, typed: &Dev) -> Result<Exit, CliError> {
    let labels = lambdas(&context.graph()?, &typed.names)?;
    let chosen: Vec<String> = labels.iter().map(|(label, _)| label.clone()).collect();
    let inspection = context.inspect_only(&chosen)?;
    let all = inspection.graph.targets.iter().enumerate();
    let number = |label: &String| labels.iter().find(|(own, _)| own == label).map(|(_, number)| *number);
    let places: Vec<_> = all.filter_map(|(place, target)| Some((place, number(&target.label)?))).collect();
    let local = Local::new(context, &typed.place)?;
    let containers = Containers::connect(&local.endpoint, &context.root)?;
    let labels = places.iter().map(|(place, _)| inspection.graph.targets[*place].label.chars().count());
    let host = Here { context, chosen: &chosen, job: local.job(context), width: labels.max().unwrap_or(0) };
    let work = context.work();
    let options = Options {
        root: &context.root,
        work: &work,
        places,
        port: typed.port,
        // Cargo says so to whatever it runs.
        declarations: context.env.path("CARGO_MANIFEST_DIR"),
    };

    let session = Session::default();
    let cancel = Cancel::default();
    let (keys, control) = (session.control(), session.control());
    let _keys = Keys::listen(move |key| {
        if let Some(key) = meaning(key) {
            keys.press(key);
        }
    });
    let work = || session.run(&options, inspection, &containers, &host, &cancel);
    if !context.signals {
        work()?;
        return Ok(Exit::Done);
    }
    let interrupted = AtomicBool::new(false);
    let quit = || {
        interrupted.store(true, Ordering::Relaxed);
        control.press(Key::Quit);
    };
    interrupt::during_with(context.console, &cancel, "the functions", &quit, work)?;
    Ok(if interrupted.into_inner() { Exit::Interrupted } else { Exit::Done })
}

fn meaning(key: u8) -> Option<Key> {
    Some(match key.to_ascii_lowercase() {
        b'r' => Key::Restart,
        b'b' => Key::Build,
        b'i' => Key::Invoke,
        b'q' => Key::Quit,
        _ => return None,
    })
}

/// The labels of the chosen Lambdas, each with its number among all Lambdas, from 1: its port stays the same whatever
/// else is chosen.
fn lambdas(graph: &Graph, names: &[String]) -> Result<Vec<(String, u16)>, CliError> {
    let chosen = select(graph, names)?;
    let all = graph.targets.iter().enumerate().filter(|(_, target)| target.image.kind == Kind::Lambda);
    let chosen = all.zip(1..).filter(|((place, _), _)| chosen.contains(place));
    let labels: Vec<_> = chosen.map(|((_, target), number)| (target.label.clone(), number)).collect();
    match labels.is_empty() {
        true => Err(CliError::NotALambda { name: names.join(" ") }),
        false => Ok(labels),
    }
}

/// Looks, builds and prints for the loop.
struct Here<'a> {
    context: &'a Context<'a>,
    /// The labels of the chosen Lambdas: what is wrong with others does not matter.
    chosen: &'a [String],
    job: Job<'a>,
    /// The width of the column of names.
    width: usize,
}

impl Host for Here<'_> {
    fn inspect(&self) -> Result<Inspection, Vec<Problem>> {
        inspect_only(&self.context.root, self.context.images, self.chosen).and_then(Inspection::whole)
    }

    fn build(
        &self,
        inspection: &Inspection,
        places: &BTreeSet<usize>,
        cancel: &Cancel,
    ) -> BTreeMap<usize, ImageRef> {
        let outcomes = self.job.ensure(inspection, places, cancel).unwrap_or_else(|error| {
            error.report(self.context.console);
            Vec::new()
        });
        let built = places.iter().filter_map(|&place| match outcomes.get(place)? {
            Some(Outcome::Fresh(product) | Outcome::Built(product)) => {
                Some((place, product.reference.clone()))
            }
            _ => None,
        });
        built.collect()
    }

    fn tell(&self, told: Told<'_>) {
        telling::tell(self.context.console, self.width, &told);
    }
}
