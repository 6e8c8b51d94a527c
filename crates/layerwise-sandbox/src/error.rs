//! The one error of this crate: whichever module failed, with its message and its hint.

use crate::{
    command::CommandError, emulation::ForeignEntry, engine::NoAnswer, folder::FolderError, host::Unsupported,
    network::NoFreeNetwork, registry::NoFreePort, sources::NoMirror,
};
use std::io;

/// Why the sandbox could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// This machine cannot run the sandbox at all.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The folder cannot hold a sandbox.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A child process failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The machine's apt sources name no mirror of Debian.
    #[error(transparent)]
    NoMirror(#[from] NoMirror),
    /// The engine or the registry did not come up.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// No addresses are left for the engine's network.
    #[error(transparent)]
    NoFreeNetwork(#[from] NoFreeNetwork),
    /// No port is left for the registry.
    #[error(transparent)]
    NoFreePort(#[from] NoFreePort),
    /// Somebody else's entry is in the way of emulation.
    #[error(transparent)]
    ForeignEntry(#[from] ForeignEntry),
    /// A file could not be read or written; the message names it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl SandboxError {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Unsupported(error) => Some(error.hint()),
            Self::Folder(error) => Some(error.hint()),
            Self::NoMirror(error) => Some(error.hint()),
            Self::NoAnswer(error) => Some(error.hint()),
            Self::ForeignEntry(error) => Some(error.hint()),
            Self::Command(error) => error.hint(),
            Self::NoFreeNetwork(_) | Self::NoFreePort(_) => {
                Some("end another sandbox: `sandbox down` in its folder")
            }
            Self::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                Some("the sandbox takes about 1 GB: set LAYERWISE_SANDBOX_DIR to a folder on a larger disk")
            }
            Self::Io(_) => None,
        }
    }
}
