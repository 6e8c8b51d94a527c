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
use layerwise_dev::{Chosen, Containers, End, Host, Key, Made, Options, Session, Told};

use crate::again::Program;
use crate::args::Dev;
use crate::console::{Tone, plain};
use crate::context::{Context, select};
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt;
use crate::local::Local;
use crate::standing::{self, About, Standing};
use crate::telling;
use crate::terminal::Keys;

pub fn run(context: &Context<'_>, typed: &Dev) -> Result<Exit, CliError> {
    let naming = standing::naming(context, &typed.bases.stable)?;
    let graph = context.graph()?;
    let labels = lambdas(&graph, &typed.names)?;
    let debugged = match typed.debug.as_slice() {
        [] => Vec::new(),
        names => lambdas(&graph, names)?.into_iter().map(|(label, _)| label).collect(),
    };
    if let Some(other) = debugged.iter().find(|label| labels.iter().all(|(chosen, _)| chosen != *label)) {
        return Err(CliError::NotServed { name: other.clone() });
    }
    let only: Vec<String> = labels.iter().map(|(label, _)| label.clone()).collect();
    let inspection = context.inspect_only(&only)?;
    let all = inspection.graph.targets.iter().enumerate();
    let number = |label: &String| labels.iter().find(|(own, _)| own == label).map(|(_, number)| *number);
    let places: Vec<_> = all.filter_map(|(place, target)| Some((place, number(&target.label)?))).collect();
    let local = Local::new(context, &typed.place)?;
    let containers = Containers::connect(&local.endpoint, &context.root)?;
    let width = only.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let chosen = places.iter().map(|&(place, number)| {
        let base = standing::base_of(&inspection, &naming, place);
        let label = &inspection.graph.targets[place].label;
        let debug = debugged.iter().position(|debugged| debugged == label);
        let debug = debug.and_then(|later| u16::try_from(later).ok()).map(|later| match typed.debug_port {
            0 => 0,
            first => first.saturating_add(later),
        });
        Chosen { place, number, base, debug }
    });
    let chosen = chosen.collect();
    let host = Here { context, chosen: &only, standing: local.standing(context, naming), width };
    let work = context.work();
    let options = Options {
        root: &context.root,
        work: &work,
        chosen,
        rebuild_bases: typed.bases.rebuild_bases,
        port: typed.port,
        // Cargo says so to whatever it runs.
        declarations: context.env.path("CARGO_MANIFEST_DIR"),
    };

    let session = Session::default();
    let cancel = Cancel::default();
    let (keys, control) = (session.control(), session.control());
    let terminal = Keys::listen(move |key| {
        if let Some(key) = meaning(key) {
            keys.press(key);
        }
    });
    let program = Program::this()?;
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
    let end = interrupt::during_with(context.console, &cancel, "the functions", &quit, work)?;
    if end == End::Again {
        drop(terminal);
        return Err(program.again());
    }
    Ok(if interrupted.into_inner() { Exit::Interrupted } else { Exit::Done })
}

fn meaning(key: u8) -> Option<Key> {
    Some(match key.to_ascii_lowercase() {
        b'r' => Key::Restart,
        b'b' => Key::Build,
        b'i' => Key::Invoke,
        b'd' => Key::Renew,
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
    standing: Standing<'a>,
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
        rebuild_bases: bool,
        cancel: &Cancel,
    ) -> BTreeMap<usize, Made> {
        let about = if rebuild_bases { About::Rebuild } else { About::Missing };
        let (outcomes, stood) = match self.standing.ensure(inspection, places, about, cancel) {
            Ok(ensured) => ensured,
            Err(error) => {
                error.report(self.context.console);
                return BTreeMap::new();
            }
        };
        let label = |place: usize| inspection.graph.targets[place].label.clone();
        let bases = |place: usize| {
            let own: Vec<usize> = inspection.graph.parents(place).collect();
            let below = stood.bases.iter().filter(|base| own.contains(&base.place));
            let made_of = below.flat_map(|base| &base.made_of);
            made_of.map(|(place, ingredients)| (label(*place), ingredients.clone())).collect()
        };
        let built = places.iter().filter_map(|&place| match outcomes.get(place)? {
            Some(outcome @ (Outcome::Fresh(product) | Outcome::Built(product))) => {
                let (image, fresh) = (product.reference.clone(), matches!(outcome, Outcome::Fresh(_)));
                Some((place, Made { image, fresh, bases: bases(place) }))
            }
            _ => None,
        });
        built.collect()
    }

    fn debugger(&self, inspection: &Inspection, place: usize, cancel: &Cancel) -> Option<ImageRef> {
        self.standing.debugger(inspection, place, cancel).unwrap_or_else(|error| {
            error.report(self.context.console);
            None
        })
    }

    fn compile(&self, cancel: &Cancel) -> bool {
        self.context.console.status(Tone::Busy, "Compiling", "the declarations");
        match Program::this().map(|program| program.compile(self.context, cancel)) {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                self.context.console.error("the declarations cannot be compiled; what runs stays as it is");
                error.to_string().lines().for_each(|line| self.context.console.evidence(&plain(line)));
                false
            }
            Err(error) => {
                error.report(self.context.console);
                false
            }
        }
    }

    fn tell(&self, told: Told<'_>) {
        telling::tell(self.context.console, self.width, &told);
    }
}
