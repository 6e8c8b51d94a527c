//! What became of an image, as reports tell it. Pure.

use layerwise::builder::BuildError;
use layerwise::digest::Digest;
use layerwise::event::{Failure, Product};
use layerwise::image_ref::ImageRef;
use layerwise::run::Outcome;
use serde::Serialize;

/// What became of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum OutcomeSummary {
    /// It was there.
    Fresh(ProductSummary),
    /// It was built.
    Built(ProductSummary),
    /// It failed.
    Failed {
        /// Why.
        error: String,
    },
    /// It could not be built.
    NotBuilt {
        /// The image that failed; none after a stop.
        because: Option<String>,
    },
}

/// An image that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProductSummary {
    /// Its content tag.
    pub reference: ImageRef,
    /// Its digest.
    pub digest: Digest,
    /// How long its build took.
    pub milliseconds: u64,
    /// Build steps.
    pub steps: usize,
    /// Those that came from BuildKit's cache.
    pub cached: usize,
    /// Whether it was made without BuildKit: then the steps are its own layers, and the cached ones were there.
    pub assembled: bool,
}

impl OutcomeSummary {
    /// What became of an image, in plain data; `label` names a place.
    #[must_use]
    pub fn of(outcome: &Outcome, label: impl Fn(usize) -> String) -> Self {
        match outcome {
            Outcome::Fresh(product) => Self::Fresh(product.into()),
            Outcome::Built(product) => Self::Built(product.into()),
            // The user's decision is no failure of the image.
            Outcome::Failed(Failure::Build(BuildError::Cancelled { .. })) => Self::NotBuilt { because: None },
            Outcome::Failed(failure) => Self::Failed { error: failure.to_string() },
            Outcome::NotBuilt { because } => Self::NotBuilt { because: because.map(label) },
        }
    }
}

impl From<&Product> for ProductSummary {
    fn from(product: &Product) -> Self {
        let Product { reference, digest, milliseconds, steps, cached, assembled } = product.clone();
        Self { reference, digest, milliseconds, steps, cached, assembled }
    }
}
