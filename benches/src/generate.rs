//! Writes a repository of a given size. The same size gives the same bytes; one that is there already is kept.

use std::collections::HashSet;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::size::Size;
use crate::{content, layout, noise};

/// The version of the generator. Whoever changes what it writes raises it.
const VERSION: u32 = 2;
/// Written last, so that what was interrupted is not taken for finished.
const MARKER: &str = ".layerwise-bench";

/// Writes the repository to `folder`, unless it is there. Answers whether it was written.
///
/// # Errors
/// Of the file system; they name the path.
pub fn generate(size: Size, folder: &Utf8Path) -> Result<bool> {
    let marker = folder.join(MARKER);
    let wanted = format!("{VERSION} {size}\n");
    if fs::read_to_string(&marker).is_ok_and(|found| found == wanted) {
        return Ok(false);
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let mut writer = Writer { root: folder, folders: HashSet::new(), files: 0 };
    writer.inputs(size)?;
    // The marker is a file too.
    for index in 0..size.files() - writer.files - 1 {
        writer.file(&noise::path(size, index), &format!("noise {index}\n"))?;
    }
    fs::write(&marker, wanted)?;
    Ok(true)
}

struct Writer<'a> {
    root: &'a Utf8Path,
    folders: HashSet<Utf8PathBuf>,
    files: usize,
}

impl Writer<'_> {
    fn inputs(&mut self, size: Size) -> Result<()> {
        for (place, name) in layout::PACKAGES.into_iter().enumerate() {
            let folder = layout::package(place);
            let needs = &layout::PACKAGES[..place];
            self.file(&format!("{folder}/pyproject.toml"), &content::pyproject(name, needs))?;
            self.file(&format!("{folder}/README.md"), &format!("# {name}\n"))?;
            self.modules(size, place)?;
        }
        for index in 0..size.shared() {
            self.file(&layout::shared(index), &content::module(10_000 + index as u64))?;
        }
        (0..size.lambdas()).try_for_each(|index| self.lambda(index))
    }

    fn modules(&mut self, size: Size, place: usize) -> Result<()> {
        let folder = layout::modules(place);
        self.file(&format!("{folder}/__init__.py"), "")?;
        for index in 1..size.modules() {
            let seed = (place * 100_000 + index) as u64;
            // Subpackages have their own `__init__.py`: the first of ten.
            let path = match (index / 10, index % 10) {
                (0, _) => format!("{folder}/module_{index}.py"),
                (part, 0) => format!("{folder}/part_{part}/__init__.py"),
                (part, _) => format!("{folder}/part_{part}/module_{index}.py"),
            };
            self.file(&path, &content::module(seed))?;
        }
        Ok(())
    }

    fn lambda(&mut self, index: usize) -> Result<()> {
        let folder = layout::lambda(index);
        let seed = 1_000_000 + 1_000 * index as u64;
        self.file(&format!("{folder}/handler.py"), &content::handler(seed))?;
        for file in 0..layout::LIB_FILES {
            self.file(&format!("{folder}/lib/helper_{file}.py"), &content::module(seed + 1 + file as u64))?;
        }
        for file in 0..layout::ASSETS {
            self.file(
                &format!("{folder}/assets/table_{file:02}.txt"),
                &content::asset(seed + 100 + file as u64),
            )?;
        }
        // What a test run leaves behind in a folder that is copied.
        self.file(&format!("{folder}/lib/__pycache__/helper_0.cpython-313.pyc"), "noise\n")
    }

    fn file(&mut self, path: &str, text: &str) -> Result<()> {
        let path = self.root.join(path);
        if let Some(folder) = path.parent()
            && self.folders.insert(folder.to_owned())
        {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text)?;
        self.files += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use layerwise::inspect::inspect;

    use super::*;

    #[test]
    fn the_same_size_gives_the_same_valid_repository_again() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let fingerprints = folders.each_ref().map(|folder| {
            let root = Utf8Path::from_path(folder.path()).unwrap().join("S");
            assert!(generate(Size::S, &root).unwrap());
            assert!(!generate(Size::S, &root).unwrap());
            let inspection = inspect(&root, &crate::images::images(Size::S)).unwrap();
            let all: Vec<_> = inspection.targets.iter().map(|target| target.fingerprint).collect();
            all
        });
        assert_eq!(fingerprints[0].len(), 2 + Size::S.lambdas());
        assert_eq!(fingerprints[0], fingerprints[1]);
    }
}
