//! The build context of one target: a copy of exactly its inputs, in a folder of ours. Never changes the repository.
//!
//! BuildKit takes files as they are on the disk, and takes one for unchanged when its size and its modification time are
//! (`tonistiigi/fsutil`, `diff_containerd.go`). But a checkout's modes depend on the umask, and tools that keep times (`tar`,
//! `rsync -t`, whatever builds reproducibly) change bytes without changing either. In the copy modes are what git keeps of
//! them, and a file's modification time tells its content. So two checkouts build the same image, no edit is overlooked, and
//! what has not changed is neither copied nor sent to the builder again.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use camino::Utf8Path;
use fs_err as fs;

use super::{Inspected, Inspection};
use crate::digest::Digest;
use crate::inputs::Entry;
use crate::repo_path::RepoPath;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// An input is no longer what it was when the fingerprint was made.
    #[error("{path} is no longer what it was")]
    Moved {
        /// The input.
        path: RepoPath,
    },
    /// The disk did not let us; the message names the path.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// 2000-01-01, which every archive format can write: the second of all modification times.
const SECOND: Duration = Duration::from_secs(946_684_800);

/// What the copy has to have, folders on the way included.
type Wanted = BTreeMap<RepoPath, Entry>;

impl Inspected {
    /// What the build context holds: every input, and the folders on the way to it.
    #[must_use]
    pub fn context(&self) -> BTreeMap<RepoPath, Entry> {
        let mut context = BTreeMap::new();
        for (path, entry) in self.ingredients.classes.values().flat_map(|class| &class.files) {
            let above = std::iter::successors(path.parent(), RepoPath::parent);
            context
                .extend(above.take_while(|folder| !folder.is_root()).map(|folder| (folder, Entry::Folder)));
            context.insert(path.clone(), entry.clone());
        }
        context
    }
}

impl Inspection {
    /// Brings `context` to hold the inputs of the target at `place` and nothing else. Each file is digested while it is
    /// copied: what is in the copy is what the fingerprint says.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn copy_context(&self, place: usize, context: &Utf8Path) -> Result<(), ContextError> {
        let wanted = self.targets[place].context();
        make_folder(context)?;
        remove_others(context, &RepoPath::root(), &wanted)?;
        for (path, entry) in wanted {
            let copy = path.on_disk(context);
            match entry {
                Entry::Folder => make_folder(&copy)?,
                Entry::Link { target } => make_link(&target, &copy)?,
                Entry::File { digest, executable } => {
                    let mode = if executable { 0o755 } else { 0o644 };
                    if !is_copied(&copy, digest, mode)?
                        && !copy_file(&path.on_disk(&self.root), &copy, digest, mode)?
                    {
                        return Err(ContextError::Moved { path });
                    }
                }
            }
        }
        Ok(())
    }
}

/// Removes what is not wanted, or is of another kind than what is wanted in its place.
fn remove_others(context: &Utf8Path, folder: &RepoPath, wanted: &Wanted) -> io::Result<()> {
    for entry in fs::read_dir(folder.on_disk(context))? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.file_name().to_str().and_then(|name| folder.child(name).ok());
        let stays = match path.as_ref().and_then(|path| wanted.get(path)) {
            Some(Entry::Folder) => kind.is_dir(),
            Some(Entry::Link { .. }) => kind.is_symlink(),
            Some(Entry::File { .. }) => kind.is_file(),
            None => false,
        };
        match path {
            Some(path) if stays && kind.is_dir() => remove_others(context, &path, wanted)?,
            _ if stays => {}
            _ if kind.is_dir() => fs::remove_dir_all(entry.path())?,
            _ => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// Whatever the umask is.
fn make_folder(path: &Utf8Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    set_mode(path, 0o755)
}

fn make_link(target: &str, path: &Utf8Path) -> io::Result<()> {
    match fs::read_link(path) {
        Ok(present) if present.to_str() == Some(target) => return Ok(()),
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fs::os::unix::fs::symlink(target, path)
}

/// Whether `copy` has been made already: its time is set last.
fn is_copied(copy: &Utf8Path, digest: Digest, mode: u32) -> io::Result<bool> {
    match fs::symlink_metadata(copy) {
        Ok(found) => {
            Ok(found.permissions().mode() & 0o7777 == mode && found.modified()? == modification_time(digest))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the file still had the bytes of `digest`; only then the copy gets its mode and its time.
fn copy_file(from: &Utf8Path, to: &Utf8Path, digest: Digest, mode: u32) -> io::Result<bool> {
    let from = match fs::File::open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        from => from?,
    };
    let mut copy = fs::File::create(to)?;
    let (found, _) = Digest::of_reader(Tee { from, to: &mut copy })?;
    if found == digest {
        set_mode(to, mode)?;
        copy.file().set_modified(modification_time(digest))?;
    }
    Ok(found == digest)
}

/// A time that tells contents of one size apart: BuildKit compares nanoseconds.
fn modification_time(digest: Digest) -> SystemTime {
    SystemTime::UNIX_EPOCH + SECOND + Duration::from_nanos(digest.prefix() % 1_000_000_000)
}

fn set_mode(path: &Utf8Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// Writes what is read.
struct Tee<R, W> {
    from: R,
    to: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.to.write_all(&buffer[..read])?;
        Ok(read)
    }
}

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;
