//! The port to whatever makes an image without a builder. Plain structs and one small trait; decides nothing.

use camino::{Utf8Path, Utf8PathBuf};

use crate::assemble::{Context, WhyNot};
use crate::builder::{BuildError, Built};
use crate::dockerfile::Instruction;
use crate::image_ref::ImageRef;
use crate::platform::Platform;
use crate::process::Cancel;
use crate::repo_path::RepoPath;

/// Everything that is needed to assemble one image.
#[derive(Debug)]
pub struct AssembleRequest<'a> {
    /// What reports call it.
    pub image: String,
    /// The one platform.
    pub platform: Platform,
    /// What is done to the parent, by [`assemble::instructions`](crate::assemble::instructions).
    pub instructions: &'a [Instruction],
    /// What they copy from.
    pub context: Context,
    /// Where the files of the context are.
    pub root: &'a Utf8Path,
    /// The parent; by digest where it is ours and in a registry.
    pub parent: ImageRef,
    /// How many images of this run are made of this parent; the largest number where it shall be read at any cost.
    pub siblings: usize,
    /// Labels besides those of the instructions, in order.
    pub labels: Vec<(String, String)>,
    /// The references that the result gets; the first one is its content tag.
    pub tags: Vec<ImageRef>,
    /// A folder for files on the way, which is this image's alone.
    pub folder: Utf8PathBuf,
}

/// Why there is no assembled image.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// It takes BuildKit. Nothing was published.
    #[error(transparent)]
    CannotBe(#[from] WhyNot),
    /// An input is no longer what it was when the fingerprint was made. Nothing was published.
    #[error("{path} is no longer what it was")]
    Moved {
        /// The input.
        path: RepoPath,
    },
    /// Cancelled by the user, or something is in the way that BuildKit would meet too.
    #[error(transparent)]
    Failed(#[from] BuildError),
}

/// Makes images without a builder; called from several threads at once.
pub trait Assembler: Sync {
    /// Makes the image, publishes it, and gives it its tags last. Equal requests give equal digests.
    ///
    /// # Errors
    /// [`AssembleError`]; no tag was set.
    fn assemble(&self, request: &AssembleRequest<'_>, cancel: &Cancel) -> Result<Built, AssembleError>;
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_assembler_is_object_safe() {
        fn _object(_: &dyn super::Assembler) {}
    }
}
