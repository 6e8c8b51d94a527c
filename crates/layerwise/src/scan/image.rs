//! One image's part of a scan: which files and folders it needs, and its inputs once they are known. Never touches the disk.

use std::collections::BTreeMap;

use super::found::Kind;
use super::{Digests, Files, Request, ScanError, Scanned, Trees};
use crate::dockerignore::AllowList;
use crate::inputs::{Entries, Entry, InputManifest, Source};
use crate::layer::LayerClass;
use crate::repo_path::RepoPath;

/// An image between its declaration and its inputs.
pub(super) struct Image<'a> {
    request: &'a Request<'a>,
    pub(super) allow_list: AllowList,
    /// For each source the rules of its folder; nothing for a file.
    rules: Vec<Option<Rules>>,
}

/// A folder, and every source in it that has a say in what of it is let in: images with the same rules see the same files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rules {
    pub(super) folder: RepoPath,
    sources: Vec<Source>,
}

impl Rules {
    /// Whether something at or below `folder` is let in although `folder` is not: only a source of its own can be.
    pub(super) fn lead_into(&self, folder: &RepoPath) -> bool {
        self.sources.iter().any(|source| source.path().is_within(folder))
    }
}

impl<'a> Image<'a> {
    pub(super) fn new(request: &'a Request<'a>, files: &Files) -> Result<Self, ScanError> {
        let mut sources: Vec<_> = request.sources.iter().map(|(_, source)| source.clone()).collect();
        for found in request.sources.iter().filter_map(|(_, source)| files.get(source.path())) {
            sources.extend(found.paths.iter().map(|(path, _)| Source::File(path.clone())));
        }
        sources.sort();
        sources.dedup();

        let rules = request.sources.iter().map(|(_, source)| match source {
            Source::File(_) => None,
            Source::Tree(tree) => Some(Rules {
                folder: tree.path.clone(),
                sources: sources
                    .iter()
                    .filter(|source| source.path().is_within(&tree.path))
                    .cloned()
                    .collect(),
            }),
        });
        Ok(Self { request, allow_list: AllowList::unparsed(&sources)?, rules: rules.collect() })
    }

    /// The folders it needs.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Rules> {
        self.rules.iter().flatten()
    }

    /// Its inputs, from all that was found.
    pub(super) fn scanned(
        &self,
        files: &Files,
        trees: &Trees,
        digests: &Digests,
    ) -> Result<Scanned, ScanError> {
        let mut classes: BTreeMap<LayerClass, Entries> = BTreeMap::new();
        let mut odd_modes = BTreeMap::new();
        for ((class, source), rules) in self.request.sources.iter().zip(&self.rules) {
            let found = match rules {
                Some(rules) => trees.get(rules),
                None => files.get(source.path()),
            };
            let Some(found) = found else { continue };
            let folders = matches!(source, Source::Tree(tree) if tree.folders);
            let counted = found.paths.iter().filter(|(_, kind)| folders || *kind != Kind::Folder);
            let mut entries: Entries = counted
                .filter_map(|(path, kind)| Some((path.clone(), entry(path, kind, digests)?)))
                .collect();
            if entries.is_empty() {
                return Err(ScanError::Empty { path: source.path().clone() });
            }
            classes.entry(*class).or_default().append(&mut entries);
            odd_modes.extend(found.odd_modes.iter().cloned());
        }
        Ok(Scanned { inputs: InputManifest { classes }, allow_list: self.allow_list.clone(), odd_modes })
    }
}

/// `None` for a file that could not be read, which is noted as an error elsewhere.
fn entry(path: &RepoPath, kind: &Kind, digests: &Digests) -> Option<Entry> {
    Some(match kind {
        Kind::File { executable } => Entry::File { digest: *digests.get(path)?, executable: *executable },
        Kind::Link { target } => Entry::Link { target: target.clone() },
        Kind::Folder => Entry::Folder,
    })
}
