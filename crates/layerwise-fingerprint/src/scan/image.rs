//! One image's part of a scan: which files and folders it needs, and its inputs once they are known. Never touches the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::found::Kind;
use super::{Digests, Files, Request, ScanError, Scanned, Trees};
use crate::inputs::{Entry, InputManifest, Source};
use crate::layer::LayerClass;
use crate::repo_path::RepoPath;

/// An image between its declaration and its inputs.
pub(super) struct Image<'a> {
    request: &'a Request<'a>,
    /// For each source the rules of its folder; nothing for a file.
    rules: Vec<Option<Rules<'a>>>,
    /// What declared links lead to.
    followed: BTreeSet<&'a RepoPath>,
}

/// What has a say in what of a folder is let in: images with the same rules see the same files.
///
/// Of the trees around a path the innermost one decides, and a file that is declared by name is always let in, as
/// [`AllowList`](crate::dockerignore::AllowList) says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rules<'a> {
    pub(super) folder: &'a RepoPath,
    /// The folder itself and every tree in it, with what they leave out.
    pub(super) trees: BTreeMap<&'a RepoPath, Arc<[String]>>,
    /// Files in it that are declared by name.
    pub(super) files: BTreeSet<&'a RepoPath>,
}

impl Rules<'_> {
    /// Whether something at or below `folder` is let in although `folder` is not.
    pub(super) fn lead_into(&self, folder: &RepoPath) -> bool {
        self.trees.keys().chain(&self.files).any(|path| path.is_within(folder))
    }
}

impl<'a> Image<'a> {
    pub(super) fn new(request: &'a Request<'a>, found: &'a Files<'a>) -> Self {
        let mut files = BTreeSet::new();
        let mut trees: BTreeMap<&RepoPath, Arc<[String]>> = BTreeMap::new();
        for (_, source) in request.sources {
            match source {
                Source::File(path) => {
                    files.insert(path);
                }
                Source::Tree(tree) => {
                    // Twice declared, it leaves out what both leave out.
                    let both = |present: &mut Arc<[String]>| {
                        if *present != tree.exclude {
                            *present = present.iter().filter(|p| tree.exclude.contains(p)).cloned().collect();
                        }
                    };
                    trees.entry(&tree.path).and_modify(both).or_insert_with(|| tree.exclude.clone());
                }
            }
        }
        let reached =
            files.iter().filter_map(|path| found.get(path)).flatten().flat_map(|found| &found.paths);
        let followed: BTreeSet<_> =
            reached.map(|(path, _)| path).filter(|path| !files.contains(path)).collect();
        files.extend(&followed);

        let rules = request.sources.iter().map(|(_, source)| match source {
            Source::File(_) => None,
            Source::Tree(tree) => Some(Rules {
                folder: &tree.path,
                trees: trees
                    .iter()
                    .filter(|(path, _)| path.is_within(&tree.path))
                    .map(|(path, exclude)| (*path, exclude.clone()))
                    .collect(),
                files: files.iter().copied().filter(|path| path.is_within(&tree.path)).collect(),
            }),
        });
        Self { request, rules: rules.collect(), followed }
    }

    /// The folders it needs.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Rules<'a>> {
        self.rules.iter().flatten()
    }

    /// Its inputs, from all that was found; or all that stands in the way, sorted, each once, since one file may be met on several
    /// ways.
    pub(super) fn scanned(
        &self,
        files: &Files,
        trees: &Trees,
        digests: &Digests,
    ) -> Result<Scanned, Vec<Arc<ScanError>>> {
        let mut classes: BTreeMap<LayerClass, Vec<(RepoPath, Entry)>> = BTreeMap::new();
        let mut odd_modes = BTreeMap::new();
        let mut errors = Vec::new();
        for ((class, source), rules) in self.request.sources.iter().zip(&self.rules) {
            let found = match rules {
                Some(rules) => &trees[rules],
                None => &files[source.path()],
            };
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    errors.push(error.clone());
                    continue;
                }
            };
            errors.extend(found.errors.iter().cloned());
            let folders = matches!(source, Source::Tree(tree) if tree.folders);
            let counted = found.paths.iter().filter(|(_, kind)| folders || *kind != Kind::Folder);
            let entries = classes.entry(*class).or_default();
            let before = (entries.len(), errors.len());
            for (path, kind) in counted {
                match entry(path, kind, digests) {
                    Ok(entry) => entries.push((path.clone(), entry)),
                    Err(error) => errors.push(error),
                }
            }
            if (entries.len(), errors.len()) == before && found.errors.is_empty() {
                errors.push(Arc::new(ScanError::Empty { path: source.path().clone() }));
            }
            odd_modes.extend(found.odd_modes.iter().cloned());
        }
        if !errors.is_empty() {
            errors.sort_by_cached_key(ToString::to_string);
            errors.dedup_by_key(|error| error.to_string());
            return Err(errors);
        }
        let classes = classes.into_iter().map(|(class, entries)| (class, entries.into_iter().collect()));
        Ok(Scanned {
            inputs: InputManifest { classes: classes.collect() },
            followed: self.followed.iter().map(|path| (*path).clone()).collect(),
            odd_modes,
        })
    }
}

fn entry(path: &RepoPath, kind: &Kind, digests: &Digests) -> Result<Entry, Arc<ScanError>> {
    Ok(match kind {
        Kind::File { executable } => Entry::File { digest: digests[path].clone()?, executable: *executable },
        Kind::Link { target } => Entry::Link { target: target.clone() },
        Kind::Folder => Entry::Folder,
    })
}
