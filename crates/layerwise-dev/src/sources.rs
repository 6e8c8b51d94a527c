//! Which folders hold what images are made of, and what the declarations' own crate is made of. Reads the disk; decides
//! nothing.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::digest::Digest;
use layerwise::dockerignore::AllowList;
use layerwise::inputs::Source;
use layerwise::inspect::Inspection;
use layerwise::repo_path::RepoPath;

/// The folders of every input of the targets at `places` and of all that they stand on, declared folders with all that
/// is in them, and every folder above, up to `root`.
pub(crate) fn folders(
    root: &Utf8Path,
    inspection: &Inspection,
    places: impl IntoIterator<Item = usize>,
) -> BTreeSet<Utf8PathBuf> {
    let mut found = BTreeSet::from([root.to_owned()]);
    for place in inspection.graph.with_ancestors(places) {
        let inspected = &inspection.targets[place];
        let files = inspected.ingredients.classes.values().flat_map(|class| class.files.keys());
        let sources = inspected.sources.iter().map(|(_, source)| source.path()).chain(&inspected.followed);
        for path in files.chain(sources) {
            // A folder is among the inputs where it is copied; of a file it is the one that holds it.
            let above = std::iter::successors(Some(path.clone()), |path| path.parent());
            found.extend(above.map(|path| path.on_disk(root)));
        }
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
    found.retain(|path| path.is_dir());
    found
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
