//! One declared folder, as far as the rules let in what lies below it. Lists folders, never opens a file.

use std::fs::Metadata;

use camino::Utf8Path;
use fs_err as fs;

use super::ScanError;
use super::found::{Found, Kind, read_link, special};
use super::image::Rules;
use crate::dockerignore::{Patterns, Verdict};
use crate::repo_path::RepoPath;

/// The folder of `rules`, and what lies below it and is let in by `patterns`, which come from an image with these rules.
pub(super) fn walk(root: &Utf8Path, rules: &Rules, metadata: &Metadata, patterns: &Patterns) -> Found {
    let mut walk = Walk { root, rules, patterns, found: Found::default() };
    walk.found.folder(rules.folder.clone(), metadata);
    if let Some(verdict) = patterns.judge_from_root(&rules.folder)
        && let Err(error) = walk.list(&rules.folder, &verdict)
    {
        walk.found.errors.push(error);
    }
    // Once here, so that the sorted entries of every image are gathered without further comparing.
    walk.found.paths.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    walk.found
}

struct Walk<'a> {
    root: &'a Utf8Path,
    rules: &'a Rules,
    patterns: &'a Patterns,
    found: Found,
}

impl Walk<'_> {
    fn list(&mut self, folder: &RepoPath, verdict: &Verdict) -> Result<(), ScanError> {
        let unreadable = |cause| ScanError::Unreadable { path: folder.clone(), cause };
        for entry in fs::read_dir(folder.on_disk(self.root)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if let Err(error) = self.entry(folder, &entry, verdict) {
                self.found.errors.push(error);
            }
        }
        Ok(())
    }

    fn entry(&mut self, folder: &RepoPath, entry: &fs::DirEntry, above: &Verdict) -> Result<(), ScanError> {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = folder.child(&name);
        let verdict = match &path {
            Ok(path) => self.patterns.judge(path.as_str(), above),
            Err(_) => self.patterns.judge(&format!("{folder}/{name}"), above),
        };
        let bad_name = |why| ScanError::Name { folder: folder.clone(), name: name.clone().into_owned(), why };
        if verdict.included && matches!(name, std::borrow::Cow::Owned(_)) {
            return Err(bad_name("is not UTF-8"));
        }
        let path = match path {
            Ok(path) => path,
            Err(_) if verdict.included => return Err(bad_name("holds a control character")),
            Err(_) => return Ok(()),
        };

        let unreadable = |cause| ScanError::Unreadable { path: path.clone(), cause };
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            if !verdict.included && !self.rules.lead_into(&path) {
                return Ok(());
            }
            let metadata = entry.metadata().map_err(unreadable)?;
            let before = self.found.paths.len();
            self.list(&path, &verdict)?;
            // BuildKit takes an excluded folder along for the sake of what is brought back below it.
            if verdict.included || self.found.paths.len() > before {
                self.found.folder(path, &metadata);
            }
        } else if !verdict.included {
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
