//! A lock between processes: a file that one of them holds. Never left behind by a process that has ended.

use std::fs::File;
use std::io;
use std::sync::Arc;

use camino::Utf8Path;
use fs_err as fs;

use super::{again_if_deleted, folder_of};

/// How long until a lock that somebody holds is tried again.
const POLL: std::time::Duration = std::time::Duration::from_millis(20);

/// An exclusive lock that lasts until it is dropped. The operating system takes it back when the process ends,
/// however it ends, so no lock ever needs a person.
#[derive(Debug)]
pub struct Lock {
    file: Arc<File>,
}

impl Lock {
    /// Waits until the lock on `path` is ours; `None` if `give_up` says so first. `waiting` is called once if somebody
    /// else holds it now.
    ///
    /// # Errors
    /// Any error of the file system; it names the path.
    pub fn acquire(
        path: &Utf8Path,
        waiting: impl FnOnce(),
        give_up: impl Fn() -> bool,
    ) -> io::Result<Option<Self>> {
        let file = again_if_deleted(|| {
            fs::create_dir_all(folder_of(path))?;
            // A child that holds it has it for input and output: there is nothing to be read, and nothing is harmed.
            fs::OpenOptions::new().create(true).read(true).append(true).open(path)
        })?;
        let file = file.into_file();
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self { file: Arc::new(file) })),
                Err(std::fs::TryLockError::Error(error)) => return Err(named(error, path)),
                Err(std::fs::TryLockError::WouldBlock) if give_up() => return Ok(None),
                Err(std::fs::TryLockError::WouldBlock) => {
                    if let Some(waiting) = waiting.take() {
                        waiting();
                    }
                    // A blocking lock could not be given up; builds take seconds, so this is soon enough.
                    std::thread::sleep(POLL);
                }
            }
        }
    }

    /// The file, for a child that is to hold the lock too: then it lasts until both let go.
    #[must_use]
    pub fn file(&self) -> Arc<File> {
        self.file.clone()
    }
}

fn named(error: io::Error, path: &Utf8Path) -> io::Error {
    io::Error::new(error.kind(), format!("cannot lock `{path}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{folder, while_deleted};
    use super::*;

    #[test]
    fn a_lock_is_had_although_its_folder_is_deleted_meanwhile() {
        while_deleted(|path| {
            Lock::acquire(path, || {}, || false).unwrap();
        });
    }

    #[test]
    fn a_second_holder_waits_for_the_first() {
        let (_guard, folder) = folder();
        let path = folder.join("lock");
        let first = Lock::acquire(&path, || panic!("nobody holds it"), || false).unwrap();
        assert!(Lock::acquire(&path, || panic!("it gives up at once"), || true).unwrap().is_none());
        let (told, waits) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| Lock::acquire(&path, || told.send(()).unwrap(), || false).unwrap());
            waits.recv().unwrap();
            assert!(!second.is_finished());
            drop(first);
            assert!(second.join().unwrap().is_some());
        });
    }
}
