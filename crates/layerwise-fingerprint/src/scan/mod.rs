//! From declared sources to input manifests: the one place that walks the repository and digests its files. It reads what is
//! declared and nothing else, follows no link inside a folder, and never writes.
//!
//! All images are scanned together: a file is digested once, and a folder is walked once, however many images read them by the
//! same rules.
//!
//! A source gives what lies at or below it and is on the image's [`AllowList`](crate::dockerignore::AllowList), so that what is
//! hashed and what the builder is given are the same. The list itself is only rendered for a build.

mod error;
mod found;
mod image;
mod resolve;
mod walk;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::Metadata;
use std::sync::Arc;

use camino::Utf8Path;

pub use error::ScanError;

use crate::digest::Digest;
use crate::dockerignore::{AllowListError, Behind, ExcludeError, Exclusions};
use crate::inputs::{InputManifest, Source};
use crate::layer::LayerClass;
use crate::parallel;
use crate::repo_path::RepoPath;
use found::Found;
use image::{Image, Rules};
use resolve::Resolver;
use walk::walk;

/// The declared sources of one image.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Each source with the class of the layer that reads it.
    pub sources: &'a [(LayerClass, Source)],
}

/// The inputs of one image.
#[derive(Debug, Clone)]
pub struct Scanned {
    /// What the image reads.
    pub inputs: InputManifest,
    /// What links among the declared sources lead to: the build context holds it too.
    pub followed: Vec<RepoPath>,
    /// Files whose mode is neither 0644 nor 0755, and folders whose mode is not 0755. The inputs hold what git keeps of a mode,
    /// so a build has to bring these to that, or two checkouts with different umasks build different images.
    pub odd_modes: BTreeMap<RepoPath, u32>,
}

/// Scans the inputs of many images below `root`; the answers are in the order of the requests. What cannot be read is an error
/// of each image that reads it, and of no other.
///
/// # Errors
/// For each image every [`ScanError`] there is, sorted, each once. An input that cannot be read is never left out instead.
pub fn scan(root: &Utf8Path, requests: &[Request<'_>]) -> Vec<Result<Scanned, Vec<Arc<ScanError>>>> {
    let mut resolver = Resolver::new(root);
    let declared: BTreeSet<_> =
        requests.iter().flat_map(|request| request.sources).map(|(_, source)| source).collect();
    let files = declared_files(&mut resolver, &declared);
    let folders = declared_folders(&mut resolver, &declared);

    let images = parallel::map(requests, |request| Image::new(request, &files));
    let trees = walked_trees(root, folders, &images);
    let digests = digests(root, files.values().flatten().chain(trees.values().flatten()));
    parallel::map(&images, |image| image.scanned(&files, &trees, &digests))
}

/// What was found, or what stands in the way; images share it.
type Looked<T> = Result<T, Arc<ScanError>>;

/// Every declared file, by its declared path.
type Files<'a> = BTreeMap<&'a RepoPath, Looked<Found>>;

/// What the system says of every declared folder.
type Folders<'a> = BTreeMap<&'a RepoPath, Looked<Metadata>>;

/// What lies in every declared folder, by the rules for it.
type Trees<'a> = BTreeMap<&'a Rules<'a>, Looked<Found>>;

/// The content of every file that was found.
type Digests<'a> = HashMap<&'a RepoPath, Looked<Digest>>;

fn declared_files<'a>(resolver: &mut Resolver<'_>, declared: &BTreeSet<&'a Source>) -> Files<'a> {
    let paths = declared.iter().filter_map(|source| match source {
        Source::File(path) => Some(path),
        Source::Tree(_) => None,
    });
    paths.map(|path| (path, resolver.file(path).map_err(Arc::new))).collect()
}

fn declared_folders<'a>(resolver: &mut Resolver<'_>, declared: &BTreeSet<&'a Source>) -> Folders<'a> {
    let paths = declared.iter().filter_map(|source| match source {
        Source::File(_) => None,
        Source::Tree(tree) => Some(&tree.path),
    });
    paths.map(|path| (path, resolver.folder(path).map_err(Arc::new))).collect()
}

fn walked_trees<'a>(root: &Utf8Path, folders: Folders<'_>, images: &'a [Image<'_>]) -> Trees<'a> {
    let rules: BTreeSet<_> = images.iter().flat_map(Image::rules).collect();
    let lists = exclusions(&rules);
    let rules: Vec<_> = rules.into_iter().collect();
    let found = parallel::map(&rules, |rules| {
        let metadata = folders[rules.folder].as_ref().map_err(Arc::clone)?;
        rules.trees.iter().try_for_each(|(tree, exclude)| match &lists[&(Behind::of(tree), &**exclude)] {
            Ok(_) => Ok(()),
            Err(error) => Err(Arc::new(AllowListError::new(tree, error.clone()).into())),
        })?;
        Ok(walk(root, rules, metadata, &lists))
    });
    rules.into_iter().zip(found).collect()
}

/// Every exclude list, parsed, for each of the ways in which it may stand in an ignore file.
type Lists<'a> = BTreeMap<(Behind, &'a [String]), Result<Exclusions, ExcludeError>>;

/// Parses what any tree leaves out. A list that cannot be parsed is an error of each tree that has it.
fn exclusions<'a>(rules: &BTreeSet<&'a Rules<'_>>) -> Lists<'a> {
    let mut lists = Lists::new();
    for (tree, exclude) in rules.iter().flat_map(|rules| &rules.trees) {
        let behind = Behind::of(tree);
        lists
            .entry((behind, &**exclude))
            .or_insert_with(|| Exclusions::parse(exclude.iter().map(String::as_str), behind));
    }
    lists
}

fn digests<'a>(root: &Utf8Path, found: impl Iterator<Item = &'a Found>) -> Digests<'a> {
    let mut files: Vec<_> = found.flat_map(Found::files).collect();
    files.sort_unstable();
    files.dedup();
    let digests = parallel::map(&files, |path| {
        let file = fs_err::File::open(path.on_disk(root));
        let digest = file.and_then(Digest::of_reader).map(|(digest, _)| digest);
        digest.map_err(|cause| Arc::new(ScanError::Unreadable { path: (*path).clone(), cause }))
    });
    files.into_iter().zip(digests).collect()
}

#[cfg(test)]
mod tests;
