//! Records in a local folder: `<folder>/v1/<image>/<architecture>/<64 hex>.record`. Never touches anything else there.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::digest::Digest;
use crate::fs::{create_atomic, remove_if_there, remove_temporaries, write_if_different};
use crate::name::Name;
use crate::parallel;
use crate::platform::Platform;
use crate::record::{Record, RecordKey};
use crate::store::{Lookup, RecordStore, StoreError};

/// A folder of records. It may be shared: between checkouts, between users, over a network file system.
#[derive(Debug, Clone)]
pub struct DirStore {
    folder: Utf8PathBuf,
}

impl DirStore {
    /// Records below `folder`, which is made when the first is written.
    #[must_use]
    pub fn new(folder: Utf8PathBuf) -> Self {
        Self { folder }
    }

    /// Where runs that share these records keep out of each other's way.
    #[must_use]
    pub fn locks(&self) -> Utf8PathBuf {
        self.folder.join("locks")
    }

    /// Keeps `record` as a copy of one that is kept elsewhere too, instead of the one that is there: quickly, and without
    /// the lock that [`RecordStore::put`] relies on. What a power cut makes of it is found to be damaged.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn copy(&self, key: &RecordKey, record: &Record) -> Result<(), StoreError> {
        write_if_different(&self.path(key), record.text().as_bytes()).map_err(self.error("write"))?;
        Ok(())
    }

    fn images(&self, image: &Name, platform: Platform) -> Utf8PathBuf {
        self.folder.join("v1").join(image.as_str()).join(platform.architecture())
    }

    fn path(&self, key: &RecordKey) -> Utf8PathBuf {
        self.images(&key.image, key.platform).join(format!("{}.record", key.fingerprint.hex()))
    }

    fn error(&self, doing: &'static str) -> impl Fn(io::Error) -> StoreError + '_ {
        move |error| StoreError {
            doing,
            place: self.folder.to_string(),
            cause: error.to_string(),
            unreachable: false,
            hint: None,
        }
    }
}

impl RecordStore for DirStore {
    fn get(&self, key: &RecordKey) -> Result<Lookup, StoreError> {
        match fs::read(self.path(key)) {
            Ok(bytes) => Ok(match Record::parse(key, &String::from_utf8_lossy(&bytes)) {
                Ok(record) => Lookup::Found(Box::new(record)),
                Err(error) => Lookup::Unusable(error),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Lookup::Absent),
            Err(error) => Err(self.error("read")(error)),
        }
    }

    fn get_all(&self, keys: &[RecordKey]) -> Result<Vec<Lookup>, StoreError> {
        parallel::map(keys, |key| self.get(key)).into_iter().collect()
    }

    fn put(&self, key: &RecordKey, record: &Record) -> Result<bool, StoreError> {
        // Whoever writes a record of an image holds its lock, so another's temporary file is that of a killed run.
        remove_temporaries(&self.images(&key.image, key.platform))
            .and_then(|()| create_atomic(&self.path(key), record.text().as_bytes()))
            .map_err(self.error("write"))
    }

    fn remove(&self, key: &RecordKey) -> Result<(), StoreError> {
        remove_if_there(&self.path(key)).map_err(self.error("write"))
    }

    fn recent(&self, image: &Name, platform: Platform, limit: usize) -> Result<Vec<Record>, StoreError> {
        let folder = self.images(image, platform);
        let mut found = newest_first(&folder).map_err(self.error("read"))?;
        found.truncate(limit);
        let records = found.into_iter().filter_map(|fingerprint| {
            let key = RecordKey { image: image.clone(), platform, fingerprint };
            match self.get(&key) {
                Ok(Lookup::Found(record)) => Some(Ok(*record)),
                Ok(Lookup::Absent | Lookup::Unusable(_)) => None,
                Err(error) => Some(Err(error)),
            }
        });
        records.collect()
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        // One name for all runs: what a killed one leaves, the next one takes away.
        let probe = self.folder.join("writable");
        fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&probe, "can this be written?"))
            .and_then(|()| remove_if_there(&probe))
            .map_err(self.error("write"))
    }
}

fn newest_first(folder: &Utf8Path) -> io::Result<Vec<Digest>> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in listing {
        let entry = entry?;
        let name = entry.file_name();
        let hex = name.to_str().and_then(|name| name.strip_suffix(".record"));
        if let Some(digest) = hex.and_then(|hex| Digest::parse(&format!("sha256:{hex}")).ok()) {
            found.push((entry.metadata()?.modified()?, digest));
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    Ok(found.into_iter().map(|(_, digest)| digest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    fn store() -> (tempfile::TempDir, DirStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = DirStore::new(Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap());
        (folder, store)
    }

    #[test]
    fn what_is_put_is_found_until_it_is_removed() {
        let (_guard, store) = store();
        let (key, record) = record("ping", "CMD 1");
        assert_eq!(store.get(&key).unwrap(), Lookup::Absent);
        assert!(store.put(&key, &record).unwrap());
        assert!(!store.put(&key, &record).unwrap());
        assert_eq!(store.get(&key).unwrap(), Lookup::Found(Box::new(record)));
        store.remove(&key).unwrap();
        store.remove(&key).unwrap();
        assert_eq!(store.get(&key).unwrap(), Lookup::Absent);
    }

    #[test]
    fn a_damaged_record_is_said_to_be_damaged() {
        let (_guard, store) = store();
        let (key, record) = record("ping", "CMD 1");
        store.put(&key, &record).unwrap();
        fs::write(store.path(&key), &record.text()[..40]).unwrap();
        assert!(matches!(store.get(&key).unwrap(), Lookup::Unusable(_)));
    }

    #[test]
    fn recent_gives_the_newest_of_this_image_only() {
        let (_guard, store) = store();
        let (_, other) = record("pong", "CMD 1");
        let (other_key, _) = record("pong", "CMD 1");
        store.put(&other_key, &other).unwrap();
        let mut keys = Vec::new();
        for (age, command) in [(3, "CMD 1"), (2, "CMD 2"), (1, "CMD 3")] {
            let (key, record) = record("ping", command);
            store.put(&key, &record).unwrap();
            let time = std::time::SystemTime::now() - std::time::Duration::from_secs(age * 60);
            fs::File::options()
                .write(true)
                .open(store.path(&key))
                .unwrap()
                .file()
                .set_modified(time)
                .unwrap();
            keys.push(key);
        }
        let recent = store.recent(&keys[0].image, Platform::LinuxAmd64, 2).unwrap();
        let found: Vec<_> = recent.iter().map(|record| record.head.fingerprint).collect();
        assert_eq!(found, [keys[2].fingerprint, keys[1].fingerprint]);
    }

    #[test]
    fn what_a_killed_run_left_is_gone_after_the_next_record() {
        let (_guard, store) = store();
        let (key, record) = record("ping", "CMD 1");
        let left = store.path(&key).with_file_name(".0.record.1-0.tmp");
        fs::create_dir_all(left.parent().unwrap()).unwrap();
        for path in [&left, &store.folder.join("writable")] {
            fs::write(path, "half").unwrap();
        }
        store.check_writable().unwrap();
        store.put(&key, &record).unwrap();
        let names = |folder: &Utf8Path| fs::read_dir(folder).unwrap().count();
        assert_eq!((names(left.parent().unwrap()), names(&store.folder)), (1, 1));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_said_before_anything_is_built() {
        let (_guard, store) = store();
        fs::create_dir_all(&store.folder).unwrap();
        store.check_writable().unwrap();
        let blocked = DirStore::new(store.folder.join("file"));
        fs::write(store.folder.join("file"), "").unwrap();
        let error = blocked.check_writable().unwrap_err().to_string();
        assert!(error.starts_with("cannot write records in "), "{error}");
    }
}
