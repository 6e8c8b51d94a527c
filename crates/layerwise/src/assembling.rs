//! Makes images without a builder: reads the parent once, writes the image's own layers, and has a depot publish them
//! with a new configuration and a new manifest. Works out nothing about images itself: `assemble` does.

mod archive;
mod depot;
mod engine;
mod layer_file;
mod parent_layer;
mod registry;
mod shelf;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use camino::Utf8PathBuf;
use fs_err as fs;

pub use archive::read as read_archive;
pub use depot::{Blob, Depot, Parent, Product};
pub use engine::EngineDepot;
pub use registry::RegistryDepot;
pub use shelf::Shelf;

use crate::assemble::{Config, Laid, Layer, WhyNot, lay};
use crate::assembler::{AssembleError, AssembleRequest, Assembler};
use crate::builder::{BuildError, Built};
use crate::digest::Digest;
use crate::image_ref::ImageRef;
use crate::platform::Platform;
use crate::process::Cancel;
use layer_file::{LayerError, LayerFile};

/// Parents by what they were asked for by; each is read once, and whoever needs one that is being read waits.
type Parents = Mutex<BTreeMap<(ImageRef, Platform), Arc<OnceLock<Result<Arc<Parent>, WhyNot>>>>>;

/// Assembles images into one depot.
pub struct Assembling<'a> {
    depot: &'a dyn Depot,
    folder: Utf8PathBuf,
    parents: Parents,
}

impl<'a> Assembling<'a> {
    /// `folder` keeps what is read of parents and made of layers; deleting it costs time only.
    #[must_use]
    pub fn new(depot: &'a dyn Depot, folder: Utf8PathBuf) -> Self {
        Self { depot, folder, parents: Parents::default() }
    }

    fn parent(&self, request: &AssembleRequest<'_>, shelf: &Shelf) -> Result<Arc<Parent>, WhyNot> {
        let key = (request.parent.clone(), request.platform);
        let slot =
            self.parents.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        let read = || self.depot.parent(&request.parent, request.platform, request.siblings, shelf);
        slot.get_or_init(|| read().map(Arc::new)).clone()
    }

    /// The layer, made or remembered; whether the depot has it already.
    fn layer(
        &self,
        request: &AssembleRequest<'_>,
        shelf: &Shelf,
        place: usize,
        layer: &Layer,
        cancel: &Cancel,
    ) -> Result<(Blob, Digest), AssembleError> {
        let unavailable = |error: std::io::Error| failed(request, error.to_string(), None);
        let key = layer.key();
        if let Some(LayerFile { digest, size, content }) = shelf.layer(key)
            && self.depot.has(&request.tags[0], digest).map_err(|error| from_registry(request, &error))?
        {
            return Ok((Blob { digest, size, file: None }, content));
        }
        let path = request.folder.join(format!("layer-{place}.tar.gz"));
        fs::create_dir_all(&request.folder).map_err(unavailable)?;
        let made = layer_file::write(layer, request.root, &path, cancel).map_err(|error| match error {
            LayerError::Moved { path } => AssembleError::Moved { path },
            LayerError::Cancelled => BuildError::Cancelled { image: request.image.clone() }.into(),
            LayerError::Disk(error) => unavailable(error),
        })?;
        shelf.keep_layer(key, &made).map_err(unavailable)?;
        Ok((Blob { digest: made.digest, size: made.size, file: Some(path) }, made.content))
    }
}

impl Assembler for Assembling<'_> {
    fn assemble(&self, request: &AssembleRequest<'_>, cancel: &Cancel) -> Result<Built, AssembleError> {
        let shelf = Shelf::at(self.folder.clone(), request.folder.clone());
        let parent = self.parent(request, &shelf)?;
        let config = Config::parse(&parent.config, request.platform)?;
        let Laid { layers, mut config } =
            lay(request.instructions, &request.context, config, &parent.listing)?;
        for (name, value) in &request.labels {
            config.set_label(name, value);
        }
        let made: Result<Vec<_>, _> = layers
            .iter()
            .enumerate()
            .map(|(place, layer)| self.layer(request, &shelf, place, layer, cancel))
            .collect();
        let (blobs, contents): (Vec<Blob>, Vec<Digest>) = made?.into_iter().unzip();
        if cancel.is_cancelled() {
            return Err(BuildError::Cancelled { image: request.image.clone() }.into());
        }
        let config = config.bytes(&contents);
        let described: Vec<_> = blobs.iter().map(|blob| (blob.digest, blob.size)).collect();
        let config_digest = Digest::of(&config);
        let manifest = parent.manifest.continued(&described, (config_digest, config.len() as u64));
        let there = blobs.iter().filter(|blob| blob.file.is_none()).count();
        let product = Product {
            tags: &request.tags,
            parent: &parent,
            blobs: &blobs,
            config: &config,
            manifest: &manifest,
        };
        self.depot.publish(&product, &shelf).map_err(|error| from_registry(request, &error))?;
        // What was sent is the registry's now.
        for file in blobs.iter().filter_map(|blob| blob.file.as_ref()) {
            fs::remove_file(file).map_err(|error| failed(request, error.to_string(), None))?;
        }
        let digest = Digest::of(manifest.bytes());
        Ok(Built { digest, config: Some(config_digest), steps: blobs.len(), cached: there })
    }
}

fn failed(request: &AssembleRequest<'_>, message: String, hint: Option<String>) -> AssembleError {
    BuildError::Unavailable { image: request.image.clone(), message, hint }.into()
}

fn from_registry(request: &AssembleRequest<'_>, error: &crate::registry::RegistryError) -> AssembleError {
    failed(request, error.to_string(), Some(error.hint()))
}
