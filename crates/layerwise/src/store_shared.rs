//! Records that several machines share, as one of them sees them: a store far away, and a folder that remembers what that
//! store has said, so that nothing is asked twice. Where the store is out of reach, a run goes on without it; what it
//! then builds is remembered nowhere. Never writes where it may only read.

use std::sync::OnceLock;

use crate::name::Name;
use crate::parallel;
use crate::platform::Platform;
use crate::record::{Record, RecordKey};
use crate::store::{Lookup, RecordStore, StoreError};
use crate::store_dir::DirStore;

/// Questions that are on their way at once.
const QUESTIONS: usize = 16;

/// What a machine may do to shared records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read them only: what nobody has checked yet must not be taken for built by everybody else.
    ReadOnly,
    /// Read and write them.
    ReadWrite,
}

/// Shared records, as one machine sees them.
pub struct SharedStore {
    far: Box<dyn RecordStore + Send>,
    mirror: DirStore,
    access: Access,
    author: String,
    outage: OnceLock<StoreError>,
}

impl SharedStore {
    /// The records in `far`, remembered in `mirror`, which nobody else writes to; those that are written say that
    /// `author` did.
    #[must_use]
    pub fn new(far: Box<dyn RecordStore + Send>, mirror: DirStore, access: Access, author: String) -> Self {
        Self { far, mirror, access, author, outage: OnceLock::new() }
    }

    /// Why the store was out of reach, if it was.
    #[must_use]
    pub fn outage(&self) -> Option<&StoreError> {
        self.outage.get()
    }

    /// What may be done to the records.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// Asks the store, unless it was found to be out of reach before: then, and from then on, there is no answer.
    fn ask<A>(
        &self,
        question: impl FnOnce(&dyn RecordStore) -> Result<A, StoreError>,
    ) -> Result<Option<A>, StoreError> {
        if self.outage.get().is_some() {
            return Ok(None);
        }
        match question(&*self.far) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.unreachable => {
                let _ = self.outage.set(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn remember(&self, key: &RecordKey, lookup: &Lookup) -> Result<(), StoreError> {
        match lookup {
            Lookup::Found(record) => self.mirror.copy(key, record),
            Lookup::Absent | Lookup::Unusable(_) => self.mirror.remove(key),
        }
    }
}

impl RecordStore for SharedStore {
    fn get(&self, key: &RecordKey) -> Result<Lookup, StoreError> {
        match self.mirror.get(key)? {
            found @ Lookup::Found(_) => Ok(found),
            Lookup::Absent | Lookup::Unusable(_) => self.get_again(key),
        }
    }

    fn get_all(&self, keys: &[RecordKey]) -> Result<Vec<Lookup>, StoreError> {
        let mut lookups = self.mirror.get_all(keys)?;
        let is_unknown = |place: &usize| !matches!(lookups[*place], Lookup::Found(_));
        let unknown: Vec<usize> = (0..keys.len()).filter(is_unknown).collect();
        let answers = parallel::ask(&unknown, QUESTIONS, |&place| self.get_again(&keys[place]))?;
        for (place, answer) in unknown.into_iter().zip(answers) {
            lookups[place] = answer;
        }
        Ok(lookups)
    }

    fn get_again(&self, key: &RecordKey) -> Result<Lookup, StoreError> {
        match self.ask(|far| far.get(key))? {
            Some(lookup) => {
                self.remember(key, &lookup)?;
                Ok(lookup)
            }
            None => Ok(match self.mirror.get(key)? {
                found @ Lookup::Found(_) => found,
                Lookup::Absent | Lookup::Unusable(_) => Lookup::Absent,
            }),
        }
    }

    fn put(&self, key: &RecordKey, record: &Record) -> Result<bool, StoreError> {
        if self.access == Access::ReadOnly {
            return Ok(false);
        }
        let record = record.clone().by(&self.author);
        match self.ask(|far| far.put(key, &record))? {
            Some(true) => self.mirror.copy(key, &record).map(|()| true),
            // Somebody else was first, and theirs is the one that counts.
            Some(false) => self.get_again(key).map(|_| false),
            None => Ok(false),
        }
    }

    fn remove(&self, key: &RecordKey) -> Result<(), StoreError> {
        if self.access == Access::ReadWrite {
            self.ask(|far| far.remove(key))?;
        }
        self.mirror.remove(key)
    }

    fn recent(&self, image: &Name, platform: Platform, limit: usize) -> Result<Vec<Record>, StoreError> {
        let known = self.mirror.recent(image, platform, limit)?;
        if !known.is_empty() {
            return Ok(known);
        }
        Ok(self.ask(|far| far.recent(image, platform, limit))?.unwrap_or_default())
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        if self.access == Access::ReadWrite {
            self.ask(|far| far.check_writable())?;
        }
        self.mirror.check_writable()
    }
}

#[cfg(test)]
#[path = "store_shared/tests.rs"]
mod tests;
