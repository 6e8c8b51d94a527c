//! The port to where records are kept. Never decides anything; a record is written by `run` alone.

use crate::name::Name;
use crate::platform::Platform;
use crate::record::{Record, RecordError, RecordKey};

/// What a store has under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// A record that proves itself.
    Found(Box<Record>),
    /// Nothing.
    Absent,
    /// Something that cannot be used; it is reported and the image is built again.
    Unusable(RecordError),
}

/// A store that cannot be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {doing} records in {place}: {cause}")]
pub struct StoreError {
    /// `read` or `write`.
    pub doing: &'static str,
    /// The folder or the address.
    pub place: String,
    /// What it said.
    pub cause: String,
    /// Whether nobody answered: this passes, and may be waited out. Any other answer stays until somebody does something.
    pub unreachable: bool,
    /// What to do about it, where the store knows better than that another place can be chosen.
    pub hint: Option<String>,
}

/// Where records are kept: one immutable object per key, written by create-if-absent.
pub trait RecordStore: Sync {
    /// The record under `key`.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be told whether there is one.
    fn get(&self, key: &RecordKey) -> Result<Lookup, StoreError>;

    /// The records under `keys`, in their order: a store may look for many at once.
    ///
    /// # Errors
    /// As [`RecordStore::get`], for the first that cannot be told.
    fn get_all(&self, keys: &[RecordKey]) -> Result<Vec<Lookup>, StoreError> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// The record under `key`, whatever is remembered of it: somebody else may have replaced it.
    ///
    /// # Errors
    /// As [`RecordStore::get`].
    fn get_again(&self, key: &RecordKey) -> Result<Lookup, StoreError> {
        self.get(key)
    }

    /// Writes `record` unless there is one under its key already. Answers whether it was written.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is left half written.
    fn put(&self, key: &RecordKey, record: &Record) -> Result<bool, StoreError>;

    /// Removes a record whose image is gone, or that cannot be used.
    ///
    /// # Errors
    /// [`StoreError`].
    fn remove(&self, key: &RecordKey) -> Result<(), StoreError>;

    /// The newest records of one image, at most `limit`, newest first: for explaining only.
    ///
    /// # Errors
    /// [`StoreError`].
    fn recent(&self, image: &Name, platform: Platform, limit: usize) -> Result<Vec<Record>, StoreError>;

    /// Fails now if writing will fail later, so that nobody builds for ten minutes in vain.
    ///
    /// # Errors
    /// [`StoreError`].
    fn check_writable(&self) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_store_is_object_safe() {
        fn _object(_: &dyn super::RecordStore) {}
    }
}
