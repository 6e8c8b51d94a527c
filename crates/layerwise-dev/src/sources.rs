//! Which folders hold what images are made of, and what the declarations' own crate is made of. Reads the disk; decides
//! nothing.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::digest::Digest;
use layerwise::dockerignore::AllowList;
use layerwise::inputs::{Entry, Source};
use layerwise::inspect::Inspection;
use layerwise::repo_path::RepoPath;

/// The folders of every input of the targets at `places` and of all that they stand on, declared folders with all that
/// is in them, and every folder above, up to `root`.
pub(crate) fn folders(
    root: &Utf8Path,
    inspection: &Inspection,
    places: impl IntoIterator<Item = usize>,
) -> BTreeSet<Utf8PathBuf> {
    let mut found = BTreeSet::new();
    let mut paths = BTreeSet::from([RepoPath::root()]);
    for place in inspection.graph.with_ancestors(places) {
        let inspected = &inspection.targets[place];
        let entries = inspected.ingredients.classes.values().flat_map(|class| &class.files);
        for (path, entry) in entries {
            let folder = if *entry == Entry::Folder { Some(path.clone()) } else { path.parent() };
            add_with_all_above(folder, &mut paths);
        }
        let sources = inspected.sources.iter().map(|(_, source)| source.path()).chain(&inspected.followed);
        sources.for_each(|path| add_with_all_above(path.parent(), &mut paths));
        let list = inspected.allow_list();
        let trees = inspected.sources.iter().filter_map(|(_, source)| match source {
            Source::Tree(tree) => Some(&tree.path),
            Source::File(_) => None,
        });
        for tree in trees {
            // A folder without a file is no input yet, and the first file in it has to be noticed.
            found.extend(open_folders(root, tree, &list));
        }
    }
    found.extend(paths.iter().map(|path| path.on_disk(root)));
    found
}

/// Adds a folder and those above it, up to the first that is there already: then all above it are.
fn add_with_all_above(folder: Option<RepoPath>, paths: &mut BTreeSet<RepoPath>) {
    let mut next = folder;
    while let Some(folder) = next.filter(|folder| !paths.contains(folder)) {
        next = folder.parent();
        paths.insert(folder);
    }
}

/// `folder` and the folders in it in which a file would be let in.
fn open_folders(root: &Utf8Path, folder: &RepoPath, list: &AllowList) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.clone()];
    while let Some(folder) = open.pop() {
        let path = folder.on_disk(root);
        for entry in path.read_dir_utf8().into_iter().flatten().flatten() {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let Some(inner) = folder.child(entry.file_name()).ok().filter(|_| is_folder) else { continue };
            if inner.child("some.py").is_ok_and(|file| list.includes(&file)) {
                open.push(inner);
            }
        }
        found.push(path);
    }
    found
}

/// A folder with all folders in it; nothing when it cannot be read.
pub(crate) fn all_folders(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(folder) = found.get(next).cloned() {
        next += 1;
        for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
            let hidden = entry.file_name().starts_with('.') || entry.file_name() == "target";
            if !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                found.push(entry.into_path());
            }
        }
    }
    found
}

/// What the sources of a crate are: its manifest, and every Rust file in it.
pub(crate) fn digest_of(folder: &Utf8Path) -> Digest {
    let mut files: Vec<_> = all_folders(folder)
        .iter()
        .flat_map(|folder| folder.read_dir_utf8().into_iter().flatten().flatten())
        .map(camino::Utf8DirEntry::into_path)
        .filter(|path| path.extension() == Some("rs") || path.file_name() == Some("Cargo.toml"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let bytes = fs::read(&path).unwrap_or_default();
        all.extend(path.as_str().len().to_le_bytes());
        all.extend(path.as_str().as_bytes());
        all.extend(bytes.len().to_le_bytes());
        all.extend(bytes);
    }
    Digest::of(all)
}
