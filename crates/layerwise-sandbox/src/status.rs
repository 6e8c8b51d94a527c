//! What there is of a sandbox: processes, versions, disk use. Never starts, stops or waits for anything.

use crate::{
    SandboxError, downloads::Downloads, emulation, engine, folder::Folder, processes::Role, registry, root,
    state::State,
};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;
use std::{collections::BTreeMap, os::unix::fs::MetadataExt};

/// What there is of a sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its folder, whether or not it exists.
    pub folder: Utf8PathBuf,
    /// Engine and registry run and answer.
    pub up: bool,
    /// The engine's process.
    pub engine_pid: Option<i32>,
    /// The registry's process.
    pub registry_pid: Option<i32>,
    /// The registry's port on 127.0.0.1: the one in use, or the one it had last.
    pub registry_port: Option<u16>,
    /// The process that answers as AWS.
    pub aws_pid: Option<i32>,
    /// Its port on 127.0.0.1, while it is wanted.
    pub aws_port: Option<u16>,
    /// The machine runs arm64 programs because of this sandbox.
    pub emulates_arm64: bool,
    /// The Debian packages it is made of.
    pub versions: BTreeMap<String, String>,
    /// What the folder takes on disk.
    pub disk_bytes: u64,
    /// The folder of the downloads, which all sandboxes of the user share; empty where none is known.
    pub downloads: Utf8PathBuf,
    /// What that takes on disk.
    pub downloads_bytes: u64,
}

pub(crate) fn status(path: &Utf8Path) -> Result<Status, SandboxError> {
    let downloads = Downloads::default_folder().unwrap_or_default();
    let downloads_bytes = disk_use(&downloads);
    let Some(folder) = Folder::existing(path)? else {
        return Ok(Status { folder: path.to_owned(), downloads, downloads_bytes, ..Status::default() });
    };
    let state = State::load(&folder);
    let registry_answers = state.as_ref().is_some_and(|state| registry::answers(&folder, state));
    Ok(Status {
        up: registry_answers && engine::answers(&folder),
        engine_pid: Role::Engine.main_process(&folder).map(|process| process.pid),
        registry_pid: Role::Registry.main_process(&folder).map(|process| process.pid),
        registry_port: state.as_ref().map(|state| state.registry_port),
        aws_pid: Role::Aws.main_process(&folder).map(|process| process.pid),
        aws_port: state.as_ref().filter(|state| state.aws).map(|state| state.aws_port),
        emulates_arm64: emulation::is_prepared(&folder) && emulation::is_up(&folder)?,
        versions: root::versions(&folder),
        disk_bytes: disk_use(folder.path()),
        folder: folder.path().to_owned(),
        downloads,
        downloads_bytes,
    })
}

/// The blocks of all files in `path`. What cannot be read, or vanishes meanwhile, does not count.
fn disk_use(path: &Utf8Path) -> u64 {
    let Ok(found) = fs_err::symlink_metadata(path) else { return 0 };
    let own = found.blocks() * 512;
    if !found.is_dir() {
        return own;
    }
    let entries = fs_err::read_dir(path).into_iter().flatten().flatten();
    let paths = entries.filter_map(|entry| Utf8PathBuf::from_path_buf(entry.path()).ok());
    own + paths.map(|path| disk_use(&path)).sum::<u64>()
}
