//! `sam`: a `template.yaml` of the Lambdas for AWS's SAM CLI. Never overwrites a template that somebody wrote by hand.

use std::io;

use camino::Utf8PathBuf;
use fs_err as fs;
use layerwise::destination::Destination;
use layerwise::fs::write_if_different;
use layerwise::image::Kind;
use layerwise::image_ref::ImageRef;
use layerwise_dev::{Function, find_samples, sam};

use crate::args::Sam;
use crate::console::Tone;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::standing;
use crate::wording;

pub fn run(context: &Context<'_>, typed: &Sam) -> Result<Exit, CliError> {
    let standing = standing::asked(context, &typed.stable)?.is_some();
    let destination = if standing { Destination::Development } else { Destination::Local };
    let functions = functions(context, &destination)?;
    let text = sam::template(&functions);
    let path = context.root.join(&typed.output);
    let file = |doing: &'static str| {
        let path = path.clone();
        move |cause| CliError::File { doing, path, cause }
    };
    let there = match fs::read_to_string(&path) {
        Ok(there) => Some(there),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(file("read")(error)),
    };
    if typed.check {
        let drift = match there {
            Some(there) if there == text => None,
            Some(_) => Some(format!("{}: differs", typed.output)),
            None => Some(format!("{}: missing", typed.output)),
        };
        if let Some(drift) = drift {
            return Err(CliError::Drift { files: vec![drift], command: "sam" });
        }
    } else {
        if there.is_some_and(|there| !there.starts_with(sam::HEADER)) {
            return Err(CliError::NotOurs { path: typed.output.clone() });
        }
        write_if_different(&path, text.as_bytes()).map_err(file("write"))?;
    }
    let verb = if typed.check { "Checked" } else { "Generated" };
    let message = format!("{} with {}", typed.output, wording::count(functions.len(), "function"));
    context.console.status(Tone::Good, verb, &message);
    Ok(Exit::Done)
}

/// Every function of every Lambda image; an image that names none is one.
fn functions(
    context: &Context<'_>,
    destination: &Destination,
) -> Result<Vec<(Function, Option<Utf8PathBuf>)>, CliError> {
    let inspection = context.inspect()?;
    let word = destination.readable_word().unwrap_or_default();
    let mut functions = Vec::new();
    for (target, inspected) in inspection.graph.targets.iter().zip(&inspection.targets) {
        if target.image.kind != Kind::Lambda {
            continue;
        }
        let function = Function::of(target, ImageRef::parse(&target.readable_as(word))?);
        // Without samples there is nothing to show.
        let samples = find_samples(&context.root, target, inspected).unwrap_or_default();
        let event = samples.into_iter().next().map(|sample| sample.event);
        let event = event.map(|path| path.strip_prefix(&context.root).map_or(path.clone(), Into::into));
        let names = match target.image.functions.as_slice() {
            [] => std::slice::from_ref(&target.label),
            names => names,
        };
        for name in names {
            functions.push((Function { name: name.clone(), ..function.clone() }, event.clone()));
        }
    }
    Ok(functions)
}
