//! Where parents come from and assembled images go: a registry, or an engine's store. One small trait; decides nothing.

use camino::Utf8PathBuf;

use super::Shelf;
use crate::assemble::{Listing, Manifest, WhyNot};
use crate::digest::Digest;
use crate::image_ref::ImageRef;
use crate::platform::Platform;
use crate::registry::RegistryError;

/// What is known of a parent.
#[derive(Debug)]
pub struct Parent {
    /// Where it is.
    pub reference: ImageRef,
    /// Its digest: that of a single manifest.
    pub digest: Digest,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its configuration.
    pub config: Vec<u8>,
    /// Its files.
    pub listing: Listing,
}

/// Why a parent is left to BuildKit.
pub(super) fn unreadable(parent: &ImageRef, why: &dyn std::fmt::Display) -> WhyNot {
    WhyNot::ParentUnreadable { parent: parent.clone(), why: why.to_string() }
}

/// One layer of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its digest, compressed.
    pub digest: Digest,
    /// Its bytes, compressed.
    pub size: u64,
    /// Where it is; `None` when the depot has it.
    pub file: Option<Utf8PathBuf>,
}

/// An image that is ready to be published.
#[derive(Debug)]
pub struct Product<'a> {
    /// Its names.
    pub tags: &'a [ImageRef],
    /// What it stands on.
    pub parent: &'a Parent,
    /// Its own layers.
    pub blobs: &'a [Blob],
    /// Its configuration.
    pub config: &'a [u8],
    /// Its manifest.
    pub manifest: &'a Manifest,
}

/// Where parents come from and images go.
pub trait Depot: Sync {
    /// Reads the parent `reference` for `platform`, unless `shelf` has what there is to know of it. `siblings` images are
    /// made of it now.
    ///
    /// # Errors
    /// [`WhyNot`] when it cannot be read, or is not worth it.
    fn parent(
        &self,
        reference: &ImageRef,
        platform: Platform,
        siblings: usize,
        shelf: &Shelf,
    ) -> Result<Parent, WhyNot>;

    /// Whether the layer `digest` is there for `image` to be made of.
    ///
    /// # Errors
    /// [`RegistryError`] when it cannot be told.
    fn has(&self, image: &ImageRef, digest: Digest) -> Result<bool, RegistryError>;

    /// Brings all of `product` to where it goes, its names last.
    ///
    /// # Errors
    /// [`RegistryError`]; no name points at half an image.
    fn publish(&self, product: &Product<'_>, shelf: &Shelf) -> Result<(), RegistryError>;
}
