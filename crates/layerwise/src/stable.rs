//! The story of stable bases. In development images stand on a base as its stable tag (`<base>:stable`) names it,
//! whatever its sources say by now: nothing above it is built again when they change, and what has changed, the drift, is
//! told instead. Never builds and never moves a tag.

use std::collections::{BTreeMap, BTreeSet};

use crate::difference::{Change, What, difference};
use crate::digest::Digest;
use crate::fingerprint::{Ingredients, ParentIngredient};
use crate::graph::{Target, TargetParent};
use crate::image::Kind;
use crate::image_ref::{ImageRef, ImageRefError};
use crate::inspect::Inspection;
use crate::record::RecordKey;
use crate::registry::{Labels, Registry};
use crate::run::FINGERPRINT_LABEL;
use crate::store::{Lookup, RecordStore};
use crate::verdicts::VerdictError;

/// How stable bases are called: a reference in which `{name}` stands for the base's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming(String);

/// What stands for a base's name.
const NAME: &str = "{name}";

impl Default for Naming {
    /// `{name}:stable`.
    fn default() -> Self {
        Self(format!("{NAME}:stable"))
    }
}

impl Naming {
    /// Parses a pattern: `{name}:stable`, `{name}-dev:stable`, `registry.example.com/team/{name}:stable`.
    ///
    /// # Errors
    /// [`ImageRefError`] when no base would have a tag by it, or all of them the same.
    pub fn parse(text: &str) -> Result<Self, ImageRefError> {
        let fail = |why| ImageRefError { text: text.to_owned(), why };
        let probe = ImageRef::parse(&text.replace(NAME, "base"))?;
        if !text.contains(NAME) {
            return Err(fail("it holds no `{name}`, which stands for the base's name"));
        }
        match (probe.tag(), probe.digest()) {
            (Some(tag), None) if !tag.starts_with("sha-") && !tag.starts_with("dev-") => {
                Ok(Self(text.to_owned()))
            }
            (None, _) => Err(fail("it has no tag")),
            _ => Err(fail("it names an image by its content, and not by a tag that stays")),
        }
    }

    /// The stable tag of a base; a base that is built for both platforms has two.
    ///
    /// # Errors
    /// [`ImageRefError`] when the name gets too long.
    pub fn of(&self, target: &Target) -> Result<ImageRef, ImageRefError> {
        let platform = target.label[target.name.as_str().len()..].replace('@', "-");
        ImageRef::parse(&format!("{}{platform}", self.0.replace(NAME, target.name.as_str())))
    }
}

/// A base as its stable tag names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StableBase {
    /// Its place in the graph.
    pub place: usize,
    /// Its stable tag.
    pub reference: ImageRef,
    /// The image that the tag names; none when there is none.
    pub digest: Option<Digest>,
    /// How its sources differ from those that it was built from.
    pub drift: Drift,
    /// What it and the bases below it were made of, by place, as far as that is known.
    pub made_of: BTreeMap<usize, Ingredients>,
}

/// How a base's sources differ from those that its stable image was built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// Not at all, or there is no image.
    None,
    /// In this.
    Changed(Vec<Change>),
    /// Somehow: nothing here remembers what it was built from.
    Unknown,
}

/// The bases of ours that the targets at `places` stand on directly, and those of `places` that are bases themselves.
#[must_use]
pub fn needed(inspection: &Inspection, places: &BTreeSet<usize>) -> BTreeSet<usize> {
    let graph = &inspection.graph;
    let is_base = |place: &usize| graph.targets[*place].image.kind == Kind::Base;
    let below = places.iter().filter(|place| !is_base(place)).flat_map(|&place| graph.parents(place));
    below.chain(places.iter().copied().filter(is_base)).collect()
}

/// Looks up the stable images of `bases` in a local store.
///
/// # Errors
/// [`StableError`]; "cannot tell" is never taken for "missing".
pub fn look(
    inspection: &Inspection,
    bases: &BTreeSet<usize>,
    naming: &Naming,
    images: &dyn Registry,
    labels: &dyn Labels,
    records: &dyn RecordStore,
) -> Result<Vec<StableBase>, StableError> {
    let targets = &inspection.graph.targets;
    let references: Vec<ImageRef> =
        bases.iter().map(|&place| naming.of(&targets[place])).collect::<Result<_, _>>()?;
    let found = images.find(&references).map_err(VerdictError::Registry)?;
    let look = |((&place, reference), digest): ((&usize, ImageRef), Option<Digest>)| {
        let mut stable =
            StableBase { place, reference, digest, drift: Drift::None, made_of: BTreeMap::new() };
        if stable.digest.is_some() {
            let label = labels.label(&stable.reference, FINGERPRINT_LABEL).map_err(VerdictError::Registry)?;
            let fingerprint = label.and_then(|hex| Digest::parse(&format!("sha256:{hex}")).ok());
            if let Some(fingerprint) = fingerprint {
                remember(inspection, place, fingerprint, records, &mut stable.made_of)?;
            }
            stable.drift = drift(inspection, place, &stable.made_of);
        }
        Ok(stable)
    };
    bases.iter().zip(references).zip(found).map(look).collect()
}

/// Why it is not known what the stable bases are.
#[derive(Debug, thiserror::Error)]
pub enum StableError {
    /// A name gets too long.
    #[error(transparent)]
    Name(#[from] ImageRefError),
    /// The store of images or that of records does not say.
    #[error(transparent)]
    Verdict(#[from] VerdictError),
}

/// Gathers what the target at `place` and those below it were made of when it had this fingerprint.
fn remember(
    inspection: &Inspection,
    place: usize,
    fingerprint: Digest,
    records: &dyn RecordStore,
    made_of: &mut BTreeMap<usize, Ingredients>,
) -> Result<(), VerdictError> {
    let target = &inspection.graph.targets[place];
    let ingredients = if fingerprint == inspection.targets[place].fingerprint {
        Some(inspection.targets[place].ingredients.clone())
    } else {
        let key = RecordKey { image: target.name.clone(), platform: target.platform, fingerprint };
        match records.get(&key)? {
            // A record of other rules explains nothing.
            Lookup::Found(record) => record.ingredients().ok(),
            Lookup::Absent | Lookup::Unusable(_) => None,
        }
    };
    let Some(ingredients) = ingredients else { return Ok(()) };
    for parent in &ingredients.parents {
        let ParentIngredient::Ours { name, fingerprint } = parent else { continue };
        let mut below = inspection.graph.parents(place);
        if let Some(below) = below.find(|&below| inspection.graph.targets[below].name == *name) {
            remember(inspection, below, *fingerprint, records, made_of)?;
        }
    }
    made_of.insert(place, ingredients);
    Ok(())
}

/// What is different now from what the base at `place` and those below it were made of.
fn drift(inspection: &Inspection, place: usize, made_of: &BTreeMap<usize, Ingredients>) -> Drift {
    let (mut changes, mut unknown) = (Vec::new(), false);
    for place in inspection.graph.with_ancestors([place]) {
        match made_of.get(&place) {
            Some(before) => changes.extend(difference(before, &inspection.targets[place].ingredients)),
            None => unknown = true,
        }
    }
    // What has changed in a parent is told by the parent's own ingredients, where they are known.
    changes.retain(|change| !matches!(change.what, What::Parent { .. }));
    match (changes.is_empty(), unknown) {
        (false, _) => Drift::Changed(changes),
        (true, true) => Drift::Unknown,
        (true, false) => Drift::None,
    }
}

/// The same inspection with everything that is no base standing on `bases` instead of what their sources say. What stands
/// on none of them stays as it is.
#[must_use]
pub fn standing_on(inspection: &Inspection, bases: &[StableBase]) -> Inspection {
    let mut standing = inspection.sound();
    let stable = |place: usize| bases.iter().find(|base| base.place == place);
    for (target, inspected) in standing.graph.targets.iter_mut().zip(&mut standing.targets) {
        if target.image.kind == Kind::Base {
            continue;
        }
        let mut changed = false;
        // The ingredients have the parents in the same order.
        for (parent, ingredient) in target.parents.iter_mut().zip(&mut inspected.ingredients.parents) {
            let TargetParent::Target(place) = parent.parent else { continue };
            let Some(base) = stable(place) else { continue };
            parent.parent = TargetParent::Stable { target: place, reference: base.reference.clone() };
            *ingredient =
                ParentIngredient::Stable { reference: base.reference.to_string(), digest: base.digest };
            changed = true;
        }
        if changed {
            inspected.fingerprint = inspected.ingredients.fingerprint();
        }
    }
    standing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Graph;
    use crate::image::{BaseImage, Declare as _, Images, LambdaImage, external};
    use crate::platform::Platform;

    #[test]
    fn a_pattern_gives_every_base_and_platform_a_tag_that_stays() {
        let base = BaseImage::new("base").from(external("python:3.13"));
        let images = Images::new(Platform::LinuxAmd64)
            .base(&base)
            .lambda(LambdaImage::new("one").from(&base).platform(Platform::LinuxArm64).cmd("a.b"));
        let graph = Graph::resolve(&images).unwrap();
        let of = |pattern: &str, place: usize| {
            Naming::parse(pattern).and_then(|naming| naming.of(&graph.targets[place])).unwrap().to_string()
        };
        assert_eq!(Naming::parse("{name}:stable"), Ok(Naming::default()));
        assert_eq!(of("{name}:stable", 0), "base:stable");
        assert_eq!(of("{name}:stable", 1), "base:stable-arm64");
        assert_eq!(of("localhost:5000/team/{name}-dev:v1", 0), "localhost:5000/team/base-dev:v1");
        let digest = format!("{{name}}@{}", Digest::of(""));
        for (wrong, why) in [
            ("base:stable", "no `{name}`"),
            ("{name}", "no tag"),
            ("{name}:sha-1", "by its content"),
            (&digest, "no tag"),
            ("{Name}:stable", "lower-case"),
            ("", "lower-case"),
        ] {
            let error = Naming::parse(wrong).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
