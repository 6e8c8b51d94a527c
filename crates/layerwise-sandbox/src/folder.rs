//! Where everything of a sandbox lies, and the lock that makes two programs take turns with it.
//! Never reads or writes a file outside the folder.

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{FlockOperation, flock, fstat, stat};
use sha2::{Digest, Sha256};
use std::{env, io, os::unix::fs::PermissionsExt};

/// A sandbox's folder; a method for each path in it.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: Utf8PathBuf,
}

/// A folder that cannot hold a sandbox.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// No place is known for it.
    #[error("no folder for the sandbox: neither LAYERWISE_SANDBOX_DIR nor XDG_CACHE_HOME nor HOME is set")]
    Unknown,
    /// Sockets have short names.
    #[error("the sandbox's folder has too long a name for a socket in it: {0}")]
    TooLong(Utf8PathBuf),
    /// A name of unusual bytes.
    #[error("the sandbox's folder is not valid UTF-8: {0}")]
    NotUtf8(String),
    /// It is part of the system's run-time folder, which the engine gets its own copy of.
    #[error("the sandbox's folder may not be below /run: {0}")]
    BelowRun(Utf8PathBuf),
}

impl FolderError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "set LAYERWISE_SANDBOX_DIR to a folder with a short name, for example /var/tmp/layerwise"
    }
}

/// Held while a program changes something; given back when dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: fs_err::File,
}

/// The default for `variable`, else `below` in the user's cache folder.
pub(crate) fn in_cache(variable: &str, below: &str) -> Result<Utf8PathBuf, FolderError> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty()).map(Utf8PathBuf::from);
    set(variable)
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join(below)))
        .or_else(|| set("HOME").map(|home| home.join(".cache").join(below)))
        .ok_or(FolderError::Unknown)
}

impl Folder {
    /// The folder at `path`, made if need be. The same folder under two names is one sandbox.
    pub(crate) fn create(path: &Utf8Path) -> Result<Self, crate::SandboxError> {
        fs_err::create_dir_all(path)?;
        // It holds a password and a socket that gives root.
        fs_err::set_permissions(path, PermissionsExt::from_mode(0o700))?;
        let folder = Self::existing(path)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        if folder.path.starts_with("/run") {
            return Err(FolderError::BelowRun(folder.path).into());
        }
        // 108 bytes, of which the last is zero.
        if folder.socket().as_str().len() > 107 {
            return Err(FolderError::TooLong(folder.path).into());
        }
        Ok(folder)
    }

    /// The folder at `path`, if there is one.
    pub(crate) fn existing(path: &Utf8Path) -> Result<Option<Self>, crate::SandboxError> {
        let path = match fs_err::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            path => path?,
        };
        let path = Utf8PathBuf::from_path_buf(path)
            .map_err(|path| FolderError::NotUtf8(path.to_string_lossy().into_owned()))?;
        Ok(Some(Self { path }))
    }

    /// A number that is this folder's own: from it come the names and addresses of what cannot lie in a folder.
    pub(crate) fn number(&self) -> u32 {
        let digest = Sha256::digest(self.path.as_str());
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
    }

    /// A short name that is this folder's own, fit for a network interface.
    pub(crate) fn name(&self) -> String {
        format!("lw{:08x}", self.number())
    }

    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }
    /// The unpacked engine, registry and tools.
    pub(crate) fn root(&self) -> Utf8PathBuf {
        self.path.join("root")
    }
    /// The programs for clients.
    pub(crate) fn bin(&self) -> Utf8PathBuf {
        self.path.join("bin")
    }
    /// The engine's own: images, containers, networks.
    pub(crate) fn data(&self) -> Utf8PathBuf {
        self.path.join("data")
    }
    /// `DOCKER_CONFIG`.
    pub(crate) fn docker_config(&self) -> Utf8PathBuf {
        self.path.join("docker")
    }
    /// Files that mean nothing once the engine has ended.
    pub(crate) fn run(&self) -> Utf8PathBuf {
        self.path.join("run")
    }
    pub(crate) fn socket(&self) -> Utf8PathBuf {
        self.run().join("docker.sock")
    }
    pub(crate) fn log(&self, of: &str) -> Utf8PathBuf {
        self.path.join("log").join(format!("{of}.log"))
    }
    /// The build context of the base image.
    pub(crate) fn stand_in(&self) -> Utf8PathBuf {
        self.path.join("stand-in")
    }
    /// For the temporary files of every child: `/tmp` may be full.
    pub(crate) fn tmp(&self) -> Utf8PathBuf {
        self.path.join("tmp")
    }

    /// Waits for the folder's lock; `waiting` is told if another program has it.
    pub(crate) fn lock(&self, waiting: impl FnOnce()) -> io::Result<Lock> {
        lock(&self.path, waiting)
    }

    /// Deletes the folder.
    pub(crate) fn delete(&self) -> io::Result<()> {
        match fs_err::remove_dir_all(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            deleted => deleted,
        }
    }
}

/// Takes the lock of `folder`, which is made if need be.
pub(crate) fn lock(folder: &Utf8Path, waiting: impl FnOnce()) -> io::Result<Lock> {
    let mut waiting = Some(waiting);
    let path = folder.join("lock");
    loop {
        fs_err::create_dir_all(folder)?;
        let file = fs_err::OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            if let Some(waiting) = waiting.take() {
                waiting();
            }
            flock(&file, FlockOperation::LockExclusive)?;
        }
        // The one before us may have deleted the folder: then this lock is of a file that nobody else will find.
        let ours = fstat(&file)?;
        if stat(path.as_std_path())
            .is_ok_and(|found| (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino))
        {
            return Ok(Lock { _file: file });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary() -> (tempfile::TempDir, Utf8PathBuf) {
        let temporary = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
        (temporary, path)
    }

    #[test]
    fn a_folder_under_two_names_is_one() {
        let (_temporary, path) = temporary();
        let (real, link) = (path.join("real"), path.join("link"));
        fs_err::create_dir(&real).unwrap();
        fs_err::os::unix::fs::symlink(&real, &link).unwrap();
        let (real, link) = (Folder::create(&real).unwrap(), Folder::create(&link).unwrap());
        assert_eq!(real.name(), link.name());
        assert!(real.name().len() < 16, "a network interface's name has at most 15 bytes");
    }

    #[test]
    fn refuses_a_name_too_long_for_a_socket() {
        let (_temporary, path) = temporary();
        let refused = Folder::create(&path.join("x".repeat(120))).unwrap_err();
        assert!(refused.to_string().contains("too long"), "{refused}");
    }

    #[test]
    fn a_lock_outlives_the_deletion_of_its_folder() {
        let (_temporary, path) = temporary();
        let folder = path.join("f");
        let first = lock(&folder, || {}).unwrap();
        std::thread::scope(|scope| {
            let (told, waits) = std::sync::mpsc::channel();
            let second = scope.spawn(|| lock(&folder, move || told.send(()).unwrap()));
            waits.recv().unwrap();
            fs_err::remove_dir_all(&folder).unwrap();
            drop(first);
            second.join().unwrap().unwrap();
        });
        assert!(folder.join("lock").exists());
    }
}
