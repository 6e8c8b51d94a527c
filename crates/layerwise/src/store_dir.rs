//! Records in a local folder: `<folder>/v1/<image>/<architecture>/<64 hex>.record`. Never touches anything else there.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::digest::Digest;
use crate::fs::create_atomic;
use crate::name::Name;
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

    fn images(&self, image: &Name, platform: Platform) -> Utf8PathBuf {
        self.folder.join("v1").join(image.as_str()).join(platform.architecture())
    }

    fn path(&self, key: &RecordKey) -> Utf8PathBuf {
        self.images(&key.image, key.platform).join(format!("{}.record", key.fingerprint.hex()))
    }

    fn error(&self, doing: &'static str) -> impl Fn(io::Error) -> StoreError + '_ {
        move |error| StoreError { doing, place: self.folder.to_string(), cause: error.to_string() }
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

    fn put(&self, key: &RecordKey, record: &Record) -> Result<bool, StoreError> {
        create_atomic(&self.path(key), record.text().as_bytes()).map_err(self.error("write"))
    }

    fn remove(&self, key: &RecordKey) -> Result<(), StoreError> {
        match fs::remove_file(self.path(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.error("write")(error)),
            _ => Ok(()),
        }
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
        let probe = self.folder.join(format!(".writable-{}", std::process::id()));
        crate::fs::write_atomic(&probe, b"")
            .and_then(|()| fs::remove_file(&probe))
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
