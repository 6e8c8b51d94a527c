//! What Layerwise says of a step, held against what the builder made of it. Pure.
//!
//! Let `c` be the first layer class that the difference names, and `p` the first place at which the two stacks of
//! layers differ. True, and checked for every pair of images:
//!
//! 1. Equal fingerprints mean equal files and an equal configuration.
//! 2. `c` is not after the class of the layer at `p`: everything before `c` was the same and came out the same.
//! 3. Whatever is named before that class, or named although nothing differs at all, is of one of the kinds of
//!    [`Excuse`]: each of them is a true change of an input that this time does not show in the image.

use std::collections::BTreeSet;
use std::fmt;

use layerwise::difference::{Change, What, difference};
use layerwise::digest::Digest;
use layerwise::dockerfile::{Dockerfile, Stage};
use layerwise::fingerprint::Ingredients;
use layerwise::inputs::{Entry, Source};
use layerwise::layer::LayerClass;

use super::image::Image;

/// Why something is built again although nothing comes of it. Each is a change of something that an image reads; that
/// the result is the same can be known only by building it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excuse {
    /// An instruction says the same in other words, or something that has no effect: a build argument that no command
    /// uses, a command with the same result, a variable with the value that the parent gives it already.
    OtherWords,
    /// The parent changed in something that the image itself says anew, such as its command.
    ParentOverruled,
    /// A stage changed of which the image takes nothing, or not that.
    UntakenStage,
    /// A source has another path in the repository and the same one in the image.
    MovedSource,
    /// A declared path leads over a link. The link's text counts; the image holds only the file at its end.
    LinkOnTheWay,
    /// A layer is another one, but a later layer puts the same over it.
    Overlaid,
}

/// What a comparison comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Same fingerprint, same image.
    Hit,
    /// Another fingerprint, another image; with what was named besides.
    Miss(BTreeSet<Excuse>),
    /// Another fingerprint, the same image, and why that had to be.
    Needless(BTreeSet<Excuse>),
    /// What must not be.
    Fault(Fault),
}

/// What must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Same fingerprint, another image.
    WrongHit,
    /// Another fingerprint, the same image, without a known reason.
    NeedlessMiss,
    /// The named class lies after the first layer that differs.
    ClassTooLate,
    /// A class is named in which nothing differs, without a known reason.
    ClassTooEarly,
    /// The image has other layers than the Dockerfile says.
    Layers,
}

/// One image after one step: what Layerwise says of it.
#[derive(Debug, Clone)]
pub struct Said {
    /// Its fingerprint's ingredients.
    pub ingredients: Ingredients,
    /// Its fingerprint.
    pub fingerprint: Digest,
    /// The classes of its own layers, the lowest first.
    pub classes: Vec<LayerClass>,
    /// The classes in which changes of the stages are named that it stands on.
    pub below: BTreeSet<LayerClass>,
    /// What its lowest stage stands on, as its `FROM` says it.
    pub from: String,
    /// What the stages read that the image is made of.
    sources: Vec<Source>,
    /// Whether there are stages that it is not made of.
    other_stages: bool,
}

impl Said {
    /// What there is to say about the image that `dockerfile` makes of `target`, its last stage by default.
    #[must_use]
    pub fn new(
        dockerfile: &Dockerfile,
        target: Option<&str>,
        ingredients: Ingredients,
        fingerprint: Digest,
    ) -> Self {
        let mut chain: Vec<&Stage> = Vec::new();
        let mut next = match target {
            Some(name) => dockerfile.stages.iter().find(|stage| stage.name.as_deref() == Some(name)),
            None => dockerfile.stages.last(),
        };
        while let Some(stage) = next {
            chain.insert(0, stage);
            next = dockerfile.stages.iter().find(|other| other.name.as_deref() == Some(&stage.from));
        }
        let instructions = || {
            chain.iter().flat_map(|stage| stage.instructions.iter().map(move |it| (it, stage.class_of(it))))
        };
        Self {
            ingredients,
            fingerprint,
            classes: instructions().filter(|(it, _)| it.does.makes_layer()).map(|(_, class)| class).collect(),
            below: chain.iter().rev().skip(1).map(|stage| stage.seen_in).collect(),
            sources: instructions().flat_map(|(it, _)| it.sources.iter().cloned()).collect(),
            from: chain.first().map(|stage| stage.from.clone()).unwrap_or_default(),
            other_stages: chain.len() < dockerfile.stages.len(),
        }
    }

    /// Whether `path` lies in a folder that is copied into the image.
    fn in_a_tree(&self, path: &str) -> bool {
        let trees = self.sources.iter().filter(|source| matches!(source, Source::Tree(_)));
        trees.map(Source::path).any(|tree| super::is_at_or_below(path, tree.as_str()))
    }

    /// Whether the stages that it is made of read `path`.
    fn reads(&self, path: &str) -> bool {
        self.in_a_tree(path) || self.sources.iter().any(|source| source.path().as_str() == path)
    }
}

/// Whether the image `now` has the layers that its Dockerfile says, on top of those of its parent.
#[must_use]
pub fn stands_on(is: &Said, now: &Image, parent: &Image) -> bool {
    own(is, now).is_some_and(|own| now.layers[..own] == parent.layers[..])
}

/// What can be said from what the layers come to; `configured` says whether the configurations are surely the same. Nothing
/// when it takes the layers, or the configurations, to know.
#[must_use]
pub fn glance(
    (was, before): (&Said, &Image),
    (is, now): (&Said, &Image),
    configured: bool,
) -> Option<Verdict> {
    let same_files = before.files() == now.files();
    match (was.fingerprint == is.fingerprint, same_files) {
        (true, true) => configured.then_some(Verdict::Hit),
        (true, false) => Some(Verdict::Fault(Fault::WrongHit)),
        (false, true) => None,
        (false, false) => Some(Verdict::Miss(BTreeSet::new())),
    }
}

/// Compares what was said and what was built before and after a step, layer by layer.
#[must_use]
pub fn compare((was, before): (&Said, &Image), (is, now): (&Said, &Image)) -> Verdict {
    let (Some(own_before), Some(own_now)) = (own(was, before), own(is, now)) else {
        return Verdict::Fault(Fault::Layers);
    };
    let same_files = before.layers == now.layers || before.files() == now.files();
    let same_image = same_files && before.config == now.config;
    if was.fingerprint == is.fingerprint {
        return if same_image { Verdict::Hit } else { Verdict::Fault(Fault::WrongHit) };
    }
    let changes = difference(&was.ingredients, &is.ingredients);
    let differs = first_difference(((was, own_before), before), ((is, own_now), now));
    let named = changes.iter().map(|change| change.class).min();
    if let (Some(differs), Some(named)) = (differs, named)
        && named > differs
    {
        return Verdict::Fault(Fault::ClassTooLate);
    }
    let mut shown = classes_of_configuration(before, now);
    if !shown.is_empty() {
        shown.extend(was.below.union(&is.below));
    }
    if !shown.is_empty() && !changes.iter().any(|change| shown.contains(&change.class)) {
        return Verdict::Fault(Fault::ClassTooLate);
    }

    let mut excuses = BTreeSet::new();
    for change in &changes {
        let is_seen = differs.is_some_and(|differs| change.class >= differs) || shown.contains(&change.class);
        if !is_seen {
            match excuse(change, &changes, was, is) {
                Some(excuse) => excuses.insert(excuse),
                None if same_image => return Verdict::Fault(Fault::NeedlessMiss),
                None => return Verdict::Fault(Fault::ClassTooEarly),
            };
        }
    }
    if !same_image {
        return Verdict::Miss(excuses);
    }
    if differs.is_some() {
        excuses.insert(Excuse::Overlaid);
    }
    Verdict::Needless(excuses)
}

/// Where an image's own layers begin; none when it has fewer than its Dockerfile says.
fn own(said: &Said, image: &Image) -> Option<usize> {
    image.layers.len().checked_sub(said.classes.len())
}

/// The class of the first layer that is not the same in both.
fn first_difference(
    ((was, from), before): ((&Said, usize), &Image),
    ((is, to), now): ((&Said, usize), &Image),
) -> Option<LayerClass> {
    if before.layers[..from] != now.layers[..to] {
        return Some(LayerClass::Base);
    }
    let layers = |said: &'_ Said, from: usize, image: &'_ Image| -> Vec<_> {
        said.classes.iter().copied().zip(image.layers[from..].iter().cloned()).collect()
    };
    let (one, other) = (layers(was, from, before), layers(is, to, now));
    let place = (0..one.len().max(other.len())).find(|&place| one.get(place) != other.get(place))?;
    [one.get(place), other.get(place)].into_iter().flatten().map(|(class, _)| *class).min()
}

/// The classes that can have made the configurations differ.
fn classes_of_configuration(before: &Image, now: &Image) -> BTreeSet<LayerClass> {
    let names: BTreeSet<_> = before.config.keys().chain(now.config.keys()).collect();
    let differing = names.into_iter().filter(|name| before.config.get(*name) != now.config.get(*name));
    differing
        .flat_map(|name| match name.as_str() {
            "Env" => [LayerClass::Base, LayerClass::System, LayerClass::Configuration],
            "WorkingDir" => [LayerClass::Base, LayerClass::Base, LayerClass::Handler],
            _ => [LayerClass::Base, LayerClass::Base, LayerClass::Configuration],
        })
        .collect()
}

fn excuse(change: &Change, all: &[Change], was: &Said, is: &Said) -> Option<Excuse> {
    let instruction = |what: &What| match what {
        What::InstructionAdded { instruction } | What::InstructionRemoved { instruction } => {
            Some(instruction.clone())
        }
        _ => None,
    };
    let stages = was.other_stages || is.other_stages;
    match &change.what {
        What::InstructionAdded { .. } | What::InstructionRemoved { .. } | What::Reordered if stages => {
            Some(Excuse::UntakenStage)
        }
        What::InstructionAdded { .. } | What::InstructionRemoved { .. } | What::Reordered => {
            Some(Excuse::OtherWords)
        }
        What::Parent { .. } | What::OtherParent { .. } => Some(Excuse::ParentOverruled),
        What::Setting { .. } => Some(Excuse::UntakenStage),
        What::Schema { .. } => None,
        What::Added { path }
        | What::Removed { path }
        | What::Edited { path }
        | What::Mode { path, .. }
        | What::Kind { path } => {
            let in_the_class = || all.iter().filter(|other| other.class == change.class);
            if stages && !was.reads(path) && !is.reads(path) {
                return Some(Excuse::UntakenStage);
            }
            let a_link = |path: &str| {
                (link(was, path) || link(is, path)) && !was.in_a_tree(path) && !is.in_a_tree(path)
            };
            if in_the_class().any(|other| path_of(&other.what).is_some_and(a_link)) {
                return Some(Excuse::LinkOnTheWay);
            }
            let copies = |other: &Change| instruction(&other.what).is_some_and(|text| text.contains("COPY"));
            // A source may also have moved to where something else was read before: then its file is another one there.
            let folder = path.rsplit_once('/').map_or(path.as_str(), |(folder, _)| folder);
            let onto = |other: &Change| {
                matches!(&other.what, What::InstructionAdded { instruction }
                    if instruction.contains("COPY") && instruction.contains(folder))
            };
            let moved = matches!(change.what, What::Added { .. } | What::Removed { .. });
            ((moved || in_the_class().any(onto)) && in_the_class().any(copies)).then_some(Excuse::MovedSource)
        }
    }
}

fn path_of(what: &What) -> Option<&str> {
    match what {
        What::Added { path }
        | What::Removed { path }
        | What::Edited { path }
        | What::Mode { path, .. }
        | What::Kind { path } => Some(path),
        _ => None,
    }
}

fn link(said: &Said, path: &str) -> bool {
    let files = said.ingredients.classes.values().flat_map(|class| &class.files);
    files.into_iter().any(|(other, entry)| other.as_str() == path && matches!(entry, Entry::Link { .. }))
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongHit => "wrong hit: the fingerprint is the same, the image is not",
            Self::NeedlessMiss => "needless miss: the fingerprint is another one, the image is the same",
            Self::ClassTooLate => "a layer differs that comes before the class that is named",
            Self::ClassTooEarly => "a class is named in which nothing differs",
            Self::Layers => "the image has other layers than its Dockerfile says",
        })
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
