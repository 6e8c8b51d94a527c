//! The stable bases that images stand on, as reports tell them. Pure.

use layerwise::difference::Change;
use layerwise::digest::Digest;
use layerwise::image_ref::ImageRef;
use layerwise::stable::{Drift, StableBase};
use serde::Serialize;

/// A stable base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StableSummary {
    /// The base.
    pub label: String,
    /// Its stable tag.
    pub reference: ImageRef,
    /// The image that the tag names; none when there is none.
    pub digest: Option<Digest>,
    /// How its sources differ from those that the image was built from.
    #[serde(flatten)]
    pub drift: DriftSummary,
}

/// How a stable base's sources differ from those that its image was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "drift", rename_all = "kebab-case")]
pub enum DriftSummary {
    /// Not at all, or there is no image.
    None,
    /// In this.
    Changed {
        /// The changes, class by class.
        changes: Vec<Change>,
    },
    /// Somehow: nothing here remembers what it was built from.
    Unknown,
}

impl StableSummary {
    /// What is said of `base`, which is called `label`.
    #[must_use]
    pub fn of(label: &str, base: &StableBase) -> Self {
        let drift = match &base.drift {
            Drift::None => DriftSummary::None,
            Drift::Changed(changes) => DriftSummary::Changed { changes: changes.clone() },
            Drift::Unknown => DriftSummary::Unknown,
        };
        let (reference, digest) = (base.reference.clone(), base.digest);
        Self { label: label.to_owned(), reference, digest, drift }
    }

    /// Whether its image is not what its sources say.
    #[must_use]
    pub fn has_drifted(&self) -> bool {
        self.drift != DriftSummary::None
    }
}
