//! Two machines on a store that is a folder, counts its questions and fails on demand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use camino::Utf8PathBuf;

use super::*;
use crate::record::tests::record;

/// What stands far away: a folder that counts its questions and may be out of reach.
#[derive(Clone)]
struct Far {
    store: DirStore,
    questions: Arc<AtomicUsize>,
    fails: Arc<Mutex<Option<StoreError>>>,
}

impl Far {
    fn asked(&self) -> Result<&DirStore, StoreError> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        self.fails.lock().unwrap().clone().map_or(Ok(&self.store), Err)
    }

    fn questions(&self) -> usize {
        self.questions.swap(0, Ordering::Relaxed)
    }

    fn fail(&self, unreachable: bool) {
        let (place, cause) = ("s3://records".to_owned(), "no".to_owned());
        *self.fails.lock().unwrap() =
            Some(StoreError { doing: "read", place, cause, unreachable, hint: None });
    }

    fn heal(&self) {
        *self.fails.lock().unwrap() = None;
    }
}

impl RecordStore for Far {
    fn get(&self, key: &RecordKey) -> Result<Lookup, StoreError> {
        self.asked()?.get(key)
    }
    fn put(&self, key: &RecordKey, record: &Record) -> Result<bool, StoreError> {
        self.asked()?.put(key, record)
    }
    fn remove(&self, key: &RecordKey) -> Result<(), StoreError> {
        self.asked()?.remove(key)
    }
    fn recent(&self, image: &Name, platform: Platform, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.asked()?.recent(image, platform, limit)
    }
    fn check_writable(&self) -> Result<(), StoreError> {
        self.asked()?.check_writable()
    }
}

struct Place {
    folder: tempfile::TempDir,
    far: Far,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let far = Utf8PathBuf::from_path_buf(folder.path().join("far")).unwrap();
        let far = Far { store: DirStore::new(far), questions: Arc::default(), fails: Arc::default() };
        Self { folder, far }
    }

    /// A machine of that name, on its next run.
    fn machine(&self, name: &str, access: Access) -> SharedStore {
        let mirror = Utf8PathBuf::from_path_buf(self.folder.path().join(name)).unwrap();
        SharedStore::new(Box::new(self.far.clone()), DirStore::new(mirror), access, name.to_owned())
    }
}

#[test]
fn what_one_machine_writes_another_finds_and_asks_for_once() {
    let place = Place::new();
    let (key, record) = record("ping", "CMD 1");
    assert!(place.machine("one", Access::ReadWrite).put(&key, &record).unwrap());
    place.far.questions();
    assert!(matches!(place.machine("one", Access::ReadWrite).get(&key), Ok(Lookup::Found(_))));
    assert_eq!(place.far.questions(), 0, "who wrote it knows it");

    let found = Lookup::Found(Box::new(record.by("one")));
    assert_eq!(place.machine("other", Access::ReadOnly).get(&key).unwrap(), found);
    assert_eq!(place.far.questions(), 1);
    let keys = [key.clone(), self::record("pong", "CMD 1").0];
    let lookups = place.machine("other", Access::ReadOnly).get_all(&keys).unwrap();
    assert_eq!(lookups, [found, Lookup::Absent]);
    assert_eq!(place.far.questions(), 1, "only for what is not known");
}

#[test]
fn of_two_that_write_at_once_the_first_wins_on_both() {
    let place = Place::new();
    let (key, record) = record("ping", "CMD 1");
    let (one, other) = (place.machine("one", Access::ReadWrite), place.machine("other", Access::ReadWrite));
    assert!(one.put(&key, &record).unwrap());
    assert!(!other.put(&key, &record).unwrap());
    assert_eq!(other.get(&key).unwrap(), Lookup::Found(Box::new(record.by("one"))));
}

#[test]
fn who_may_only_read_writes_and_removes_nothing() {
    let place = Place::new();
    let (key, record) = record("ping", "CMD 1");
    let reader = place.machine("reader", Access::ReadOnly);
    reader.check_writable().unwrap();
    assert!(!reader.put(&key, &record).unwrap());
    assert_eq!(place.machine("reader", Access::ReadWrite).get(&key).unwrap(), Lookup::Absent);
    place.machine("one", Access::ReadWrite).put(&key, &record).unwrap();
    reader.remove(&key).unwrap();
    assert!(matches!(reader.get(&key).unwrap(), Lookup::Found(_)));
}

#[test]
fn out_of_reach_is_found_out_once_and_what_is_known_stays_known() {
    let place = Place::new();
    let (known, record) = record("ping", "CMD 1");
    place.machine("one", Access::ReadWrite).put(&known, &record).unwrap();
    let (unknown, other) = self::record("pong", "CMD 1");
    place.far.fail(true);
    place.far.questions();

    let machine = place.machine("one", Access::ReadWrite);
    assert!(matches!(machine.get(&known).unwrap(), Lookup::Found(_)));
    assert!(machine.outage().is_none(), "nobody had to be asked");
    assert_eq!(machine.get(&unknown).unwrap(), Lookup::Absent);
    machine.check_writable().unwrap();
    assert!(!machine.put(&unknown, &other).unwrap());
    assert!(matches!(machine.get_again(&known).unwrap(), Lookup::Found(_)));
    assert_eq!(place.far.questions(), 1);
    assert_eq!(machine.outage().unwrap().place, "s3://records");

    place.far.heal();
    let machine = place.machine("one", Access::ReadWrite);
    assert_eq!(machine.get(&unknown).unwrap(), Lookup::Absent, "nothing was remembered");
    assert!(machine.put(&unknown, &other).unwrap());
}

#[test]
fn a_refusal_is_an_error_and_no_outage() {
    let place = Place::new();
    place.far.fail(false);
    let machine = place.machine("one", Access::ReadWrite);
    let (key, record) = record("ping", "CMD 1");
    machine.get(&key).unwrap_err();
    machine.put(&key, &record).unwrap_err();
    machine.check_writable().unwrap_err();
    assert!(machine.outage().is_none());
}

#[test]
fn a_record_that_was_replaced_is_seen_when_asked_again() {
    let place = Place::new();
    let (key, record) = record("ping", "CMD 1");
    let (one, other) = (place.machine("one", Access::ReadWrite), place.machine("other", Access::ReadWrite));
    one.put(&key, &record).unwrap();
    other.get(&key).unwrap();
    one.remove(&key).unwrap();
    let mut newer = record;
    newer.head.milliseconds = 7;
    one.put(&key, &newer).unwrap();
    let newer = Lookup::Found(Box::new(newer.by("one")));
    assert_ne!(other.get(&key).unwrap(), newer);
    assert_eq!(other.get_again(&key).unwrap(), newer);
    assert_eq!(other.get(&key).unwrap(), newer, "and remembered");
}

#[test]
fn a_damaged_copy_is_asked_for_again() {
    let place = Place::new();
    let (key, record) = record("ping", "CMD 1");
    let machine = place.machine("one", Access::ReadWrite);
    machine.put(&key, &record).unwrap();
    let mirror = machine.mirror.clone();
    mirror.remove(&key).unwrap();
    let (_, other) = self::record("pong", "CMD 1");
    mirror.copy(&key, &other).unwrap();
    assert_eq!(machine.get(&key).unwrap(), Lookup::Found(Box::new(record.by("one"))));
}
