//! The one report of a plan, a dry run and a run: what `--json` writes, and where the counts for people come from.
//! Pure. Never holds a secret's value: nothing here is made of anything but declarations, records and outcomes.

use layerwise::assemble::instructions;
use layerwise::digest::Digest;
use layerwise::dockerfile::Dockerfile;
use layerwise::image::{Image, Kind};
use layerwise::inspect::{Broken, Inspection};
use layerwise::layer::LayerClass;
use layerwise::name::Name;
use layerwise::plan::{Reason, Verdict};
use layerwise::platform::Platform;
use layerwise::run::Outcome;
use layerwise::stable::StableBase;
use serde::Serialize;
use std::collections::BTreeSet;

mod outcome;
mod stable;

pub use outcome::OutcomeSummary;
pub use stable::{DriftSummary, StableSummary};

/// The version of the JSON form. A field more is no new version; a field less or another meaning is.
pub const SCHEMA: u32 = 1;

/// The report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What it is a report of.
    pub mode: Mode,
    /// `local`, or a registry and what comes before an image's name there.
    pub destination: String,
    /// How long it took.
    pub milliseconds: u64,
    /// The counts.
    pub totals: Totals,
    /// The stable bases that images stand on; only where they do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stable_bases: Vec<StableSummary>,
    /// The selected images and the bases that they stand on, bases first.
    pub images: Vec<ImageSummary>,
}

/// What a summary is a report of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// `plan`
    Plan,
    /// `build-lambdas --dry-run`
    DryRun,
    /// `build-lambdas`
    Run,
}

/// Counts. Bases count apart: nobody deploys them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Selected images that are no bases.
    pub images: usize,
    /// Bases, selected or stood on.
    pub bases: usize,
    /// Images with nothing to do.
    pub fresh: usize,
    /// Images to be built.
    pub stale: usize,
    /// Bases to be built.
    pub stale_bases: usize,
    /// Images that were built.
    pub built: usize,
    /// Bases that were built.
    pub built_bases: usize,
    /// Images and bases that cannot be planned: broken ones, and what stands on them.
    pub broken: usize,
    /// Images and bases that failed.
    pub failed: usize,
    /// Images and bases that could not be built because of those, or because of a stop.
    pub not_built: usize,
}

/// One image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageSummary {
    /// Its name.
    pub name: Name,
    /// What reports call it: its name, with the architecture where it is built for both.
    pub label: String,
    /// Its platform.
    pub platform: Platform,
    /// `base`, `lambda` or `container`.
    pub kind: &'static str,
    /// The functions that run it.
    pub functions: Vec<String>,
    /// The bases of ours that it stands on.
    pub parents: Vec<String>,
    /// Its fingerprint; none where not all that it is made of can be read.
    pub fingerprint: Option<Digest>,
    /// Whether it was asked for; the others are there because something stands on them.
    pub selected: bool,
    /// `fresh` or `stale`; `broken` when not all that it is made of can be read, `blocked` when that holds of what it stands on.
    pub verdict: &'static str,
    /// Why it is stale.
    #[serde(rename = "stale")]
    pub reason: Option<Reason>,
    /// The first layer class that has to be built again.
    pub class: Option<LayerClass>,
    /// What is wrong with a broken one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// The broken image that a blocked one stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Its layers; nobody knows those of a broken or a blocked one.
    pub layers: Option<Layers>,
    /// Who would make it; nobody knows of a broken or a blocked one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maker: Option<Maker>,
    /// What became of it.
    pub outcome: Option<OutcomeSummary>,
}

/// Who makes an image, as far as its declaration tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Maker {
    /// Nobody but us.
    Assembled,
    /// BuildKit.
    Buildkit {
        /// Why it takes that.
        because: String,
    },
}

impl Maker {
    /// What the declaration says.
    #[must_use]
    pub fn of(image: &Image, dockerfile: &Dockerfile) -> Self {
        match instructions(image, dockerfile) {
            Ok(_) => Self::Assembled,
            Err(why) => Self::Buildkit { because: why.to_string() },
        }
    }
}

impl std::fmt::Display for Maker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Assembled => f.write_str("assembled"),
            Self::Buildkit { because } => write!(f, "BuildKit: {because}"),
        }
    }
}

/// The layers of an image on top of its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Layers {
    /// All of them.
    pub total: usize,
    /// Those that have to be built again; `None` where it is BuildKit's cache that decides.
    pub rebuilt: Option<usize>,
}

impl Summary {
    /// The report of a plan.
    #[must_use]
    pub fn of_plan(
        mode: Mode,
        destination: String,
        inspection: &Inspection,
        verdicts: &[Verdict],
        selected: &BTreeSet<usize>,
        milliseconds: u64,
    ) -> Self {
        let places = inspection.graph.with_ancestors(selected.iter().copied());
        let images =
            places.iter().map(|&place| image(inspection, &verdicts[place], place, selected.contains(&place)));
        let mut summary = Self {
            schema: SCHEMA,
            mode,
            destination,
            milliseconds,
            totals: Totals::default(),
            stable_bases: Vec::new(),
            images: images.collect(),
        };
        summary.count();
        summary
    }

    /// The same report with images that cannot be planned, and whether each was asked for.
    #[must_use]
    pub fn with_broken(mut self, broken: &[(&Broken, bool)]) -> Self {
        self.images.extend(broken.iter().map(|(broken, selected)| broken_image(broken, *selected)));
        self.count();
        self
    }

    /// The same report of images that stand on stable bases.
    #[must_use]
    pub fn standing_on(mut self, inspection: &Inspection, bases: &[StableBase]) -> Self {
        let targets = &inspection.graph.targets;
        self.stable_bases =
            bases.iter().map(|base| StableSummary::of(&targets[base.place].label, base)).collect();
        self
    }

    /// The same report with what became of each image.
    #[must_use]
    pub fn with_outcomes(
        mut self,
        inspection: &Inspection,
        outcomes: &[Option<Outcome>],
        milliseconds: u64,
    ) -> Self {
        let targets = &inspection.graph.targets;
        for (target, outcome) in targets.iter().zip(outcomes) {
            if let Some(image) = self.images.iter_mut().find(|image| image.label == target.label) {
                image.outcome = outcome
                    .as_ref()
                    .map(|outcome| OutcomeSummary::of(outcome, |place| targets[place].label.clone()));
            }
        }
        for image in &mut self.images {
            image.outcome = match &image.because {
                None if image.problems.is_empty() => continue,
                None => Some(OutcomeSummary::Failed { error: image.problems.join("; ") }),
                because => Some(OutcomeSummary::NotBuilt { because: because.clone() }),
            };
        }
        self.milliseconds = milliseconds;
        self.count();
        self
    }

    fn count(&mut self) {
        let mut totals = Totals::default();
        for image in &self.images {
            let base = image.kind == kind(Kind::Base);
            let stale = image.reason.is_some();
            *(if base { &mut totals.bases } else { &mut totals.images }) += 1;
            if image.fingerprint.is_none() {
                totals.broken += 1;
            }
            match (base, stale) {
                _ if image.fingerprint.is_none() => {}
                (true, true) => totals.stale_bases += 1,
                (false, true) => totals.stale += 1,
                (false, false) => totals.fresh += 1,
                (true, false) => {}
            }
            match &image.outcome {
                Some(OutcomeSummary::Built(_)) if base => totals.built_bases += 1,
                Some(OutcomeSummary::Built(_)) => totals.built += 1,
                Some(OutcomeSummary::Failed { .. }) => totals.failed += 1,
                Some(OutcomeSummary::NotBuilt { .. }) => totals.not_built += 1,
                Some(OutcomeSummary::Fresh(_)) | None => {}
            }
        }
        self.totals = totals;
    }

    /// The JSON form, over several lines.
    #[must_use]
    pub fn json(&self) -> String {
        json(self)
    }
}

/// Any report's JSON form, over several lines.
#[must_use]
pub fn json(report: &impl Serialize) -> String {
    serde_json::to_string_pretty(report)
        .unwrap_or_else(|error| unreachable!("plain data has a JSON form: {error}"))
}

/// The word for a kind.
#[must_use]
pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Base => "base",
        Kind::Lambda => "lambda",
        Kind::Container => "container",
    }
}

fn image(inspection: &Inspection, verdict: &Verdict, place: usize, selected: bool) -> ImageSummary {
    let target = &inspection.graph.targets[place];
    let inspected = &inspection.targets[place];
    let (reason, verdict) = match verdict {
        Verdict::Fresh(_) => (None, "fresh"),
        Verdict::Stale(reason) => (Some(reason.clone()), "stale"),
    };
    let layers = |from: LayerClass| {
        let classes = LayerClass::ALL.iter().filter(|class| **class >= from);
        classes.map(|class| inspected.dockerfile.layers(*class)).sum::<usize>()
    };
    let total = layers(LayerClass::Base);
    let rebuilt = match &reason {
        None => Some(0),
        Some(Reason::NeverBuilt) => Some(total),
        Some(reason) => reason.class().map(layers),
    };
    let parents =
        inspection.graph.parents(place).map(|parent| inspection.graph.targets[parent].label.clone());
    ImageSummary {
        name: target.name.clone(),
        label: target.label.clone(),
        platform: target.platform,
        kind: kind(target.image.kind),
        functions: target.image.functions.clone(),
        parents: parents.collect(),
        fingerprint: Some(inspected.fingerprint),
        selected,
        verdict,
        problems: Vec::new(),
        because: None,
        class: reason.as_ref().and_then(Reason::class),
        reason,
        layers: Some(Layers { total, rebuilt }),
        maker: Some(Maker::of(&target.image, &inspected.dockerfile)),
        outcome: None,
    }
}

fn broken_image(broken: &Broken, selected: bool) -> ImageSummary {
    ImageSummary {
        name: broken.name.clone(),
        label: broken.label.clone(),
        platform: broken.platform,
        kind: kind(broken.kind),
        functions: broken.functions.clone(),
        parents: broken.parents.clone(),
        fingerprint: None,
        selected,
        verdict: if broken.because().is_some() { "blocked" } else { "broken" },
        reason: None,
        class: None,
        problems: broken.problems().iter().map(ToString::to_string).collect(),
        because: broken.because().map(str::to_owned),
        layers: None,
        maker: None,
        outcome: None,
    }
}

impl ImageSummary {
    /// Whether others stand on it, and nobody deploys it.
    #[must_use]
    pub fn is_base(&self) -> bool {
        self.kind == kind(Kind::Base)
    }

    /// Whether its build failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        matches!(self.outcome, Some(OutcomeSummary::Failed { .. }))
    }
}
