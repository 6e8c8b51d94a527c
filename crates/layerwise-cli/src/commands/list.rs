//! `list`: the declared images. Looks at no file.

use layerwise::graph::TargetParent;
use layerwise::name::Name;
use layerwise::platform::Platform;
use serde::Serialize;

use crate::args::List;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::summary::{self, SCHEMA};

/// The JSON form.
#[derive(Serialize)]
struct Listing<'a> {
    schema: u32,
    images: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a Name,
    label: &'a str,
    kind: &'static str,
    platform: Platform,
    parents: Vec<String>,
    functions: &'a [String],
}

pub fn run(context: &Context<'_>, typed: &List) -> Result<Exit, CliError> {
    let graph = context.graph()?;
    let parent = |parent: &TargetParent| match parent {
        TargetParent::External(reference) | TargetParent::Stable { reference, .. } => reference.to_string(),
        TargetParent::Target(place) => graph.targets[*place].label.clone(),
    };
    let entries = graph.targets.iter().map(|target| Entry {
        name: &target.name,
        label: &target.label,
        kind: summary::kind(target.image.kind),
        platform: target.platform,
        parents: target.parents.iter().map(|arg| parent(&arg.parent)).collect(),
        functions: &target.image.functions,
    });
    let images: Vec<Entry<'_>> = entries.collect();
    if typed.json {
        context.console.result(&summary::json(&Listing { schema: SCHEMA, images }));
        return Ok(Exit::Done);
    }
    let width = |of: &dyn Fn(&Entry<'_>) -> usize| images.iter().map(of).max().unwrap_or(0);
    let labels = width(&|entry| entry.label.chars().count());
    let kinds = width(&|entry| entry.kind.len());
    for entry in &images {
        let Entry { label, kind, platform, parents, .. } = entry;
        let parents = parents.join(", ");
        context.console.result(&format!("{label:labels$}  {kind:kinds$}  {platform}  on {parents}"));
    }
    Ok(Exit::Done)
}
