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

use camino::Utf8Path;

pub use error::ScanError;

use crate::digest::Digest;
use crate::dockerignore::{AllowListError, Behind, Exclusions};
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

/// Scans the inputs of many images below `root`; the answers are in the order of the requests.
///
/// # Errors
/// Every [`ScanError`] there is, sorted, each once. An input that cannot be read is never left out instead.
pub fn scan(root: &Utf8Path, requests: &[Request<'_>]) -> Result<Vec<Scanned>, Vec<ScanError>> {
    let mut errors = Errors::default();
    let mut resolver = Resolver::new(root);
    let declared: BTreeSet<_> =
        requests.iter().flat_map(|request| request.sources).map(|(_, source)| source).collect();
    let files = declared_files(&mut resolver, &declared, &mut errors);
    let folders = declared_folders(&mut resolver, &declared, &mut errors);

    let images = parallel::map(requests, |request| Image::new(request, &files));
    let trees = walked_trees(root, &folders, &images, &mut errors);
    let digests = digests(root, files.values().chain(trees.values()), &mut errors);
    errors.none()?;

    let scanned = parallel::map(&images, |image| image.scanned(&files, &trees, &digests));
    let scanned = scanned.into_iter().filter_map(|scanned| errors.note(scanned)).collect();
    errors.none()?;
    Ok(scanned)
}

/// Every declared file, by its declared path.
type Files<'a> = BTreeMap<&'a RepoPath, Found>;

/// What the system says of every declared folder.
type Folders<'a> = BTreeMap<&'a RepoPath, Metadata>;

/// What lies in every declared folder, by the rules for it.
type Trees<'a> = BTreeMap<&'a Rules<'a>, Found>;

/// The content of every file that was found.
type Digests<'a> = HashMap<&'a RepoPath, Digest>;

fn declared_files<'a>(
    resolver: &mut Resolver<'_>,
    declared: &BTreeSet<&'a Source>,
    errors: &mut Errors,
) -> Files<'a> {
    let paths = declared.iter().filter_map(|source| match source {
        Source::File(path) => Some(path),
        Source::Tree(_) => None,
    });
    paths.filter_map(|path| Some((path, errors.note(resolver.file(path))?))).collect()
}

fn declared_folders<'a>(
    resolver: &mut Resolver<'_>,
    declared: &BTreeSet<&'a Source>,
    errors: &mut Errors,
) -> Folders<'a> {
    let paths = declared.iter().filter_map(|source| match source {
        Source::File(_) => None,
        Source::Tree(tree) => Some(&tree.path),
    });
    paths.filter_map(|path| Some((path, errors.note(resolver.folder(path))?))).collect()
}

fn walked_trees<'a>(
    root: &Utf8Path,
    folders: &Folders,
    images: &'a [Image<'_>],
    errors: &mut Errors,
) -> Trees<'a> {
    let rules: BTreeSet<_> = images.iter().flat_map(Image::rules).collect();
    let lists = exclusions(&rules, errors);
    let walks: Vec<_> =
        rules.into_iter().filter_map(|rules| Some((rules, folders.get(rules.folder)?))).collect();
    let found = parallel::map(&walks, |(rules, metadata)| walk(root, rules, metadata, &lists));
    let mut trees = Trees::new();
    for ((rules, _), mut found) in walks.into_iter().zip(found) {
        errors.0.append(&mut found.errors);
        trees.insert(rules, found);
    }
    trees
}

/// Every exclude list, parsed, for each of the ways in which it may stand in an ignore file.
type Lists<'a> = BTreeMap<(Behind, &'a [String]), Exclusions>;

/// Parses what any tree leaves out. A list that cannot be parsed is an error of each tree that has it.
fn exclusions<'a>(rules: &BTreeSet<&'a Rules<'_>>, errors: &mut Errors) -> Lists<'a> {
    let mut lists = Lists::new();
    for (tree, exclude) in rules.iter().flat_map(|rules| &rules.trees) {
        let key = (Behind::of(tree), &**exclude);
        if !lists.contains_key(&key) {
            let parsed = Exclusions::parse(exclude.iter().map(String::as_str), key.0);
            let parsed = parsed.map_err(|error| AllowListError::new(tree, error).into());
            lists.extend(errors.note(parsed).map(|parsed| (key, parsed)));
        }
    }
    lists
}

fn digests<'a>(root: &Utf8Path, found: impl Iterator<Item = &'a Found>, errors: &mut Errors) -> Digests<'a> {
    let mut files: Vec<_> = found.flat_map(Found::files).collect();
    files.sort_unstable();
    files.dedup();
    let digests = parallel::map(&files, |path| {
        let file = fs_err::File::open(path.on_disk(root));
        file.and_then(Digest::of_reader)
            .map_err(|cause| ScanError::Unreadable { path: (*path).clone(), cause })
    });
    files.into_iter().zip(digests).filter_map(|(path, digest)| Some((path, errors.note(digest)?.0))).collect()
}

/// All that went wrong so far.
#[derive(Default)]
struct Errors(Vec<ScanError>);

impl Errors {
    /// What `result` holds, or nothing and one error more.
    fn note<T>(&mut self, result: Result<T, ScanError>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// Goes on only if nothing went wrong; else all errors, sorted, each once, since one file may be met on several ways.
    fn none(&mut self) -> Result<(), Vec<ScanError>> {
        let mut errors = std::mem::take(&mut self.0);
        errors.sort_by_cached_key(ToString::to_string);
        errors.dedup_by_key(|error| error.to_string());
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests;
