//! The door to the disk for what the engine writes: atomic files, and locks. Never walks and never digests (`scan` does).

mod lock;

use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

pub use self::lock::Lock;

/// Writes `bytes` to `path`, unless something is there, so that a reader sees nothing or the whole file, and a power cut
/// leaves one of the two: a temporary file in the same folder, synced, renamed, and the folder synced. Creates missing
/// folders, again if somebody deletes them meanwhile. Answers whether it wrote.
///
/// # Errors
/// Any error of the file system; it names the path. The temporary file is removed.
pub fn create_atomic(path: &Utf8Path, bytes: &[u8]) -> io::Result<bool> {
    again_if_deleted(|| create_once(path, bytes))
}

/// How often something is tried whose folder is deleted each time. A deletion of folders gets in the way once for each
/// of them at most.
const TRIES: usize = 16;

/// Does what makes its own folders until it is not told that one of them is gone. That may sound like its contrary: a
/// folder that is there when it shall be made, and gone when it is looked at.
fn again_if_deleted<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..TRIES {
        match attempt() {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {}
            result => return result,
        }
    }
    attempt()
}

fn create_once(path: &Utf8Path, bytes: &[u8]) -> io::Result<bool> {
    let temporary = write_beside(path, bytes, Durability::PowerCut)?;
    match rename_if_free(&temporary, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&temporary)?;
            Ok(false)
        }
        result => finish(result, &temporary, path).map(|()| true),
    }
}

/// Gives `temporary` the name `path` in one step, so that a kill leaves one of the two names and never both.
fn rename_if_free(temporary: &Utf8Path, path: &Utf8Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, temporary.as_std_path(), CWD, path.as_std_path(), RenameFlags::NOREPLACE) {
        // Network file systems do not know this kind of renaming. A link fails where the name is taken, on all of them.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            fs::hard_link(temporary, path)?;
            fs::remove_file(temporary)
        }
        result => result.map_err(|error| {
            io::Error::new(io::Error::from(error).kind(), format!("cannot write `{path}`: {error}"))
        }),
    }
}

/// Removes a file, unless somebody else has.
///
/// # Errors
/// Any other error of the file system; it names the path.
pub fn remove_if_there(path: &Utf8Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Removes what writers that were killed have left in `folder`. Only for somebody who keeps other writers out meanwhile.
///
/// # Errors
/// Any error of the file system; it names the path.
pub fn remove_temporaries(folder: &Utf8Path) -> io::Result<()> {
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        listing => listing?,
    };
    for entry in listing {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(TEMPORARY)) {
            let path =
                Utf8PathBuf::from_path_buf(entry.path()).map_err(|_| io::ErrorKind::InvalidFilename)?;
            remove_if_there(&path)?;
        }
    }
    Ok(())
}

/// Writes what can be made again at any time, and only when the file does not hold these bytes already, so that its
/// modification time tells the truth. A reader sees the old file or the whole new one; nothing waits for the disk.
/// Answers whether it wrote.
///
/// # Errors
/// As [`create_atomic`].
pub fn write_if_different(path: &Utf8Path, bytes: &[u8]) -> io::Result<bool> {
    match fs::read(path) {
        Ok(present) if present == bytes => return Ok(false),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let temporary = write_beside(path, bytes, Durability::Process)?;
    if let Err(error) = fs::rename(&temporary, path) {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(true)
}

/// Writes what can be made again at any time by way of `scratch`, a folder on the same disk that somebody empties: a kill
/// leaves a temporary file there and nothing elsewhere. A reader sees the old file or the whole new one.
///
/// # Errors
/// Any error of the file system; it names the path.
pub fn write_by_way_of(scratch: &Utf8Path, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
    again_if_deleted(|| {
        let name = path.file_name().unwrap_or("file");
        let temporary = write_beside(&scratch.join(name), bytes, Durability::Process)?;
        fs::create_dir_all(folder_of(path))?;
        fs::rename(&temporary, path)
    })
}

/// What a written file survives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// The end of this process.
    Process,
    /// A power cut: the disk has it.
    PowerCut,
}

fn write_beside(path: &Utf8Path, bytes: &[u8], durability: Durability) -> io::Result<Utf8PathBuf> {
    let folder = folder_of(path);
    match durability {
        Durability::Process => fs::create_dir_all(folder)?,
        Durability::PowerCut => create_folder(folder)?,
    }
    let temporary = folder.join(format!(".{}.{}", path.file_name().unwrap_or("file"), unique()));
    let result = fs::OpenOptions::new().write(true).create_new(true).open(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        if durability == Durability::PowerCut { file.sync_all() } else { Ok(()) }
    });
    if let Err(error) = result {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(temporary)
}

fn finish(result: io::Result<()>, temporary: &Utf8Path, path: &Utf8Path) -> io::Result<()> {
    if let Err(error) = result {
        let _ = fs::remove_file(temporary);
        return Err(error);
    }
    sync_folder(folder_of(path))
}

/// Makes a folder with all above it, so that a power cut leaves them: each one's name stands in the folder above.
fn create_folder(folder: &Utf8Path) -> io::Result<()> {
    let missing: Vec<_> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(folder)?;
    missing.into_iter().try_for_each(|made| sync_folder(folder_of(made)))
}

fn sync_folder(folder: &Utf8Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

fn folder_of(path: &Utf8Path) -> &Utf8Path {
    path.parent().filter(|folder| *folder != "").unwrap_or(Utf8Path::new("."))
}

/// How the name of a temporary file ends; it begins with a dot.
const TEMPORARY: &str = ".tmp";

/// A name that no other process and no other thread of this one uses: the process's id and a counter.
fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}{TEMPORARY}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        (folder, path)
    }

    fn names(folder: &Utf8Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_stays_beside_it() {
        let (_guard, folder) = folder();
        let path = folder.join("a/b");
        write_if_different(&path, b"one").unwrap();
        write_if_different(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(&folder.join("a")), ["b"]);
    }

    #[test]
    fn creating_never_replaces() {
        let (_guard, folder) = folder();
        let path = folder.join("record");
        assert!(create_atomic(&path, b"first").unwrap());
        assert!(!create_atomic(&path, b"second").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(&folder), ["record"]);
    }

    #[test]
    fn of_many_creators_one_wins() {
        let (_guard, folder) = folder();
        let path = folder.join("record");
        let wins: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8u8)
                .map(|i| {
                    let path = &path;
                    scope.spawn(move || usize::from(create_atomic(path, &[i]).unwrap()))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((wins, names(&folder).len()), (1, 1));
    }

    /// Each round, a tree is deleted while something is written in it.
    pub fn while_deleted(write: impl Fn(&Utf8Path)) {
        let (_guard, folder) = folder();
        let tree = folder.join("tree");
        for _ in 0..60 {
            for name in 0..20 {
                fs::create_dir_all(tree.join(format!("a/b/{name}"))).unwrap();
            }
            let start = std::sync::Barrier::new(2);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    // It fails when a folder that it has emptied is filled again; that is not the question.
                    let _ = fs::remove_dir_all(&tree);
                });
                start.wait();
                (0..40).for_each(|_| write(&tree.join("a/b/file")));
            });
        }
    }

    #[test]
    fn folders_that_are_deleted_meanwhile_are_made_again() {
        while_deleted(|path| {
            create_atomic(path, b"record").unwrap();
        });
    }

    #[test]
    fn what_a_killed_writer_left_is_removed_and_nothing_else() {
        let (_guard, folder) = folder();
        for name in ["record", ".hidden", "other.tmp"] {
            fs::write(folder.join(name), "").unwrap();
        }
        write_beside(&folder.join("record"), b"half", Durability::Process).unwrap();
        assert_eq!(names(&folder).len(), 4);
        remove_temporaries(&folder).unwrap();
        assert_eq!(names(&folder), [".hidden", "other.tmp", "record"]);
        remove_temporaries(&folder.join("missing")).unwrap();
    }

    #[test]
    fn equal_bytes_are_not_written_again() {
        let (_guard, folder) = folder();
        let path = folder.join("file");
        assert!(write_if_different(&path, b"x").unwrap());
        assert!(!write_if_different(&path, b"x").unwrap());
        assert!(write_if_different(&path, b"y").unwrap());
    }
}
