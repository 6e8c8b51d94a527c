//! One declared folder, as far as the rules let in what lies below it. Lists folders, never opens a file.

use std::fs::Metadata;

use camino::Utf8Path;
use fs_err as fs;

use super::found::{Found, Kind, read_link, special};
use super::image::Rules;
use super::{Lists, ScanError};
use crate::dockerignore::{Behind, Exclusions};
use crate::repo_path::RepoPath;

/// The folder of `rules`, and what lies below it and is let in. `lists` has every list that the rules name; without one that
/// could not be parsed nothing is found.
pub(super) fn walk(root: &Utf8Path, rules: &Rules, metadata: &Metadata, lists: &Lists) -> Found {
    let mut walk = Walk { root, rules, lists, found: Found::default() };
    walk.found.folder(rules.folder.clone(), metadata);
    if let Some(inside) = walk.inside(rules.folder)
        && let Err(error) = walk.list(rules.folder, inside)
    {
        walk.found.errors.push(error);
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
        let exclusions = self.lists.get(&(Behind::of(tree), &**exclude))?;
        Some(Inside { tree, exclusions, left_out: false })
    }

    fn list(&mut self, folder: &RepoPath, inside: Inside<'a>) -> Result<(), ScanError> {
        let unreadable = |cause| ScanError::Unreadable { path: folder.clone(), cause };
        for entry in fs::read_dir(folder.on_disk(self.root)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if let Err(error) = self.entry(folder, &entry, inside) {
                self.found.errors.push(error);
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        folder: &RepoPath,
        entry: &fs::DirEntry,
        around: Inside<'a>,
    ) -> Result<(), ScanError> {
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
            Err(_) => return Ok(()),
        };

        let unreadable = |cause| ScanError::Unreadable { path: path.clone(), cause };
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            if !included && !self.rules.lead_into(&path) {
                return Ok(());
            }
            let metadata = entry.metadata().map_err(unreadable)?;
            let before = self.found.paths.len();
            let left_out = !included;
            self.list(&path, tree.unwrap_or(Inside { left_out, ..around }))?;
            // BuildKit takes an excluded folder along for the sake of what is brought back below it.
            if included || self.found.paths.len() > before {
                self.found.folder(path, &metadata);
            }
        } else if !included {
            return Ok(());
        } else if kind.is_file() {
            let metadata = entry.metadata().map_err(unreadable)?;
            self.found.file(path, &metadata);
        } else if kind.is_symlink() {
            let (target, _) = read_link(self.root, &path)?;
            self.found.paths.push((path, Kind::Link { target }));
        } else {
            return Err(special(path, kind));
        }
        Ok(())
    }
}

/// As [`RepoPath::child`], for a name that cannot be one.
fn join(folder: &RepoPath, name: &str) -> String {
    if folder.is_root() { name.to_owned() } else { format!("{folder}/{name}") }
}
