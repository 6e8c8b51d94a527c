//! A registry as a depot: blobs are found, mounted, copied or sent, the manifest comes last. Knows nothing of engines.

use std::sync::Arc;

use fs_err as fs;

use super::depot::{Depot, Parent, Product, unreadable};
use super::{Shelf, parent_layer};
use crate::assemble::{Descriptor, Index, Manifest, WhyNot};
use crate::digest::{Digest, Digesting};
use crate::image_ref::ImageRef;
use crate::oci::{Content, Oci};
use crate::parallel;
use crate::platform::Platform;
use crate::registry::RegistryError;

/// Blobs that go at once.
const CONNECTIONS: usize = 8;

/// A registry.
pub struct RegistryDepot {
    oci: Arc<Oci>,
}

impl RegistryDepot {
    /// All registries that `oci` reaches.
    #[must_use]
    pub fn new(oci: Arc<Oci>) -> Self {
        Self { oci }
    }

    /// The document of `image`'s repository that its digest or its tag names.
    fn document(&self, image: &ImageRef, shelf: &Shelf) -> Result<Vec<u8>, WhyNot> {
        if let Some(known) = image.digest().and_then(|digest| shelf.document(digest)) {
            return Ok(known);
        }
        let found = self.oci.manifest(image).map_err(|error| unreadable(image, &error))?;
        let found = found.ok_or_else(|| unreadable(image, &"it is not there"))?;
        shelf.keep_document(&found.bytes).map_err(|error| unreadable(image, &error))?;
        Ok(found.bytes)
    }

    fn read_layer(&self, image: &ImageRef, layer: &Descriptor, shelf: &Shelf) -> Result<(), WhyNot> {
        if shelf.parent_layer(layer.digest).is_some() {
            return Ok(());
        }
        let form = |why: String| WhyNot::ParentForm { part: format!("layer {}", layer.digest), why };
        let blob = self.oci.open_blob(image, layer.digest).map_err(|error| unreadable(image, &error))?;
        let blob = blob.ok_or_else(|| unreadable(image, &format!("layer {} is not there", layer.digest)))?;
        let changes = parent_layer::read(blob, layer.digest).map_err(|error| form(error.to_string()))?;
        shelf.keep_parent_layer(layer.digest, &changes).map_err(|error| unreadable(image, &error))
    }

    /// Lets the repository of `to` have the blob that the repository of `from` has.
    fn give(
        &self,
        to: &ImageRef,
        from: &ImageRef,
        blob: &Descriptor,
        shelf: &Shelf,
    ) -> Result<(), RegistryError> {
        if self.oci.has_blob(to, blob.digest)? {
            return Ok(());
        }
        if to.registry() == from.registry() && self.oci.mount_blob(to, from, blob.digest)? {
            return Ok(());
        }
        let place = || from.registry().unwrap_or("docker.io").to_owned();
        let fail = |cause: String| RegistryError::Unexpected { place: place(), cause };
        let content = self.oci.open_blob(from, blob.digest)?;
        let content = content.ok_or_else(|| fail(format!("{} is not there", blob.digest)))?;
        fs::create_dir_all(shelf.scratch()).map_err(|error| fail(error.to_string()))?;
        let spool = shelf.scratch().join(format!("{}.blob", blob.digest.hex()));
        let copied = (|| {
            let mut content = Digesting::new(content);
            let mut file = fs::File::create(&spool)?;
            std::io::copy(&mut content, &mut file)?;
            let (_, digest, size) = content.finish();
            Ok::<_, std::io::Error>((digest, size))
        })();
        let sent = match copied {
            Ok((digest, size)) if digest == blob.digest => {
                self.oci.send_blob(to, digest, Content::File(&spool, size))
            }
            Ok((digest, _)) => Err(fail(format!("what it sends as {} has the digest {digest}", blob.digest))),
            Err(error) => Err(fail(error.to_string())),
        };
        let _ = fs::remove_file(&spool);
        sent
    }

    fn give_parent(&self, product: &Product<'_>, to: &ImageRef, shelf: &Shelf) -> Result<(), RegistryError> {
        let give = |layer| self.give(to, &product.parent.reference, layer, shelf);
        parallel::ask(&product.parent.manifest.layers, CONNECTIONS, give).map(|_| ())
    }

    fn put(&self, product: &Product<'_>) -> Result<(), RegistryError> {
        let bytes = product.manifest.bytes();
        for tag in product.tags {
            self.oci.put_manifest(tag, product.manifest.media_type(), &bytes)?;
        }
        Ok(())
    }
}

impl Depot for RegistryDepot {
    fn parent(
        &self,
        reference: &ImageRef,
        platform: Platform,
        _siblings: usize,
        shelf: &Shelf,
    ) -> Result<Parent, WhyNot> {
        let named = self.document(reference, shelf)?;
        let digest = match Index::parse(&named) {
            None => Digest::of(&named),
            Some(index) => {
                let ours = index.manifest_for(platform);
                let ours =
                    ours.ok_or_else(|| unreadable(reference, &format!("it has no manifest for {platform}")))?;
                self.document(&reference.at_digest(ours), shelf)?;
                ours
            }
        };
        if let Some(known) = shelf.parent(reference, digest)? {
            return Ok(known);
        }
        let manifest = Manifest::parse(&self.document(&reference.at_digest(digest), shelf)?)?;
        let config = self.oci.blob(reference, manifest.config.digest);
        let config = config.map_err(|error| unreadable(reference, &error))?;
        let config = config.ok_or_else(|| unreadable(reference, &"its configuration is not there"))?;
        shelf.keep_document(&config.bytes).map_err(|error| unreadable(reference, &error))?;
        parallel::ask(&manifest.layers, CONNECTIONS, |layer| self.read_layer(reference, layer, shelf))?;
        shelf.make_listing(digest, &manifest).map_err(|error| unreadable(reference, &error))?;
        shelf.parent(reference, digest)?.ok_or_else(|| unreadable(reference, &"what was read of it is gone"))
    }

    fn has(&self, image: &ImageRef, digest: Digest) -> Result<bool, RegistryError> {
        self.oci.has_blob(image, digest)
    }

    fn publish(&self, product: &Product<'_>, shelf: &Shelf) -> Result<(), RegistryError> {
        let Some(tag) = product.tags.first() else { return Ok(()) };
        let (repository, parent) = (tag.repository(), product.parent.digest);
        let known = shelf.is_in(parent, repository);
        if !known {
            self.give_parent(product, tag, shelf)?;
            remember(shelf, parent, repository, true);
        }
        let ours = product.blobs.iter().filter_map(|blob| {
            let file = blob.file.as_deref()?;
            Some((blob.digest, Content::File(file, blob.size)))
        });
        let config = (product.manifest.config.digest, Content::Bytes(product.config));
        let sends: Vec<_> = ours.chain([config]).collect();
        parallel::ask(&sends, CONNECTIONS, |(digest, content)| match content {
            Content::File(..) if self.oci.has_blob(tag, *digest)? => Ok(()),
            _ => self.oci.send_blob(tag, *digest, *content),
        })?;
        match self.put(product) {
            // The registry may have cleaned up since.
            Err(RegistryError::Unexpected { .. }) if known => {
                remember(shelf, parent, repository, false);
                self.give_parent(product, tag, shelf)?;
                self.put(product)?;
                remember(shelf, parent, repository, true);
                Ok(())
            }
            put => put,
        }
    }
}

/// What is not remembered is asked again.
fn remember(shelf: &Shelf, parent: Digest, repository: &str, is: bool) {
    let _ = shelf.set_in(parent, repository, is);
}
