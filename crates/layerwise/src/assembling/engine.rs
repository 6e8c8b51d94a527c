//! An engine's store as a depot: parents are exported once, images loaded as archives of what is new in them. That works
//! with containerd's store, which has manifests; an image of the older store is left to BuildKit.

use std::sync::OnceLock;

use super::archive;
use super::depot::{Depot, Parent, Product, unreadable};
use super::shelf::Shelf;
use crate::assemble::{Index, WhyNot};
use crate::digest::Digest;
use crate::engine::{Engine, Store};
use crate::image_ref::ImageRef;
use crate::platform::Platform;
use crate::registry::{Registry as _, RegistryError};

/// Bytes of a parent, as the engine counts them, that are exported and read while BuildKit builds one image, which takes
/// 0.15 s longer than to load it: 25 MB take 0.8 s.
const WORTH: u64 = 5 << 20;

/// An engine's store.
pub struct EngineDepot {
    engine: Engine,
    store: OnceLock<Result<Store, RegistryError>>,
}

impl EngineDepot {
    /// The store of `engine`.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine, store: OnceLock::new() }
    }

    fn store(&self) -> Result<Store, RegistryError> {
        self.store.get_or_init(|| self.engine.about().map(|about| about.store)).clone()
    }
}

impl Depot for EngineDepot {
    fn parent(
        &self,
        reference: &ImageRef,
        platform: Platform,
        siblings: usize,
        shelf: &Shelf,
    ) -> Result<Parent, WhyNot> {
        let unreadable = |why: &dyn std::fmt::Display| unreadable(reference, why);
        if self.store().map_err(|error| unreadable(&error))? == Store::GraphDriver {
            return Err(unreadable(&"the engine keeps images without manifests"));
        }
        let found = self.engine.find(std::slice::from_ref(reference)).map_err(|error| unreadable(&error))?;
        let digest =
            found.first().copied().flatten().ok_or_else(|| unreadable(&"the engine has to pull it"))?;
        let known = shelf.document(digest).map(|bytes| match Index::parse(&bytes) {
            None => Some(digest),
            Some(index) => index.manifest_for(platform),
        });
        if let Some(Some(manifest)) = known
            && let Some(parent) = shelf.parent(reference, manifest)?
        {
            return Ok(parent);
        }
        let size = self.engine.size(reference).map_err(|error| unreadable(&error))?;
        if size / WORTH > siblings as u64 {
            return Err(WhyNot::NotWorthReading { parent: reference.clone() });
        }
        let archive = self.engine.export(reference).map_err(|error| unreadable(&error))?;
        archive::read(archive, reference, Some(digest), platform, shelf)
    }

    /// All layers of ours go along: they are small, and the engine cannot be asked for one.
    fn has(&self, _: &ImageRef, _: Digest) -> Result<bool, RegistryError> {
        Ok(false)
    }

    fn publish(&self, product: &Product<'_>, _: &Shelf) -> Result<(), RegistryError> {
        let what = || product.tags.first().map(ToString::to_string).unwrap_or_default();
        self.engine.load(&what(), || archive::write(product))
    }
}
