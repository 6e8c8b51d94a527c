//! What is told while images are planned and built. Plain data; who prints it decides how.

use camino::Utf8PathBuf;

use crate::assemble::WhyNot;
use crate::builder::{BuildError, BuildProgress};
use crate::digest::Digest;
use crate::image_ref::ImageRef;
use crate::record::Head;

/// One thing that happened. `target` is a place in [`crate::graph::Graph::targets`].
#[derive(Debug)]
pub enum Event<'a> {
    /// Another process builds the same image from the same inputs; we wait for it.
    Waiting {
        /// Whose turn it is.
        target: usize,
    },
    /// A build started.
    Started {
        /// Which.
        target: usize,
        /// Where its log grows.
        log: Utf8PathBuf,
    },
    /// A build went on.
    Progress {
        /// Which.
        target: usize,
        /// How.
        progress: BuildProgress,
    },
    /// An image that could have been assembled, as far as its declaration tells, is left to BuildKit.
    LeftToBuildKit {
        /// Which.
        target: usize,
        /// Why.
        why: &'a WhyNot,
    },
    /// A build is confirmed and recorded.
    Built {
        /// Which.
        target: usize,
        /// The product.
        product: &'a Product,
    },
    /// Somebody else built it meanwhile.
    Adopted {
        /// Which.
        target: usize,
        /// The product.
        product: &'a Product,
    },
    /// A build ended without a record.
    Failed {
        /// Which.
        target: usize,
        /// Why.
        failure: &'a Failure,
    },
    /// A target was left out, because one that it stands on has no image.
    NotBuilt {
        /// Which.
        target: usize,
        /// The one that failed.
        because: usize,
    },
}

/// An image that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its content tag.
    pub reference: ImageRef,
    /// Its digest.
    pub digest: Digest,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// Instructions that ran or came from the cache.
    pub steps: usize,
    /// Those that came from the cache.
    pub cached: usize,
    /// Whether it was made without BuildKit: then the steps are its own layers.
    pub assembled: bool,
}

impl From<&Head> for Product {
    fn from(head: &Head) -> Self {
        Self {
            reference: head.reference.clone(),
            digest: head.digest,
            milliseconds: head.milliseconds,
            steps: 0,
            cached: 0,
            assembled: head.assembled,
        }
    }
}

/// Why a build left no record.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The builder gave no image.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The image was built, but an input changed meanwhile, so that nobody can say what it was made of.
    #[error("an input changed while the image was built: {changes}")]
    InputsMoved {
        /// What changed.
        changes: String,
    },
    /// The image was built, but is not where it should be.
    #[error("{reference} was built, but its digest is not confirmed: {why}")]
    Unconfirmed {
        /// Where it should be.
        reference: ImageRef,
        /// What was found instead.
        why: String,
    },
    /// The image was built, but Lambda would refuse it.
    #[error("Lambda would refuse {reference}: {violations}")]
    NotForLambda {
        /// The image.
        reference: ImageRef,
        /// Each rule that it breaks.
        violations: String,
    },
    /// The record could not be written, or the disk could not be read or written.
    #[error("{0}")]
    Environment(String),
    /// The declaration does not fit the files.
    #[error("{0}")]
    Declaration(String),
    /// It was to be made without BuildKit, and cannot be.
    #[error("it cannot be assembled: {0}")]
    NotAssembled(WhyNot),
}

impl Failure {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Build(BuildError::Unavailable { hint, .. }) => hint.clone(),
            Self::Build(BuildError::Failed { log, .. }) => Some(format!("the full log is {log}")),
            Self::InputsMoved { .. } => Some("run the command again".to_owned()),
            Self::NotAssembled(_) => Some("let BuildKit build it: --assemble auto".to_owned()),
            _ => None,
        }
    }
}
