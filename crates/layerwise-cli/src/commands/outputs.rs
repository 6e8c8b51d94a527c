//! `outputs`: where the pushed images are, pinned by digest, in the words of the tools that deploy them. Builds nothing, and
//! says nothing about an image that is not what the sources are.

use std::collections::BTreeMap;

use layerwise::digest::Digest;
use layerwise::image::Kind;
use layerwise::platform::Platform;
use serde::Serialize;
use serde_json::json;

use super::pinned::pinned;
use crate::args::{OutputFormat, Outputs, Where};
use crate::context::{Context, select};
use crate::error::CliError;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::summary::{self, SCHEMA};
use crate::wiring::{Place, running_sandbox};

/// One image.
#[derive(Serialize)]
struct Output {
    /// `repository@digest`
    image: String,
    /// `repository:tag`
    reference: String,
    digest: Digest,
    platform: Platform,
    functions: Vec<String>,
}

pub fn run(context: &Context<'_>, typed: &Outputs) -> Result<Exit, CliError> {
    let inspection = context.inspect()?;
    let mut selected = select(&inspection.graph, &typed.images)?;
    if typed.images.is_empty() {
        selected.retain(|place| inspection.graph.targets[*place].image.kind != Kind::Base);
    }
    let asked = Where::from(&typed.place);
    let sandbox = running_sandbox(&asked)?;
    let place = Place::new(context, &asked, sandbox.as_ref())?;
    let machine = Machine::new(context, &place, None, sandbox);
    let mut outputs = BTreeMap::new();
    for (place, head) in pinned(context, &inspection, &selected, &place, &machine)? {
        let target = &inspection.graph.targets[place];
        let output = Output {
            image: head.reference.at_digest(head.digest).to_string(),
            reference: head.reference.to_string(),
            digest: head.digest,
            platform: target.platform,
            functions: target.image.functions.clone(),
        };
        outputs.insert(target.label.clone(), output);
    }
    context.console.result(write(typed.format, &outputs).trim_end());
    Ok(Exit::Done)
}

fn write(format: OutputFormat, outputs: &BTreeMap<String, Output>) -> String {
    let images = || outputs.iter().map(|(name, output)| (name, &output.image));
    match format {
        OutputFormat::Json => summary::json(&json!({ "schema": SCHEMA, "images": outputs })),
        OutputFormat::Env => {
            images().map(|(name, image)| format!("{}_IMAGE={image}\n", variable(name))).collect()
        }
        OutputFormat::Tfvars => {
            let lines: String =
                images().map(|(name, image)| format!("  \"{name}\" = \"{image}\"\n")).collect();
            format!("images = {{\n{lines}}}")
        }
        OutputFormat::Pulumi => {
            let lines: String = images().map(|(name, image)| format!("    {name}: {image}\n")).collect();
            format!("config:\n  layerwise:images:\n{lines}")
        }
        OutputFormat::Cdk => {
            let images: BTreeMap<_, _> = images().collect();
            summary::json(&json!({ "context": { "layerwise:images": images } }))
        }
    }
}

/// A name as a variable: `list-pending@arm64` is `LIST_PENDING_ARM64`.
fn variable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    #[test]
    fn every_tool_has_its_words() {
        let output = |name: &str, functions: &[&str]| {
            let digest = Digest::of(name);
            let output = Output {
                image: format!("r.example.com/{name}@{digest}"),
                reference: format!("r.example.com/{name}:sha-1"),
                digest,
                platform: Platform::LinuxArm64,
                functions: functions.iter().map(ToString::to_string).collect(),
            };
            (name.to_owned(), output)
        };
        let outputs = BTreeMap::from([output("ping", &[]), output("poll-lines", &["poll-a", "poll-b"])]);
        let formats = OutputFormat::value_variants().iter();
        let written = formats.map(|format| format!("{format:?}:\n{}", write(*format, &outputs)));
        insta::assert_snapshot!(written.collect::<Vec<_>>().join("\n\n"));
    }
}
