//! One declared folder, as far as the rules let in what lies below it. Lists folders, never opens a file.

use std::fs::Metadata;

use camino::Utf8Path;
use fs_err as fs;

use super::found::{Found, Kind, read_link, special};
use super::image::Rules;
use super::{Lists, ScanError};
use crate::dockerignore::{Behind, Exclusions};
use crate::repo_path::RepoPath;

/// The folder of `rules`, and what lies below it and is let in. `lists` has every list that the rules name, parsed.
pub(super) fn walk(root: &Utf8Path, rules: &Rules, metadata: &Metadata, lists: &Lists) -> Found {
    let mut walk = Walk { root, rules, lists, found: Found::default() };
    walk.found.folder(rules.folder.clone(), metadata);
    if let Some(inside) = walk.inside(rules.folder)
        && let Err(error) = walk.list(rules.folder, inside)
    {
        walk.found.errors.push(error.into());
    }
    // Once here, so that the sorted entries of every image are gathered without further comparing.
    walk.found.paths.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    walk.found
}

struct Walk<'a> {
    root: &'a Utf8Path,
    rules: &'a Rules<'a>,
    lists: &'a Lists<'a>,
    found: Found,
}

/// Which tree decides about what lies in a folder.
#[derive(Clone, Copy)]
struct Inside<'a> {
    tree: &'a RepoPath,
    exclusions: &'a Exclusions,
    /// Whether the tree has left out the folder already.
    left_out: bool,
}

/// A folder that is still to be listed.
struct Below<'a> {
    path: RepoPath,
    metadata: Metadata,
    inside: Inside<'a>,
}

impl Inside<'_> {
    /// Whether the tree lets in `path`, whose text is given because it may be no [`RepoPath`].
    fn lets_in(&self, path: &str) -> bool {
        let below = if self.tree.is_root() { path } else { &path[self.tree.as_str().len() + 1..] };
        !self.left_out && !self.exclusions.take_out(below)
    }
}

impl<'a> Walk<'a> {
    /// Inside of the declared tree `folder`; `None` when it is none, or what it leaves out could not be parsed.
    fn inside(&self, folder: &RepoPath) -> Option<Inside<'a>> {
        let (tree, exclude) = self.rules.trees.get_key_value(folder)?;
        let exclusions = self.lists.get(&(Behind::of(tree), &**exclude))?.as_ref().ok()?;
        Some(Inside { tree, exclusions, left_out: false })
    }

    /// Lists `folder` to its end before it goes into the folders found there: a descriptor for each level of a deep tree
    /// would be more than some machines give.
    fn list(&mut self, folder: &RepoPath, inside: Inside<'a>) -> Result<(), ScanError> {
        let unreadable = |cause| ScanError::Unreadable { path: folder.clone(), cause };
        let mut below = Vec::new();
        for entry in fs::read_dir(folder.on_disk(self.root)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            match self.entry(folder, &entry, inside) {
                Ok(folder) => below.extend(folder),
                Err(error) => self.found.errors.push(error.into()),
            }
        }
        for folder in below {
            if let Err(error) = self.enter(folder) {
                self.found.errors.push(error.into());
            }
        }
        Ok(())
    }

    fn enter(&mut self, Below { path, metadata, inside }: Below<'a>) -> Result<(), ScanError> {
        let before = self.found.paths.len();
        self.list(&path, inside)?;
        // BuildKit takes an excluded folder along for the sake of what is brought back below it.
        if !inside.left_out || self.found.paths.len() > before {
            self.found.folder(path, &metadata);
        }
        Ok(())
    }

    /// Takes in one entry of `folder`; one that is a folder itself is answered.
    fn entry(
        &mut self,
        folder: &RepoPath,
        entry: &fs::DirEntry,
        around: Inside<'a>,
    ) -> Result<Option<Below<'a>>, ScanError> {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = folder.child(&name);
        let tree = path.as_ref().ok().and_then(|path| self.inside(path));
        let included = match &path {
            Ok(path) => tree.is_some() || self.rules.files.contains(path) || around.lets_in(path.as_str()),
            Err(_) => around.lets_in(&join(folder, &name)),
        };
        let bad_name = |why| ScanError::Name { folder: folder.clone(), name: name.clone().into_owned(), why };
        if included && matches!(name, std::borrow::Cow::Owned(_)) {
            return Err(bad_name("is not UTF-8"));
        }
        let path = match path {
            Ok(path) => path,
            Err(_) if included => return Err(bad_name("holds a control character")),
            Err(_) => return Ok(None),
        };

        let unreadable = |cause| ScanError::Unreadable { path: path.clone(), cause };
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            if !included && !self.rules.lead_into(&path) {
                return Ok(None);
            }
            let metadata = entry.metadata().map_err(unreadable)?;
            let inside = tree.unwrap_or(Inside { left_out: !included, ..around });
            return Ok(Some(Below { path, metadata, inside }));
        }
        if !included {
            return Ok(None);
        }
        if kind.is_file() {
            let metadata = entry.metadata().map_err(unreadable)?;
            self.found.file(path, &metadata);
        } else if kind.is_symlink() {
            let (target, _) = read_link(self.root, &path)?;
            self.found.paths.push((path, Kind::Link { target }));
        } else {
            return Err(special(path, kind));
        }
        Ok(None)
    }
}

/// As [`RepoPath::child`], for a name that cannot be one.
fn join(folder: &RepoPath, name: &str) -> String {
    if folder.is_root() { name.to_owned() } else { format!("{folder}/{name}") }
}
