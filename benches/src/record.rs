//! Records for every image of a repository, as if all had been built just now. Builds nothing.

use anyhow::{Context as _, Result};
use camino::Utf8Path;
use layerwise::destination::Destination;
use layerwise::digest::Digest;
use layerwise::image::Images;
use layerwise::inspect::{Inspection, inspect};
use layerwise::record::Record;
use layerwise::store::RecordStore as _;
use layerwise::store_dir::DirStore;

/// Records every image as it is now, as if it had been put into `place`.
///
/// # Errors
/// When the repository cannot be inspected or the folder cannot be written.
pub fn everything(root: &Utf8Path, images: &Images, place: &Destination, store: &DirStore) -> Result<()> {
    let inspection = inspect(root, images)
        .and_then(Inspection::whole)
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))
        .context("the generated repository cannot be inspected")?;
    for (at, target) in inspection.targets.iter().enumerate() {
        let key = inspection.key(at);
        let reference = place.content_reference(&key.image, &key.fingerprint)?;
        let digest = Digest::of(key.image.as_str());
        store.put(&key, &Record::new(&key, &target.ingredients, reference, digest, 1_700_000_000, 1_000))?;
    }
    Ok(())
}
