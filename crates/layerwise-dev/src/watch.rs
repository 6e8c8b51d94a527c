//! Which files were saved: tells that something changed, never what. Whoever is told looks at the sources again, so that
//! a `touch`, an editor's rename and a switch of branches are all the same.
//!
//! Folders are watched, not files: an editor that saves by renaming gives the file another identity. The folders are
//! those of the input manifests and all above them, so that one that is deleted and made again is noticed.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use notify::event::{AccessKind, AccessMode, EventKind};
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
        let own = marks.to_owned();
        let thread = thread::Builder::new().name("layerwise-watch".to_owned());
        thread
            .spawn(move || gather(&heard, &own, seen))
            .map_err(|cause| DevError::System { doing: "start a thread for watching", cause })?;
        Ok(Self { watcher, folders: BTreeMap::new(), marks: marks.to_owned(), made: 0 })
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
fn gather(heard: &Receiver<notify::Result<notify::Event>>, marks: &Utf8Path, seen: impl Fn(Seen)) {
    let mut since: Option<Instant> = None;
    loop {
        let event = match since {
            None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(begun) => heard.recv_timeout(QUIET.min(LONGEST.saturating_sub(begun.elapsed()))),
        };
        match event {
            Ok(Ok(event)) if event.need_rescan() => seen(Seen::Changed),
            Ok(Ok(event)) if is_a_change(&event.kind) => {
                for path in &event.paths {
                    match path.strip_prefix(marks) {
                        Ok(mark) => {
                            if let Some(mark) = mark.to_str().and_then(|mark| mark.parse().ok())
                                && matches!(event.kind, EventKind::Create(_))
                            {
                                if since.take().is_some() {
                                    seen(Seen::Changed);
                                }
                                seen(Seen::Mark(mark));
                                let _ = fs::remove_file(path);
                            }
                        }
                        Err(_) => {
                            since.get_or_insert_with(Instant::now);
                        }
                    }
                }
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => seen(Seen::Lost(watch_error(&error).to_string())),
            Err(RecvTimeoutError::Timeout) => {
                since = None;
                seen(Seen::Changed);
            }
            Err(RecvTimeoutError::Disconnected) => return,
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
