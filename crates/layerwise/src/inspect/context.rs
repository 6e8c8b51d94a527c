//! The build context of one target: the repository itself, or, where modes on the disk are not what git keeps of
//! them, a copy with the modes that every checkout would have. Never changes the repository.
//!
//! BuildKit takes modes as they are on the disk, and so would images built under umask 0002 and 0022 differ although
//! nothing that counts does.

use std::io;
use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::Inspection;
use crate::inputs::Entry;

impl Inspection {
    /// The folder that the build of the target at `place` reads; a copy is made below `folder`.
    ///
    /// # Errors
    /// Of the file system; they name the path.
    pub fn context(&self, place: usize, folder: &Utf8Path) -> io::Result<Utf8PathBuf> {
        let inspected = &self.targets[place];
        if inspected.odd_modes.is_empty() {
            return Ok(self.root.clone());
        }
        let context = folder.join("context");
        match fs::remove_dir_all(&context) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => make_folder(&context)?,
        }
        for class in inspected.ingredients.classes.values() {
            for (path, entry) in &class.files {
                let (from, to) = (path.on_disk(&self.root), path.on_disk(&context));
                make_folders_to(&context, &to)?;
                match entry {
                    Entry::Folder => make_folder(&to)?,
                    Entry::Link { target } => make_link(target, &to)?,
                    Entry::File { executable, .. } => {
                        fs::copy(&from, &to)?;
                        set_mode(&to, if *executable { 0o755 } else { 0o644 })?;
                    }
                }
            }
        }
        Ok(context)
    }

    /// Removes a context that [`Inspection::context`] made; the repository itself stays.
    ///
    /// # Errors
    /// Of the file system; they name the path.
    pub fn drop_context(&self, context: &Utf8Path) -> io::Result<()> {
        if context == self.root { Ok(()) } else { fs::remove_dir_all(context) }
    }
}

fn make_folders_to(context: &Utf8Path, path: &Utf8Path) -> io::Result<()> {
    let mut missing: Vec<&Utf8Path> =
        path.ancestors().skip(1).take_while(|folder| *folder != context && !folder.exists()).collect();
    while let Some(folder) = missing.pop() {
        make_folder(folder)?;
    }
    Ok(())
}

/// Whatever the umask is.
fn make_folder(path: &Utf8Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    set_mode(path, 0o755)
}

/// The same link may belong to two layer classes.
fn make_link(target: &str, path: &Utf8Path) -> io::Result<()> {
    match fs::os::unix::fs::symlink(target, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

fn set_mode(path: &Utf8Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}
