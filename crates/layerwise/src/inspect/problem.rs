//! What keeps an image from being planned, whichever floor found it.

use std::sync::Arc;

use super::own::WORK;
use crate::graph::DeclarationError;
use crate::image_lock::ImageLockError;
use crate::python::closure::ClosureError;
use crate::python::handler::HandlerError;
use crate::python::load::LoadError;
use crate::repo_path::{RepoPath, RepoPathError};
use crate::scan::ScanError;

/// Something that keeps an image from being planned.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// A declaration by itself.
    #[error(transparent)]
    Declaration(#[from] DeclarationError),
    /// `images.lock`.
    #[error(transparent)]
    Lock(ImageLockError),
    /// A declared path.
    #[error("{image}: {error}")]
    Path {
        /// The image.
        image: String,
        /// What is wrong with it.
        error: RepoPathError,
    },
    /// A path that BuildKit's mount options cannot spell.
    #[error(
        "{image}: `{path}` cannot be mounted: its name holds a blank, a comma, a quote, a `$` or a backslash"
    )]
    Mount {
        /// The image.
        image: String,
        /// The path.
        path: RepoPath,
    },
    /// A source with Layerwise's own files in it.
    #[error("{image}: `{path}` holds Layerwise's own files, which change with every build")]
    Own {
        /// The image.
        image: String,
        /// The path.
        path: RepoPath,
    },
    /// A pattern that nothing matches.
    #[error("{image}: nothing matches `{pattern}`")]
    NoMatch {
        /// The image.
        image: String,
        /// The pattern.
        pattern: String,
    },
    /// A pattern with a wildcard before its last part, or one that is malformed.
    #[error("{image}: `{pattern}` is not a pattern that can be copied: {why}")]
    Pattern {
        /// The image.
        image: String,
        /// The pattern.
        pattern: String,
        /// Why not.
        why: String,
    },
    /// The declared local Python packages, taken together.
    #[error(transparent)]
    Packages(LoadError),
    /// A local Python package, or a requirements file, of an image.
    #[error("{image}: {error}")]
    Package {
        /// The image.
        image: String,
        /// What is wrong.
        error: Arc<LoadError>,
    },
    /// What a local Python package needs.
    #[error("{image}: {error}")]
    Closure {
        /// The image.
        image: String,
        /// What is wrong.
        error: ClosureError,
    },
    /// A handler that its sources do not have.
    #[error("{image}: {error}")]
    Handler {
        /// The image.
        image: String,
        /// What is wrong.
        error: HandlerError,
    },
    /// A file of an image.
    #[error("{image}: {error}")]
    Scan {
        /// The image.
        image: String,
        /// What is wrong.
        error: Arc<ScanError>,
    },
    /// A folder that cannot be listed.
    #[error("{image}: {error}")]
    Disk {
        /// The image.
        image: String,
        /// What the disk said; it names the path.
        error: std::io::Error,
    },
}

impl Problem {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Declaration(error) => error.hint().map(str::to_owned),
            Self::Lock(ImageLockError::Newer { .. }) => Some("update Layerwise".to_owned()),
            Self::Lock(ImageLockError::Malformed { .. }) => {
                Some("take it from git again, or delete it and run `cargo xtask lock`".to_owned())
            }
            Self::Lock(ImageLockError::Disk(_)) => None,
            Self::Packages(error) => error.hint(),
            Self::Package { error, .. } => error.hint(),
            Self::Closure { error, .. } => error.hint(),
            Self::Scan { error, .. } => error.hint().map(ToString::to_string),
            Self::Handler { error, .. } => {
                let otherwise = matches!(error, HandlerError::NoModule { .. }).then(|| {
                    "declare a handler out of a third-party distribution with Cmd::unchecked(…)".to_owned()
                });
                let hints: Vec<String> = error.hint().into_iter().chain(otherwise).collect();
                (!hints.is_empty()).then(|| hints.join("; "))
            }
            Self::NoMatch { .. } => Some("check the pattern; it starts at the repository's root".to_owned()),
            Self::Pattern { .. } => {
                Some("only the last part may hold `*`, `?` or `[…]`; copy the folder instead".to_owned())
            }
            Self::Own { .. } => Some(format!(
                "declare what the image needs and is not in `{WORK}`; of a folder around `target` that is left out"
            )),
            Self::Mount { .. } => Some("rename it".to_owned()),
            Self::Path { .. } | Self::Disk { .. } => None,
        }
    }
}

/// Each of a scan's `errors` as a problem of `image`.
pub(super) fn of_scan(image: &str, errors: Vec<Arc<ScanError>>) -> Vec<Problem> {
    let problem = |error| Problem::Scan { image: image.to_owned(), error };
    errors.into_iter().map(problem).collect()
}
