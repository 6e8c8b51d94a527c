//! Which files were saved: tells that something changed, never what. Whoever is told looks at the sources again, so that
//! a `touch`, an editor's rename and a switch of branches are all the same.
//!
//! Folders are watched, not files: an editor that saves by renaming gives the file another identity. The folders are
//! those of the input manifests and all above them, so that one that is deleted and made again is noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::error::DevError;

/// Nothing more for so long, and a save is taken for finished.
const QUIET: Duration = Duration::from_millis(15);
/// A switch of branches goes on for longer; this often it is looked at meanwhile.
const LONGEST: Duration = Duration::from_millis(200);

/// What the watcher has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Something in a watched folder changed.
    Changed,
    /// Everything that was saved before this mark was made has been told.
    Mark(u64),
    /// Changes may have been missed.
    Lost(String),
}

/// Watches folders.
pub(crate) struct Watch {
    watcher: RecommendedWatcher,
    /// Each folder with its identity: one that was made again has another and must be watched again.
    folders: BTreeMap<Utf8PathBuf, (u64, u64)>,
    /// Folders that were deleted or moved: the system watches them no more, or elsewhere.
    gone: Arc<Mutex<BTreeSet<Utf8PathBuf>>>,
    /// Whether a change was told that nobody has looked at yet: telling it twice would be looking twice.
    told: Arc<AtomicBool>,
    marks: Utf8PathBuf,
    made: u64,
}

impl Watch {
    /// Watches nothing yet. `marks` is a folder of our own, emptied here; what is seen goes to `seen`.
    pub(crate) fn start(marks: &Utf8Path, seen: impl Fn(Seen) + Send + 'static) -> Result<Self, DevError> {
        let system = |cause| DevError::System { doing: "make a folder for marks", cause };
        let _ = fs::remove_dir_all(marks);
        fs::create_dir_all(marks).map_err(system)?;
        let (events, heard) = channel();
        let watcher = notify::recommended_watcher(move |event| drop(events.send(event)));
        let mut watcher = watcher.map_err(|error| watch_error(&error))?;
        watcher
            .watch(marks.as_std_path(), RecursiveMode::NonRecursive)
            .map_err(|error| watch_error(&error))?;
        let (gone, told) = (Arc::<Mutex<BTreeSet<_>>>::default(), Arc::new(AtomicBool::new(false)));
        let gather = Gather { heard, marks: marks.to_owned(), gone: gone.clone(), told: told.clone(), seen };
        let thread = thread::Builder::new().name("layerwise-watch".to_owned());
        thread
            .spawn(move || gather.go_on())
            .map_err(|cause| DevError::System { doing: "start a thread for watching", cause })?;
        Ok(Self { watcher, folders: BTreeMap::new(), gone, told, marks: marks.to_owned(), made: 0 })
    }

    /// To be called before the sources are looked at: what changes from now on is told again.
    pub(crate) fn looking(&self) {
        self.told.store(false, Ordering::SeqCst);
    }

    /// Watches exactly these folders from now on. Whether some of them were not watched before: what was saved there
    /// meanwhile has not been seen.
    pub(crate) fn set(&mut self, folders: impl IntoIterator<Item = Utf8PathBuf>) -> Result<bool, DevError> {
        let identity = |folder: &Utf8PathBuf| {
            let metadata = fs::metadata(folder).ok()?;
            metadata.is_dir().then(|| (metadata.dev(), metadata.ino()))
        };
        let wanted: BTreeMap<_, _> = folders
            .into_iter()
            .filter_map(|folder| Some((identity(&folder)?, folder)))
            .map(|(id, folder)| (folder, id))
            .collect();
        let moved = std::mem::take(&mut *self.gone.lock().unwrap_or_else(PoisonError::into_inner));
        for folder in moved {
            // One that is made again may even have the same identity.
            if self.folders.remove(&folder).is_some() {
                let _ = self.watcher.unwatch(folder.as_std_path());
            }
        }
        let gone: Vec<_> =
            self.folders.iter().filter(|(folder, id)| wanted.get(*folder) != Some(id)).collect();
        for (folder, _) in gone {
            // A folder that is deleted is no longer watched anyway.
            let _ = self.watcher.unwatch(folder.as_std_path());
        }
        let new: Vec<_> =
            wanted.iter().filter(|(folder, id)| self.folders.get(*folder) != Some(id)).collect();
        let grown = !new.is_empty();
        for (folder, _) in new {
            match self.watcher.watch(folder.as_std_path(), RecursiveMode::NonRecursive) {
                Ok(()) => {}
                // Deleted in this moment; the folder above tells.
                Err(error) if matches!(error.kind, ErrorKind::PathNotFound) => {}
                Err(error) => return Err(watch_error(&error)),
            }
        }
        self.folders = wanted;
        Ok(grown)
    }

    /// Makes a mark: once it is seen, all that was saved before has been seen. `None` when none can be made.
    pub(crate) fn mark(&mut self) -> Option<u64> {
        self.made += 1;
        let mark = self.marks.join(self.made.to_string());
        if fs::write(&mark, "").is_err() {
            // Somebody has deleted the folder, as `cargo clean` does.
            fs::create_dir_all(&self.marks).ok()?;
            self.watcher.watch(self.marks.as_std_path(), RecursiveMode::NonRecursive).ok()?;
            fs::write(&mark, "").ok()?;
        }
        Some(self.made)
    }
}

/// Tells of many events once.
struct Gather<S> {
    heard: Receiver<notify::Result<notify::Event>>,
    marks: Utf8PathBuf,
    gone: Arc<Mutex<BTreeSet<Utf8PathBuf>>>,
    told: Arc<AtomicBool>,
    seen: S,
}

impl<S: Fn(Seen)> Gather<S> {
    fn go_on(self) {
        // Since when something waits to be told.
        let mut since: Option<Instant> = None;
        loop {
            let event = match since {
                None => self.heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(begun) => self.heard.recv_timeout(QUIET.min(LONGEST.saturating_sub(begun.elapsed()))),
            };
            match event {
                Ok(Ok(event)) => self.take(&event, &mut since),
                Ok(Err(error)) => (self.seen)(Seen::Lost(watch_error(&error).to_string())),
                Err(RecvTimeoutError::Timeout) => self.tell(&mut since),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&self, event: &notify::Event, since: &mut Option<Instant>) {
        if event.need_rescan() {
            since.get_or_insert_with(Instant::now);
        }
        if !is_a_change(&event.kind) {
            return;
        }
        for path in &event.paths {
            if let Ok(mark) = path.strip_prefix(&self.marks) {
                let mark = mark.to_str().and_then(|mark| mark.parse().ok());
                if let (Some(mark), EventKind::Create(_)) = (mark, &event.kind) {
                    self.tell(since);
                    (self.seen)(Seen::Mark(mark));
                    let _ = fs::remove_file(path);
                }
                continue;
            }
            if matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)))
                && let Ok(path) = Utf8PathBuf::try_from(path.clone())
            {
                self.gone.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
            }
            since.get_or_insert_with(Instant::now);
        }
    }

    /// Tells what waits, unless that was told and nobody has looked yet.
    fn tell(&self, since: &mut Option<Instant>) {
        if since.take().is_some() && !self.told.swap(true, Ordering::SeqCst) {
            (self.seen)(Seen::Changed);
        }
    }
}

/// Whether an event says that something changed. That a file was opened or read is none: looking at the sources does it.
fn is_a_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => *kind == AccessKind::Close(AccessMode::Write),
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}

fn watch_error(error: &notify::Error) -> DevError {
    match &error.kind {
        ErrorKind::MaxFilesWatch => DevError::Watches,
        other => DevError::Watch { cause: format!("{other:?}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that is seen until the mark `mark` is.
    fn seen_until(mark: u64, seen: &Receiver<Seen>) -> Vec<Seen> {
        seen.iter().take_while(|seen| *seen != Seen::Mark(mark)).collect()
    }

    #[test]
    fn what_was_saved_before_a_mark_is_told_before_it() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::from_path_buf(guard.path().to_owned()).unwrap();
        let sources = folder.join("sources");
        fs::create_dir_all(sources.join("deep")).unwrap();
        let (told, seen) = channel();
        let mut watch = Watch::start(&folder.join("marks"), move |what| told.send(what).unwrap()).unwrap();
        assert!(watch.set([sources.clone(), sources.join("deep"), folder.join("missing")]).unwrap());
        assert!(!watch.set([sources.clone(), sources.join("deep")]).unwrap());

        // Many saves are told once until somebody looks, and reading is none.
        for number in 0..100 {
            fs::write(sources.join(format!("deep/{number}")), "1").unwrap();
        }
        let mark = watch.mark().unwrap();
        assert_eq!(seen_until(mark, &seen), [Seen::Changed]);
        watch.looking();
        fs::read(sources.join("deep/1")).unwrap();
        let mark = watch.mark().unwrap();
        assert_eq!(seen_until(mark, &seen), []);

        // A folder that is made again is another one, and is watched again.
        fs::remove_dir_all(sources.join("deep")).unwrap();
        fs::create_dir(sources.join("deep")).unwrap();
        let mark = watch.mark().unwrap();
        assert_eq!(seen_until(mark, &seen), [Seen::Changed]);
        watch.looking();
        assert!(watch.set([sources.clone(), sources.join("deep")]).unwrap());
        fs::write(sources.join("deep/1"), "2").unwrap();
        let mark = watch.mark().unwrap();
        assert_eq!(seen_until(mark, &seen), [Seen::Changed]);
    }

    #[test]
    fn the_systems_limit_is_said_with_its_remedy() {
        let error = watch_error(&notify::Error::new(ErrorKind::MaxFilesWatch));
        assert!(error.hint().is_some_and(|hint| hint.contains("max_user_watches")), "{error}");
    }
}
