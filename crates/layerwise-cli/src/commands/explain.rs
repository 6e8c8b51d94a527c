//! `explain IMAGE`: everything that the image's fingerprint is made of, and what is different from the nearest build.
//! Asks neither engine nor registry.

use layerwise::difference::{Change, difference};
use layerwise::fingerprint::{Ingredients, ParentIngredient};
use layerwise::inputs::Entry;
use layerwise::inspect::Inspection;
use layerwise::layer::LayerClass;
use layerwise::record::Head;
use layerwise::store::{Lookup, RecordStore, StoreError};
use serde::Serialize;

use crate::args::Explain;
use crate::context::{Context, select_all};
use crate::error::CliError;
use crate::exit::Exit;
use crate::reporter;
use crate::summary::{self, Maker, SCHEMA};
use crate::wiring::{Place, running_sandbox};

/// How many earlier builds are compared.
const NEAREST: usize = 16;

/// The JSON form.
#[derive(Serialize)]
struct Explanation<'a> {
    schema: u32,
    label: &'a str,
    fingerprint: layerwise::digest::Digest,
    /// The build from exactly these inputs, or else the nearest.
    record: Option<Head>,
    /// What is different from that build; empty for the build itself.
    changes: Vec<Change>,
    /// Who would make it.
    maker: Maker,
    ingredients: &'a Ingredients,
}

pub fn run(context: &Context<'_>, typed: &Explain) -> Result<Exit, CliError> {
    let place = Place::new(context, &typed.place, running_sandbox(&typed.place)?.as_ref())?;
    let inspection = context.inspect()?;
    let selection = select_all(&inspection, std::slice::from_ref(&typed.image))?;
    for target in selection.places {
        let explanation = explain(&inspection, target, place.records.store())?;
        place.records.say_outage(context.console);
        let text = if typed.json { summary::json(&explanation) } else { explanation.text(context) };
        context.console.result(text.trim_end());
    }
    reporter::broken(context.console, &selection.broken);
    Ok(if selection.broken.is_empty() { Exit::Done } else { Exit::Usage })
}

fn explain<'a>(
    inspection: &'a Inspection,
    place: usize,
    store: &dyn RecordStore,
) -> Result<Explanation<'a>, StoreError> {
    let (target, inspected) = (&inspection.graph.targets[place], &inspection.targets[place]);
    let (record, changes) = match store.get(&inspection.key(place))? {
        Lookup::Found(record) => (Some(record.head), Vec::new()),
        Lookup::Absent | Lookup::Unusable(_) => {
            let records = store.recent(&target.name, target.platform, NEAREST)?;
            let compared = records.into_iter().filter_map(|record| {
                let changes = difference(&record.ingredients().ok()?, &inspected.ingredients);
                Some((record.head, changes))
            });
            let nearest = compared.min_by_key(|(_, changes)| changes.len());
            nearest.map_or((None, Vec::new()), |(head, changes)| (Some(head), changes))
        }
    };
    Ok(Explanation {
        schema: SCHEMA,
        label: &target.label,
        fingerprint: inspected.fingerprint,
        record,
        changes,
        maker: Maker::of(&target.image, &inspected.dockerfile),
        ingredients: &inspected.ingredients,
    })
}

impl Explanation<'_> {
    fn text(&self, context: &Context<'_>) -> String {
        let strong = |text: &str| context.console.strong(text);
        let Ingredients { schema, platform, frontend, target, parents, classes } = self.ingredients;
        let mut text = format!("{}  {platform}\n", strong(self.label));
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            text.push_str(&format!("  {name:<12} {value}\n"));
        };
        line("fingerprint", &self.fingerprint);
        line("rules", schema);
        for (name, value) in [("frontend", frontend), ("stage", target)] {
            value.iter().for_each(|value| line(name, value));
        }
        for parent in parents {
            match parent {
                ParentIngredient::External(reference) | ParentIngredient::Stable { reference, .. } => {
                    line("parent", reference);
                }
                ParentIngredient::Ours { name, fingerprint } => {
                    line("parent", &format!("{name} {fingerprint}"));
                }
            }
        }
        line("made by", &self.maker);
        match &self.record {
            None => line("built", &"never"),
            Some(head) => {
                line("built", &format!("{}@{}", head.reference, head.digest));
                head.author.iter().for_each(|author| line("by", author));
            }
        }
        text.push_str(&self.differences(strong));
        for class in LayerClass::ALL {
            let Some(ingredients) = classes.get(&class) else { continue };
            text.push_str(&format!("\n{}\n", strong(class.as_str())));
            for instruction in &ingredients.instructions {
                text.push_str(&format!("  {}\n", instruction.replace('\n', "\n  ")));
            }
            for (path, entry) in &ingredients.files {
                text.push_str(&format!("  {:<14} {path}{}\n", content(entry), note(entry)));
            }
        }
        text
    }

    fn differences(&self, strong: impl Fn(&str) -> String) -> String {
        if self.changes.is_empty() {
            return String::new();
        }
        let mut text = format!("\n{}\n", strong("changes since that build"));
        for change in &self.changes {
            text.push_str(&format!("  {:<14} {}\n", change.class, change.what));
        }
        text
    }
}

fn content(entry: &Entry) -> String {
    match entry {
        Entry::File { digest, .. } => digest.short(),
        Entry::Link { .. } => "link".to_owned(),
        Entry::Folder => "folder".to_owned(),
    }
}

fn note(entry: &Entry) -> String {
    match entry {
        Entry::File { executable: true, .. } => " (executable)".to_owned(),
        Entry::Link { target } => format!(" -> {target}"),
        Entry::File { .. } | Entry::Folder => String::new(),
    }
}
