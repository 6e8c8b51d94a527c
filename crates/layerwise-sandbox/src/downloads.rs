//! Keeps downloaded packages, for every sandbox of the user. A set is there whole or not at all: it is fetched into a
//! folder of another name and renamed at the end. Never changes or refreshes a set that is there.

use crate::{
    SandboxError,
    architecture::Architecture,
    folder::{self, FolderError, Lock},
    packages::{PackageSet, PrivateApt},
    root::remove,
    sources::Mirror,
};
use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, env, io, process, thread};

const PARTIAL: &str = "partial-";

/// The folder with the downloaded sets, locked for this program.
#[derive(Debug)]
pub(crate) struct Downloads {
    folder: Utf8PathBuf,
    _lock: Lock,
}

impl Downloads {
    /// `$LAYERWISE_DOWNLOADS`, else `layerwise/downloads` in the user's cache folder.
    pub(crate) fn default_folder() -> Result<Utf8PathBuf, FolderError> {
        folder::in_cache("LAYERWISE_DOWNLOADS", "layerwise/downloads")
    }

    /// Whether that is a place that the user did not choose.
    pub(crate) fn is_in_default_folder() -> bool {
        env::var_os("LAYERWISE_DOWNLOADS").is_none_or(|value| value.is_empty())
    }

    /// Waits for its turn, and sweeps up what a program that was killed left.
    pub(crate) fn open(folder: Utf8PathBuf, waiting: impl FnOnce()) -> io::Result<Self> {
        let lock = folder::lock(&folder, waiting)?;
        for entry in fs_err::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                remove(&Utf8PathBuf::from_path_buf(entry.path()).unwrap_or_default())?;
            }
        }
        Ok(Self { folder, _lock: lock })
    }

    /// The folder of the set `key`, if it has been fetched.
    pub(crate) fn get(&self, key: &str) -> Option<Utf8PathBuf> {
        Some(self.folder.join(key)).filter(|folder| folder.is_dir())
    }

    /// The folder of the set `key`; `fetch` fills it if need be.
    pub(crate) fn get_or_fetch(
        &self,
        key: &str,
        fetch: impl FnOnce(&Utf8Path) -> Result<(), SandboxError>,
    ) -> Result<Utf8PathBuf, SandboxError> {
        if let Some(folder) = self.get(key) {
            return Ok(folder);
        }
        let (partial, folder) = (self.partial(key)?, self.folder.join(key));
        fetch(&partial)?;
        fs_err::rename(&partial, &folder)?;
        Ok(folder)
    }

    /// Fetches those of `sets` that are missing, each release and architecture beside the others.
    pub(crate) fn fetch_packages(&self, sets: &[PackageSet], host_release: &str) -> Result<(), SandboxError> {
        let mut missing: BTreeMap<_, Vec<&PackageSet>> = BTreeMap::new();
        for set in sets.iter().filter(|set| self.get(&set.key()).is_none()) {
            missing.entry((set.release, set.architecture.name())).or_default().push(set);
        }
        if missing.is_empty() {
            return Ok(());
        }
        let mirror = Mirror::of_host(host_release)?;
        thread::scope(|scope| {
            let fetching: Vec<_> = missing
                .into_values()
                .map(|sets| scope.spawn(|| self.fetch_from_one_release(&mirror, sets)))
                .collect();
            fetching.into_iter().try_for_each(|fetched| {
                fetched.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })
    }

    fn fetch_from_one_release(&self, mirror: &Mirror, sets: Vec<&PackageSet>) -> Result<(), SandboxError> {
        let Some(first) = sets.first() else { return Ok(()) };
        let (release, architecture): (_, Architecture) = (first.release, first.architecture);
        let lists = self.partial(&format!("lists-{release}-{}", architecture.name()))?;
        let apt = PrivateApt::update(lists.clone(), mirror, release, architecture)?;
        for set in sets {
            self.get_or_fetch(&set.key(), |folder| Ok(apt.download(set.packages, folder)?))?;
        }
        Ok(fs_err::remove_dir_all(lists)?)
    }

    /// Deletes all of them.
    pub(crate) fn delete(self) -> io::Result<()> {
        fs_err::remove_dir_all(&self.folder)
    }

    fn partial(&self, name: &str) -> io::Result<Utf8PathBuf> {
        // A child of a program that was killed may still be writing: not where we do.
        let partial = self.folder.join(format!("{PARTIAL}{}-{name}", process::id()));
        fs_err::create_dir_all(&partial)?;
        Ok(partial)
    }
}

/// A short name for `text`.
pub(crate) fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_finished_set_is_not_there() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::from_path_buf(temporary.path().join("downloads")).unwrap();
        let downloads = Downloads::open(folder.clone(), || {}).unwrap();
        let failed = downloads.get_or_fetch("set", |partial| {
            fs_err::write(partial.join("half"), "")?;
            Err(io::Error::other("killed").into())
        });
        assert!(failed.is_err());
        assert_eq!(downloads.get("set"), None);
        drop(downloads);

        let downloads = Downloads::open(folder, || {}).unwrap();
        let set = downloads
            .get_or_fetch("set", |partial| {
                assert!(!partial.join("half").exists(), "swept up");
                Ok(fs_err::write(partial.join("whole"), "")?)
            })
            .unwrap();
        assert!(set.join("whole").exists());
        let again = downloads.get_or_fetch("set", |_| Err(io::Error::other("fetched twice").into())).unwrap();
        assert_eq!(set, again);
    }
}
