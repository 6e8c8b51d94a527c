//! What changed between two sets of ingredients, by layer class. Pure.

use std::fmt;

use serde::Serialize;

use crate::fingerprint::{ClassIngredients, Ingredients, ParentIngredient};
use crate::inputs::{Entries, Entry};
use crate::layer::LayerClass;

/// One change, in the class where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The class.
    pub class: LayerClass,
    /// What is new, gone or other.
    #[serde(flatten)]
    pub what: What,
}

/// What is new, gone or other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum What {
    /// A file, link or folder that was not there.
    Added {
        /// Its path.
        path: String,
    },
    /// A file, link or folder that is no longer there.
    Removed {
        /// Its path.
        path: String,
    },
    /// A file's bytes or a link's target.
    Edited {
        /// Its path.
        path: String,
    },
    /// A file's executable bit.
    Mode {
        /// Its path.
        path: String,
        /// The bit now.
        executable: bool,
    },
    /// A file became a link, or the like.
    Kind {
        /// Its path.
        path: String,
    },
    /// An instruction that was not there.
    InstructionAdded {
        /// Its text.
        instruction: String,
    },
    /// An instruction that is no longer there.
    InstructionRemoved {
        /// Its text.
        instruction: String,
    },
    /// The same instructions in another order.
    Reordered,
    /// A base of ours has other content.
    Parent {
        /// Its name.
        name: String,
    },
    /// The image stands on something else.
    OtherParent {
        /// What it stands on now.
        now: String,
        /// What it stood on.
        before: String,
    },
    /// The build target or the frontend.
    Setting {
        /// Which.
        name: &'static str,
        /// Its value now.
        now: String,
    },
    /// Layerwise's own rules.
    Schema {
        /// The version of the rules now.
        now: u32,
        /// The version that the record was made with.
        before: u32,
    },
}

/// Everything that is different in `now` from `before`, class by class.
#[must_use]
pub fn difference(before: &Ingredients, now: &Ingredients) -> Vec<Change> {
    // Named one by one, so that a new ingredient is a compile error here until somebody says how it is shown.
    let Ingredients { schema, platform: _, frontend, target, parents, classes } = now;
    let mut changes = Vec::new();
    let mut base = |what| changes.push(Change { class: LayerClass::Base, what });
    if *schema != before.schema {
        base(What::Schema { now: *schema, before: before.schema });
    }
    for (name, now, before) in [("frontend", frontend, &before.frontend), ("target", target, &before.target)]
    {
        if now != before {
            base(What::Setting { name, now: now.clone().unwrap_or_else(|| "(default)".to_owned()) });
        }
    }
    for place in 0..parents.len().max(before.parents.len()) {
        match (parents.get(place), before.parents.get(place)) {
            (now, before) if now == before => {}
            (Some(ParentIngredient::Ours { name, .. }), Some(ParentIngredient::Ours { name: other, .. }))
                if name == other =>
            {
                base(What::Parent { name: name.to_string() });
            }
            (
                Some(ParentIngredient::Stable { reference, .. }),
                Some(ParentIngredient::Stable { reference: other, .. }),
            ) if reference == other => base(What::Parent { name: reference.clone() }),
            (now, before) => base(What::OtherParent { now: parent_text(now), before: parent_text(before) }),
        }
    }
    let nothing = ClassIngredients::default();
    for class in LayerClass::ALL {
        let now = classes.get(&class).unwrap_or(&nothing);
        let before = before.classes.get(&class).unwrap_or(&nothing);
        changes
            .extend(instructions(&before.instructions, &now.instructions).map(|what| Change { class, what }));
        changes.extend(files(&before.files, &now.files).map(|what| Change { class, what }));
    }
    changes
}

fn parent_text(parent: Option<&ParentIngredient>) -> String {
    match parent {
        None => "nothing".to_owned(),
        Some(ParentIngredient::External(reference) | ParentIngredient::Stable { reference, .. }) => {
            reference.clone()
        }
        Some(ParentIngredient::Ours { name, .. }) => name.to_string(),
    }
}

fn instructions(before: &[String], now: &[String]) -> impl Iterator<Item = What> {
    let missing = |from: &[String], other: &[String]| -> Vec<String> {
        from.iter().filter(|text| !other.contains(text)).cloned().collect()
    };
    let removed = missing(before, now);
    let added = missing(now, before);
    let reordered = (removed.is_empty() && added.is_empty() && before != now).then_some(What::Reordered);
    removed
        .into_iter()
        .map(|instruction| What::InstructionRemoved { instruction })
        .chain(added.into_iter().map(|instruction| What::InstructionAdded { instruction }))
        .chain(reordered)
}

fn files<'a>(before: &'a Entries, now: &'a Entries) -> impl Iterator<Item = What> + 'a {
    let paths: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
    paths.into_iter().filter_map(move |path| {
        let text = path.to_string();
        Some(match (before.get(path), now.get(path)) {
            (before, now) if before == now => return None,
            (None, _) => What::Added { path: text },
            (_, None) => What::Removed { path: text },
            (Some(Entry::File { digest: old, .. }), Some(Entry::File { digest, executable }))
                if old == digest =>
            {
                What::Mode { path: text, executable: *executable }
            }
            (Some(Entry::File { .. }), Some(Entry::File { .. }))
            | (Some(Entry::Link { .. }), Some(Entry::Link { .. })) => What::Edited { path: text },
            _ => What::Kind { path: text },
        })
    })
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { path } => write!(f, "+ {path}"),
            Self::Removed { path } => write!(f, "- {path}"),
            Self::Edited { path } => f.write_str(path),
            Self::Mode { path, executable: true } => write!(f, "{path} (now executable)"),
            Self::Mode { path, executable: false } => write!(f, "{path} (no longer executable)"),
            Self::Kind { path } => write!(f, "{path} (another kind of file)"),
            Self::InstructionAdded { instruction } => write!(f, "+ {}", one_line(instruction)),
            Self::InstructionRemoved { instruction } => write!(f, "- {}", one_line(instruction)),
            Self::Reordered => f.write_str("instructions in another order"),
            Self::Parent { name } => write!(f, "{name} changed"),
            Self::OtherParent { now, before } => write!(f, "{before} -> {now}"),
            Self::Setting { name, now } => write!(f, "{name}: {now}"),
            Self::Schema { now, before } => write!(f, "fingerprint rules {before} -> {now}"),
        }
    }
}

/// An instruction without its mounts and line breaks: what a reader recognises.
fn one_line(instruction: &str) -> String {
    let words: Vec<&str> = instruction
        .split_whitespace()
        .filter(|word| *word != "\\" && !word.starts_with("--mount="))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::record::tests::ingredients;
    use crate::repo_path::RepoPath;

    fn with_files(files: &[(&str, Entry)]) -> Ingredients {
        let mut all = ingredients("CMD 1");
        let class = all.classes.entry(LayerClass::Handler).or_default();
        class.files =
            files.iter().map(|(path, entry)| (RepoPath::new(path).unwrap(), entry.clone())).collect();
        all
    }

    fn file(text: &str) -> Entry {
        Entry::File { digest: Digest::of(text), executable: false }
    }

    #[track_caller]
    fn texts(before: &Ingredients, now: &Ingredients) -> Vec<String> {
        difference(before, now).iter().map(|change| format!("{}: {}", change.class, change.what)).collect()
    }

    #[test]
    fn equal_ingredients_have_no_difference() {
        let all = with_files(&[("a", file("1"))]);
        assert_eq!(texts(&all, &all), [""; 0]);
    }

    #[test]
    fn every_kind_of_change_to_files_has_its_words() {
        let executable = Entry::File { digest: Digest::of("m"), executable: true };
        let before = with_files(&[
            ("edited", file("1")),
            ("gone", file("1")),
            ("kind", file("1")),
            ("link", Entry::Link { target: "a".into() }),
            ("mode", file("m")),
        ]);
        let now = with_files(&[
            ("edited", file("2")),
            ("kind", Entry::Folder),
            ("link", Entry::Link { target: "b".into() }),
            ("mode", executable),
            ("new", file("1")),
        ]);
        assert_eq!(
            texts(&before, &now),
            [
                "handler: edited",
                "handler: - gone",
                "handler: kind (another kind of file)",
                "handler: link",
                "handler: mode (now executable)",
                "handler: + new",
            ]
        );
    }

    #[test]
    fn parents_settings_and_order() {
        let mut before = ingredients("CMD 1");
        let mut now = before.clone();
        let ours = |text: &str| ParentIngredient::Ours {
            name: crate::name::Name::new("base").unwrap(),
            fingerprint: Digest::of(text),
        };
        before.parents = vec![ours("1"), ParentIngredient::External("python:3.12".into())];
        now.parents = vec![ours("2"), ParentIngredient::External("python:3.13".into())];
        now.target = Some("tested".into());
        let class = |order: [&str; 2]| ClassIngredients {
            instructions: order.map(str::to_owned).to_vec(),
            ..ClassIngredients::default()
        };
        before.classes.insert(LayerClass::System, class(["RUN a", "RUN b"]));
        now.classes.insert(LayerClass::System, class(["RUN b", "RUN a"]));
        assert_eq!(
            texts(&before, &now),
            [
                "base: target: tested",
                "base: base changed",
                "base: python:3.12 -> python:3.13",
                "system: instructions in another order",
            ]
        );
    }

    #[test]
    fn instructions_are_shown_without_mounts_and_line_breaks() {
        let text = "RUN --mount=type=cache,target=/x \\\n    pip install \\\n        a";
        assert_eq!(one_line(text), "RUN pip install a");
    }
}
