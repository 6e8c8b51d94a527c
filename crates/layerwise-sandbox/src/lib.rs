//! A whole local world for building Lambda images, from nothing: a Docker engine with BuildKit and buildx, a registry
//! with a login, and a stand-in for AWS's Python base image under its own name, with AWS's Runtime Interface Emulator.
//!
//! Everything comes from signed Debian packages and pinned PyPI wheels and lies in one folder of the user's cache.
//! Nothing is installed on the machine, and after [`Sandbox::down`] nothing runs or is mounted, and no interface or rule
//! is left. Any number of sandboxes can be up beside each other and beside another Docker engine.
//!
//! On demand, a server answers as S3, ECR and Lambda.
//!
//! This crate prints nothing and never touches anything of another engine.

mod architecture;
mod aws;
mod clock;
mod command;
mod downloads;
mod emulation;
mod engine;
mod error;
mod folder;
mod host;
mod http;
mod network;
mod packages;
mod port;
mod processes;
mod registry;
mod root;
mod rootfs;
mod running;
mod sources;
mod stand_in;
mod state;
mod status;
mod up;
mod wait;
mod wheels;

pub use crate::{
    aws::Aws, command::CommandError, emulation::ForeignEntry, engine::NoAnswer, error::SandboxError,
    folder::FolderError, host::Unsupported, network::NoFreeNetwork, registry::NoFreePort, running::Running,
    sources::NoMirror, status::Status,
};

use crate::{downloads::Downloads, folder::Folder, host::Host};
use camino::{Utf8Path, Utf8PathBuf};
use std::time::Duration;

/// A sandbox: one folder, whether or not anything is in it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sandbox {
    folder: Utf8PathBuf,
}

/// The reference under which a sandbox's engine has the stand-in for AWS's base image.
pub const STAND_IN: &str = stand_in::IMAGE;

/// What [`Sandbox::up`] is to do besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpOptions {
    /// Architectures whose programs the machine is to run as well, until [`Sandbox::down`]. This concerns the whole
    /// machine, not only the sandbox.
    pub emulate: Vec<Emulation>,
    /// Whether an engine that is started has its images in memory: for thousands of small builds, which otherwise wait for the
    /// disk most of the time. They end with the engine.
    pub in_memory: bool,
    /// Whether S3, ECR and Lambda are to answer as well, until [`Sandbox::down`]. What they hold stays for the next time.
    pub aws: bool,
}

/// An architecture to emulate. On a machine of that architecture there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Emulation {
    /// 64-bit ARM, AWS's Graviton.
    Arm64,
}

/// What [`Sandbox::up`] tells while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// Another program has the lock of this folder; its turn comes first.
    Waiting {
        /// The folder.
        folder: &'a Utf8Path,
    },
    /// A step begins. A step whose work is done already is not told.
    Started {
        /// What is done, for people: `start the engine`.
        step: &'a str,
    },
    /// The step has ended well.
    Finished {
        /// As when it began.
        step: &'a str,
        /// How long it took.
        took: Duration,
    },
}

impl Sandbox {
    /// The user's own: `$LAYERWISE_SANDBOX_DIR`, else `layerwise/sandbox` in `$XDG_CACHE_HOME` or `$HOME/.cache`.
    pub fn default_folder() -> Result<Utf8PathBuf, SandboxError> {
        Ok(folder::in_cache("LAYERWISE_SANDBOX_DIR", "layerwise/sandbox")?)
    }

    /// The sandbox in `folder`. Looks at nothing yet.
    pub fn at(folder: Utf8PathBuf) -> Self {
        Self { folder }
    }

    /// Whether this machine can run a sandbox; if not, the error says why.
    pub fn supported() -> Result<(), Unsupported> {
        Host::supported().map(drop)
    }

    /// Brings it up, from whatever state it is in; a tenth of a second if it is up. Of two at once, one waits.
    pub fn up(&self, options: &UpOptions, progress: &dyn Fn(Progress<'_>)) -> Result<Running, SandboxError> {
        let host = Host::supported()?;
        let folder = Folder::create(&self.folder)?;
        let _lock = folder.lock(|| progress(Progress::Waiting { folder: folder.path() }))?;
        up::up(&folder, host, options, progress)
    }

    /// Ends everything that runs and takes back what is not in the folder. Images stay for the next [`Sandbox::up`].
    pub fn down(&self) -> Result<(), SandboxError> {
        let Some(folder) = Folder::existing(&self.folder)? else { return Ok(()) };
        let _lock = folder.lock(|| {})?;
        up::down(&folder)
    }

    /// [`Sandbox::down`], then deletes the folder; with the user's own sandbox the downloads go too, unless
    /// `$LAYERWISE_DOWNLOADS` names a place for them.
    pub fn purge(&self) -> Result<(), SandboxError> {
        if let Some(folder) = Folder::existing(&self.folder)? {
            let _lock = folder.lock(|| {})?;
            up::down(&folder)?;
            folder.delete()?;
        }
        let is_default = Self::default_folder().is_ok_and(|default| default == self.folder);
        if is_default && Downloads::is_in_default_folder() {
            Downloads::open(Downloads::default_folder()?, || {})?.delete()?;
        }
        Ok(())
    }

    /// What there is of it.
    pub fn status(&self) -> Result<Status, SandboxError> {
        status::status(&self.folder)
    }

    /// A library for `LD_PRELOAD` by which programs see another time of day (libfaketime): for tests. Fetched when it is
    /// first asked for.
    pub fn clock(&self) -> Result<Utf8PathBuf, SandboxError> {
        let host = Host::supported()?;
        let folder = Folder::create(&self.folder)?;
        let _lock = folder.lock(|| {})?;
        clock::library(&folder, &host)
    }

    /// How to reach it, if it is up.
    pub fn running(&self) -> Result<Option<Running>, SandboxError> {
        Ok(Folder::existing(&self.folder)?.as_ref().and_then(up::running))
    }
}
