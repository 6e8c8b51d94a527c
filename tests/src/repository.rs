//! A repository in a temporary folder. Gone when it is dropped.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use fs_err::os::unix::fs::symlink;

/// A repository in a temporary folder.
#[derive(Debug)]
pub struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// An empty one.
    ///
    /// # Panics
    /// When the temporary folder cannot be made.
    #[must_use]
    pub fn new() -> Self {
        Self { folder: tempfile::Builder::new().prefix("layerwise-").tempdir().expect("a temporary folder") }
    }

    /// Its root.
    ///
    /// # Panics
    /// When the temporary folder is not UTF-8.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        Utf8Path::from_path(self.folder.path()).expect("a UTF-8 path")
    }

    /// Writes a file, with the folders above it.
    ///
    /// # Panics
    /// When it cannot.
    pub fn write(&self, path: &str, text: &str) -> Utf8PathBuf {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a file below the root")).expect("folders");
        fs::write(&path, text).expect("a file");
        path
    }

    /// Makes a link.
    ///
    /// # Panics
    /// When it cannot.
    pub fn link(&self, path: &str, target: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a link below the root")).expect("folders");
        symlink(target, path).expect("a link");
    }

    /// Makes a folder.
    ///
    /// # Panics
    /// When it cannot.
    pub fn folder(&self, path: &str) {
        fs::create_dir_all(self.root().join(path)).expect("a folder");
    }
}

/// In which order a copy makes what lies in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By name.
    Forward,
    /// By name, from the end.
    Backward,
}

/// Copies a folder: files with their modes, links as links, empty folders. `to` is made, with the folders above it.
///
/// # Panics
/// When it cannot.
pub fn copy(from: &Utf8Path, to: &Utf8Path, order: Order) {
    fs::create_dir_all(to).expect("a folder");
    let entries = from.read_dir_utf8().expect("a folder").map(|entry| entry.expect("an entry"));
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_owned()).collect();
    names.sort();
    if order == Order::Backward {
        names.reverse();
    }
    for name in names {
        let (from, to) = (from.join(&name), to.join(&name));
        match fs::symlink_metadata(&from).expect("an entry").file_type() {
            kind if kind.is_dir() => copy(&from, &to, order),
            kind if kind.is_symlink() => symlink(fs::read_link(&from).expect("a link"), &to).expect("a link"),
            _ => drop(fs::copy(&from, &to).expect("a file")),
        }
    }
}

impl Default for Repository {
    fn default() -> Self {
        Self::new()
    }
}
