//! The static mode: images stand on the stable tags of their bases. Sees to it that there is a stable base, from the
//! engine's store, from a registry, or built, and moves its tag only when it was built. What is built on one goes to
//! `Destination::Development`, apart from everything that production knows.

use std::collections::BTreeSet;

use layerwise::engine::Engine;
use layerwise::graph::TargetParent;
use layerwise::image::Kind;
use layerwise::inspect::Inspection;
use layerwise::process::Cancel;
use layerwise::registry::Names as _;
use layerwise::run::{Options, Outcome};
use layerwise::stable::{Naming, StableBase, look, needed, standing_on};

use crate::args::StaticBase;
use crate::building::Job;
use crate::console::Tone;
use crate::context::Context;
use crate::error::CliError;
use crate::machine::Machine;
use crate::wiring::Place;

mod debugger;
mod fetch;

/// How stable bases are called when images are to stand on them; nothing otherwise.
///
/// # Errors
/// [`CliError`] for a pattern that is none.
pub fn asked(context: &Context<'_>, typed: &StaticBase) -> Result<Option<Naming>, CliError> {
    let is_on = |value: &str| !["", "0", "false", "no", "off"].contains(&value.to_lowercase().as_str());
    let by_environment = context.env.get("USE_STATIC_BASE_IMAGE").is_some_and(is_on);
    if typed.static_base.is_none() && !by_environment {
        return Ok(None);
    }
    naming(context, typed).map(Some)
}

/// How stable bases are called.
///
/// # Errors
/// [`CliError`] for a pattern that is none.
pub fn naming(context: &Context<'_>, typed: &StaticBase) -> Result<Naming, CliError> {
    let typed = typed.static_base.as_ref().and_then(Option::as_deref);
    let said = typed.or_else(|| context.env.get("LAYERWISE_STATIC_BASE"));
    said.map_or_else(|| Ok(Naming::default()), |text| Ok(Naming::parse(text)?))
}

/// Where images on stable bases are built, and where bases are.
pub struct Standing<'a> {
    /// The command's surroundings.
    pub context: &'a Context<'a>,
    /// The local store, as production uses it: bases are built there.
    pub place: &'a Place,
    /// Who builds.
    pub machine: &'a Machine<'a>,
    /// How stable bases are called.
    pub naming: Naming,
    /// How to go about building bases.
    pub options: Options,
}

/// Images that stand on stable bases.
pub struct Stood {
    /// They, as they stand there.
    pub inspection: Inspection,
    /// Those of them that were selected and whose bases are there; no bases.
    pub selected: BTreeSet<usize>,
    /// The bases.
    pub bases: Vec<StableBase>,
    /// Those that cannot be built, because a base could not.
    pub left_out: BTreeSet<usize>,
    /// Whether a base could not be built.
    pub failed: bool,
}

/// What may be done about bases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// They are only looked at.
    Look,
    /// Missing ones are fetched or built.
    Missing,
    /// All are built as their sources say.
    Rebuild,
}

impl Standing<'_> {
    /// Lets what is `selected` stand on its bases' stable tags.
    ///
    /// # Errors
    /// [`CliError`] when it cannot be told what is there.
    pub fn stand(
        &self,
        inspection: &Inspection,
        selected: &BTreeSet<usize>,
        about: About,
        cancel: &Cancel,
    ) -> Result<Stood, CliError> {
        let engine = self.machine.engine()?;
        let bases = needed(inspection, selected);
        let mut found = self.look(inspection, &bases, &engine)?;
        if about == About::Missing {
            let mut fetched = false;
            for base in found.iter().filter(|base| base.digest.is_none()) {
                fetched |= self.fetch(inspection, base, cancel)?;
            }
            if fetched {
                found = self.look(inspection, &bases, &engine)?;
            }
        }
        let missing = found.iter().filter(|base| base.digest.is_none()).map(|base| base.place);
        let to_build: BTreeSet<usize> = match about {
            About::Look => BTreeSet::new(),
            About::Missing => missing.collect(),
            About::Rebuild => bases.clone(),
        };
        let mut failed = BTreeSet::new();
        if !to_build.is_empty() {
            failed = self.build(inspection, &found, &to_build, &engine, cancel)?;
            found = self.look(inspection, &bases, &engine)?;
        }
        let images = selected.iter().copied();
        let images: BTreeSet<usize> =
            images.filter(|&place| inspection.graph.targets[place].image.kind != Kind::Base).collect();
        let left_out = self.without(inspection, &images, &failed, cancel);
        Ok(Stood {
            inspection: standing_on(inspection, &found),
            selected: images.difference(&left_out).copied().collect(),
            bases: found,
            left_out,
            failed: !failed.is_empty(),
        })
    }

    /// Those of `images` that stand on a base that could not be built; says so.
    fn without(
        &self,
        inspection: &Inspection,
        images: &BTreeSet<usize>,
        failed: &BTreeSet<usize>,
        cancel: &Cancel,
    ) -> BTreeSet<usize> {
        let label = |place: usize| inspection.graph.targets[place].label.as_str();
        let mut left_out = BTreeSet::new();
        for &place in images {
            let Some(base) = inspection.graph.parents(place).find(|base| failed.contains(base)) else {
                continue;
            };
            left_out.insert(place);
            if !cancel.is_cancelled() {
                let message = format!("{}  because {} failed", label(place), label(base));
                self.context.console.status(Tone::Bad, "Not built", &message);
            }
        }
        left_out
    }

    /// The images of `selected` on stable bases, built first where they are stale.
    ///
    /// # Errors
    /// [`CliError`] when nothing can be built at all; a build that fails is an outcome.
    pub fn ensure(
        &self,
        inspection: &Inspection,
        selected: &BTreeSet<usize>,
        about: About,
        cancel: &Cancel,
    ) -> Result<(Vec<Option<Outcome>>, Stood), CliError> {
        let stood = self.stand(inspection, selected, about, cancel)?;
        let place = self.place.development(self.context);
        let registry = self.machine.registry(&place.destination)?;
        let (context, machine, options) = (self.context, self.machine, self.options);
        let job = Job { context, place: &place, machine, registry: &*registry, caches: None, options };
        let mut outcomes = job.ensure_on(&stood.inspection, &stood.bases, &stood.selected, cancel)?;
        for &place in &stood.left_out {
            outcomes[place] = Some(Outcome::NotBuilt { because: None });
        }
        Ok((outcomes, stood))
    }

    fn look(
        &self,
        inspection: &Inspection,
        bases: &BTreeSet<usize>,
        engine: &Engine,
    ) -> Result<Vec<StableBase>, CliError> {
        Ok(look(inspection, bases, &self.naming, engine, engine, self.place.records.store())?)
    }

    /// Builds bases as their sources say, which is a build like any other, and gives them their stable tags. Answers which
    /// of them could not be built.
    fn build(
        &self,
        inspection: &Inspection,
        found: &[StableBase],
        to_build: &BTreeSet<usize>,
        engine: &Engine,
        cancel: &Cancel,
    ) -> Result<BTreeSet<usize>, CliError> {
        let (context, place, machine, options) = (self.context, self.place, self.machine, self.options);
        let job = Job { context, place, machine, registry: engine, caches: None, options };
        let outcomes = job.ensure(inspection, to_build, cancel)?;
        let mut failed = BTreeSet::new();
        for base in found.iter().filter(|base| to_build.contains(&base.place)) {
            let Some(Outcome::Fresh(product) | Outcome::Built(product)) = &outcomes[base.place] else {
                failed.insert(base.place);
                continue;
            };
            if base.digest != Some(product.digest) {
                engine.name_also(&product.reference, &base.reference)?;
                let message = format!("{}  {}", base.reference, product.reference.tag().unwrap_or_default());
                context.console.status(Tone::Good, "Tagged", &message);
            }
        }
        Ok(failed)
    }
}

/// What an image stands on, as people call it.
#[must_use]
pub fn base_of(inspection: &Inspection, naming: &Naming, place: usize) -> String {
    let targets = &inspection.graph.targets;
    match targets[place].parents.last().map(|parent| &parent.parent) {
        Some(TargetParent::External(reference) | TargetParent::Stable { reference, .. }) => {
            reference.to_string()
        }
        Some(TargetParent::Target(base)) => {
            naming.of(&targets[*base]).map_or_else(|_| targets[*base].label.clone(), |tag| tag.to_string())
        }
        None => String::new(),
    }
}
