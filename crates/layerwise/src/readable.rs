//! The readable tag of a local store, `<name>:local`: it shall name the image that the sources stand for now, also when
//! that one was built before the newest (a branch switch and back is a hit, and builds nothing). What it was last given to
//! is kept in a small file, so that a hit asks nobody. Never touches a content tag.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::fs::write_if_different;
use crate::image_ref::{ImageRef, ImageRefError};
use crate::inspect::Inspection;
use crate::plan::Verdict;
use crate::registry::{Names, RegistryError};

/// Why a readable tag is where it was.
#[derive(Debug, thiserror::Error)]
pub enum ReadableError {
    /// The store did not take it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The name is too long for a tag.
    #[error(transparent)]
    Name(#[from] ImageRefError),
}

/// The fresh ones among `places` whose readable tag was last given to another image. `work` is our own folder.
pub fn behind<'a>(
    work: &'a Utf8Path,
    inspection: &'a Inspection,
    verdicts: &'a [Verdict],
    places: impl IntoIterator<Item = usize> + 'a,
) -> impl Iterator<Item = usize> + 'a {
    places.into_iter().filter(move |&place| {
        let given_to = || fs::read_to_string(file(work, inspection, place)).unwrap_or_default();
        verdicts[place].is_fresh() && given_to() != inspection.targets[place].fingerprint.hex()
    })
}

/// Gives the readable tags of `places`, with this word, to the images that the verdicts call fresh.
///
/// # Errors
/// [`ReadableError`].
pub fn follow(
    names: &dyn Names,
    word: &str,
    work: &Utf8Path,
    inspection: &Inspection,
    verdicts: &[Verdict],
    places: impl IntoIterator<Item = usize>,
) -> Result<(), ReadableError> {
    for place in places {
        if let Verdict::Fresh(head) = &verdicts[place] {
            let readable = ImageRef::parse(&inspection.graph.targets[place].readable_as(word))?;
            names.name_also(&head.reference, &readable)?;
            // Where nothing can be written, the tag is given anew each time: a hit does not fail for that.
            let _ = given(work, inspection, place);
        }
    }
    Ok(())
}

/// Remembers that the readable tag of the target at `place` names the image of the inspection.
///
/// # Errors
/// Of the file system; they name the path.
pub fn given(work: &Utf8Path, inspection: &Inspection, place: usize) -> io::Result<()> {
    let hex = inspection.targets[place].fingerprint.hex();
    write_if_different(&file(work, inspection, place), hex.as_bytes()).map(drop)
}

fn file(work: &Utf8Path, inspection: &Inspection, place: usize) -> Utf8PathBuf {
    work.join("builds").join(&inspection.graph.targets[place].label).join("readable")
}
