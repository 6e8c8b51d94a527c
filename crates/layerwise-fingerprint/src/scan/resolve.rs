//! From a declared path to what is really there, over symbolic links. Never looks below a folder.
//!
//! BuildKit follows the source of a `COPY`, whether the link is the file or a folder above it (`tonistiigi/fsutil`,
//! `followlinks.go`): it takes every link on the way and the real file into the context, and the ignore file must let in each of
//! them. So all of them are inputs. A folder on the way is not one.

use std::collections::HashSet;
use std::fs::Metadata;
use std::io;

use camino::Utf8Path;
use fs_err as fs;

use super::ScanError;
use super::found::{Found, Kind, read_link, special};
use crate::repo_path::RepoPath;

/// How many links the system follows before it speaks of a loop (`MAXSYMLINKS` of Linux).
const MOST_LINKS: usize = 40;

/// Resolves declared paths below one root; what it learnt of folders it does not ask twice.
pub(super) struct Resolver<'a> {
    root: &'a Utf8Path,
    folders: HashSet<RepoPath>,
}

struct Resolved {
    links: Vec<(RepoPath, String)>,
    path: RepoPath,
    metadata: Metadata,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(root: &'a Utf8Path) -> Self {
        Self { root, folders: HashSet::new() }
    }

    /// A declared file: itself, or the links on the way and the file at the end.
    pub(super) fn file(&mut self, declared: &RepoPath) -> Result<Found, ScanError> {
        let Resolved { links, path, metadata } = self.resolve(declared)?;
        if metadata.is_dir() {
            return Err(ScanError::IsFolder { path, declared: declared.clone() });
        }
        if !metadata.is_file() {
            return Err(special(path, metadata.file_type()));
        }
        let mut found = Found::default();
        found.paths.extend(links.into_iter().map(|(link, target)| (link, Kind::Link { target })));
        found.file(path, &metadata);
        Ok(found)
    }

    /// A declared folder, which has to be one without the help of links: what a walk gives are paths below it, and they have to
    /// be the paths that the build context has.
    pub(super) fn folder(&mut self, declared: &RepoPath) -> Result<Metadata, ScanError> {
        let Resolved { links, path, metadata } = self.resolve(declared)?;
        if let Some((link, _)) = links.into_iter().next() {
            return Err(ScanError::FolderBehindLink { declared: declared.clone(), link, path });
        }
        if metadata.is_file() {
            return Err(ScanError::IsFile { path });
        }
        if metadata.is_dir() { Ok(metadata) } else { Err(special(path, metadata.file_type())) }
    }

    fn resolve(&mut self, declared: &RepoPath) -> Result<Resolved, ScanError> {
        let mut links = Vec::new();
        let mut path = declared.clone();
        loop {
            match self.first_link(&path, declared)? {
                Step::End(metadata) => return Ok(Resolved { links, path, metadata }),
                Step::Link(link) => {
                    if links.len() == MOST_LINKS {
                        return Err(ScanError::LinkLoop { path: declared.clone() });
                    }
                    let (target, inside) = read_link(self.root, &link)?;
                    let rest = path.relative_to(&link).unwrap_or_default();
                    // Below a place in the repository, a rest without `..` stays in it.
                    path = RepoPath::below(&inside, rest)
                        .map_err(|_| ScanError::LinkLeaves { path: link.clone(), target: target.clone() })?;
                    if path.as_str().contains(['[', '\\']) {
                        return Err(ScanError::LinkToPattern { link, path });
                    }
                    links.push((link, target));
                }
            }
        }
    }

    /// The first link on the way to `path`, or what `path` is.
    fn first_link(&mut self, path: &RepoPath, declared: &RepoPath) -> Result<Step, ScanError> {
        let mut way: Vec<_> = std::iter::successors(path.parent(), RepoPath::parent).collect();
        way.reverse();
        for folder in way {
            if folder.is_root() || self.folders.contains(&folder) {
                continue;
            }
            match self.look_at(&folder, declared)? {
                metadata if metadata.is_symlink() => return Ok(Step::Link(folder)),
                metadata if metadata.is_dir() => self.folders.insert(folder),
                _ => return Err(ScanError::Missing { path: path.clone(), declared: declared.clone() }),
            };
        }
        let metadata = self.look_at(path, declared)?;
        Ok(if metadata.is_symlink() { Step::Link(path.clone()) } else { Step::End(metadata) })
    }

    fn look_at(&self, path: &RepoPath, declared: &RepoPath) -> Result<Metadata, ScanError> {
        fs::symlink_metadata(path.on_disk(self.root)).map_err(|cause| {
            if cause.kind() == io::ErrorKind::NotFound {
                ScanError::Missing { path: path.clone(), declared: declared.clone() }
            } else {
                ScanError::Unreadable { path: path.clone(), cause }
            }
        })
    }
}

enum Step {
    Link(RepoPath),
    End(Metadata),
}
