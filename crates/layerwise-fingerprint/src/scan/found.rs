//! What a look at the disk found. Never reads a file's content.

use std::fs::{FileType, Metadata};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::sync::Arc;

use camino::Utf8Path;

use super::ScanError;
use crate::repo_path::{RepoPath, RepoPathError};

/// What one path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    File { executable: bool },
    Link { target: String },
    Folder,
}

/// What was found for one source.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) paths: Vec<(RepoPath, Kind)>,
    /// Files and folders with another mode than a fresh checkout gives them.
    pub(super) odd_modes: Vec<(RepoPath, u32)>,
    pub(super) errors: Vec<Arc<ScanError>>,
}

impl Found {
    /// The regular files in it.
    pub(super) fn files(&self) -> impl Iterator<Item = &RepoPath> {
        self.paths.iter().filter(|(_, kind)| matches!(kind, Kind::File { .. })).map(|(path, _)| path)
    }

    /// Takes in a regular file.
    pub(super) fn file(&mut self, path: RepoPath, metadata: &Metadata) {
        let mode = metadata.permissions().mode() & 0o7777;
        if !matches!(mode, 0o644 | 0o755) {
            self.odd_modes.push((path.clone(), mode));
        }
        self.paths.push((path, Kind::File { executable: mode & 0o100 != 0 }));
    }

    /// Takes in a folder. The root is always there and is no entry.
    pub(super) fn folder(&mut self, path: RepoPath, metadata: &Metadata) {
        if path.is_root() {
            return;
        }
        let mode = metadata.permissions().mode() & 0o7777;
        if mode != 0o755 {
            self.odd_modes.push((path.clone(), mode));
        }
        self.paths.push((path, Kind::Folder));
    }
}

/// The target of the link at `path`: its text, and where in the repository that is. Nothing says that it exists.
pub(super) fn read_link(root: &Utf8Path, path: &RepoPath) -> Result<(String, RepoPath), ScanError> {
    let target = fs_err::read_link(path.on_disk(root))
        .map_err(|cause| ScanError::Unreadable { path: path.clone(), cause })?;
    let folder = path.parent().unwrap_or_else(RepoPath::root);
    let name = |why| ScanError::Name { folder: folder.clone(), name: path.to_string(), why };
    let target =
        target.into_os_string().into_string().map_err(|_| name("leads to a name that is not UTF-8"))?;
    match RepoPath::below(&folder, &target) {
        Ok(inside) => Ok((target, inside)),
        Err(RepoPathError::Absolute(_) | RepoPathError::Outside(_)) => {
            Err(ScanError::LinkLeaves { path: path.clone(), target })
        }
        Err(RepoPathError::Control(_)) => Err(name("leads to a name with a control character")),
    }
}

/// The error for something that is neither file, link nor folder.
pub(super) fn special(path: RepoPath, kind: FileType) -> ScanError {
    let kind = match kind {
        kind if kind.is_fifo() => "named pipe",
        kind if kind.is_socket() => "socket",
        kind if kind.is_block_device() || kind.is_char_device() => "device",
        _ => "special file",
    };
    ScanError::Special { path, kind }
}
