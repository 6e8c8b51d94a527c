//! A depot in memory: parents are archives that BuildKit wrote, what is published is taken apart again.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::GzDecoder;
use fs_err as fs;
use layerwise::assemble::WhyNot;
use layerwise::assembling::{Depot, Parent, Product, Shelf, read_archive};
use layerwise::digest::Digest;
use layerwise::image_ref::ImageRef;
use layerwise::platform::Platform;
use layerwise::registry::RegistryError;

use super::generate::Parents;
use crate::judge::image::{Image, fields, layer};

/// The depot.
pub struct Memory {
    parents: Parents,
    published: Mutex<BTreeMap<ImageRef, Image>>,
}

impl Memory {
    /// One with these parents.
    pub fn new(parents: Parents) -> Self {
        Self { parents, published: Mutex::default() }
    }

    /// What was published under this name.
    pub fn published(&self, name: &ImageRef) -> Image {
        let published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        published.get(name).cloned().unwrap_or_else(|| unreachable!("{name} was published"))
    }
}

impl Depot for Memory {
    fn parent(
        &self,
        reference: &ImageRef,
        platform: Platform,
        _: usize,
        shelf: &Shelf,
    ) -> Result<Parent, WhyNot> {
        let (archive, _) = &self.parents[&reference.to_string()];
        let archive = fs::File::open(archive).unwrap_or_else(|error| unreachable!("it was written: {error}"));
        read_archive(archive, reference, None, platform, shelf)
    }

    fn has(&self, _: &ImageRef, _: Digest) -> Result<bool, RegistryError> {
        Ok(false)
    }

    fn publish(&self, product: &Product<'_>, _: &Shelf) -> Result<(), RegistryError> {
        let read = || -> io::Result<Image> {
            let (_, below) = &self.parents[&product.parent.reference.to_string()];
            let mut layers = below.clone();
            for path in product.blobs.iter().filter_map(|blob| blob.file.as_ref()) {
                layers.push(Arc::new(layer(GzDecoder::new(fs::File::open(path)?))?));
            }
            Ok(Image { layers, whole: true, config: fields(&serde_json::from_slice(product.config)?) })
        };
        let image = read().map_err(|error| RegistryError::Unexpected {
            place: "memory".to_owned(),
            cause: error.to_string(),
        })?;
        self.published.lock().unwrap_or_else(PoisonError::into_inner).insert(product.tags[0].clone(), image);
        Ok(())
    }
}
