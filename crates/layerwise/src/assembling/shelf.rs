//! What was read of parents and made of layers before, in a folder of ours. All of it follows from digests, so none of it
//! gets old; deleting it costs time only.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::depot::Parent;
use super::layer_file::LayerFile;
use crate::assemble::{Change, Listing, Manifest, Tree, WhyNot};
use crate::digest::Digest;
use crate::fs::write_by_way_of;
use crate::image_ref::ImageRef;

/// The folder, as one image's build sees it.
#[derive(Debug)]
pub struct Shelf {
    folder: Utf8PathBuf,
    scratch: Utf8PathBuf,
}

impl Shelf {
    /// In `folder`, which is made when something is kept. What is on its way is in `scratch`, which is this build's alone
    /// and emptied before the next one.
    #[must_use]
    pub fn at(folder: Utf8PathBuf, scratch: Utf8PathBuf) -> Self {
        Self { folder, scratch }
    }

    /// Where something may lie on its way.
    #[must_use]
    pub fn scratch(&self) -> &Utf8Path {
        &self.scratch
    }

    /// The manifest, index or configuration `digest`.
    #[must_use]
    pub fn document(&self, digest: Digest) -> Option<Vec<u8>> {
        fs::read(self.path("documents", digest)).ok().filter(|bytes| Digest::of(bytes) == digest)
    }

    /// Keeps a document.
    ///
    /// # Errors
    /// Any of the file system; it names the path.
    pub fn keep_document(&self, bytes: &[u8]) -> io::Result<()> {
        write_by_way_of(&self.scratch, &self.path("documents", Digest::of(bytes)), bytes)
    }

    /// The image with the manifest `digest`, called `reference`; `None` when not all of it is here.
    ///
    /// # Errors
    /// [`WhyNot`] for a manifest that is not one.
    pub fn parent(&self, reference: &ImageRef, digest: Digest) -> Result<Option<Parent>, WhyNot> {
        let Some(manifest) = self.document(digest) else { return Ok(None) };
        let manifest = Manifest::parse(&manifest)?;
        let config = self.document(manifest.config.digest);
        let (Some(config), Some(listing)) = (config, read(&self.path("files", digest))) else {
            return Ok(None);
        };
        let (reference, listing) = (reference.clone(), Listing::new(listing));
        Ok(Some(Parent { reference, digest, manifest, config, listing }))
    }

    /// Puts the layers of the image `digest` on each other, if all of them are here, and keeps the result.
    ///
    /// # Errors
    /// Any of the file system; it names the path.
    pub fn make_listing(&self, digest: Digest, manifest: &Manifest) -> io::Result<()> {
        let mut tree = Tree::default();
        for layer in &manifest.layers {
            let Some(changes) = self.parent_layer(layer.digest) else { return Ok(()) };
            tree.apply(&changes);
        }
        self.keep(&self.path("files", digest), tree.listing().text())
    }

    /// What the layer `digest` of a parent changes.
    #[must_use]
    pub fn parent_layer(&self, digest: Digest) -> Option<Vec<(String, Change)>> {
        serde_json::from_str(&read(&self.path("layers", digest))?).ok()
    }

    /// Keeps what the layer `digest` of a parent changes.
    ///
    /// # Errors
    /// Any of the file system; it names the path.
    pub fn keep_parent_layer(&self, digest: Digest, changes: &[(String, Change)]) -> io::Result<()> {
        self.keep(&self.path("layers", digest), &json(changes))
    }

    /// The layer of ours with the key `key`, as it was made before.
    #[must_use]
    pub fn layer(&self, key: Digest) -> Option<LayerFile> {
        serde_json::from_str(&read(&self.path("made", key))?).ok()
    }

    /// Remembers a layer of ours.
    ///
    /// # Errors
    /// Any of the file system; it names the path.
    pub fn keep_layer(&self, key: Digest, made: &LayerFile) -> io::Result<()> {
        self.keep(&self.path("made", key), &json(made))
    }

    /// Whether the repository `repository` was given all layers of the image `digest`.
    #[must_use]
    pub fn is_in(&self, digest: Digest, repository: &str) -> bool {
        read(&self.path("given", given(digest, repository))).is_some()
    }

    /// Remembers that the repository has them, or that it has lost them.
    ///
    /// # Errors
    /// Any of the file system; it names the path.
    pub fn set_in(&self, digest: Digest, repository: &str, is: bool) -> io::Result<()> {
        let path = self.path("given", given(digest, repository));
        if is { self.keep(&path, repository) } else { crate::fs::remove_if_there(&path) }
    }

    /// A text, behind its own digest.
    fn keep(&self, path: &Utf8Path, text: &str) -> io::Result<()> {
        write_by_way_of(&self.scratch, path, format!("{}\n{text}", Digest::of(text)).as_bytes())
    }

    fn path(&self, kind: &str, digest: Digest) -> Utf8PathBuf {
        self.folder.join(kind).join(digest.hex())
    }
}

fn given(digest: Digest, repository: &str) -> Digest {
    Digest::of(format!("{digest} {repository}"))
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| unreachable!("plain data has a JSON form: {error}"))
}

/// A text that was kept: one that was cut short or edited counts as missing.
fn read(path: &Utf8Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let (digest, text) = text.split_once('\n')?;
    (digest == Digest::of(text).to_string()).then(|| text.to_owned())
}
