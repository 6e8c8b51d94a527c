//! What rules need to know of a package's folder, as data. Gathered by `load`; never reads the disk itself.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::repo_path::RepoPath;

/// What stands at a path, links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anything that is not a folder.
    File,
    /// A folder.
    Folder,
}

/// A few facts about a package's folder and about what its `pyproject.toml` mentions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderFacts {
    kinds: BTreeMap<RepoPath, Kind>,
    texts: BTreeMap<RepoPath, String>,
}

impl FolderFacts {
    /// Notes that something stands at `path`.
    pub fn add(&mut self, path: RepoPath, kind: Kind) {
        self.kinds.insert(path, kind);
    }

    /// Notes the text of the file `path`.
    pub fn add_text(&mut self, path: RepoPath, text: String) {
        self.kinds.insert(path.clone(), Kind::File);
        self.texts.insert(path, text);
    }

    /// What stands at `path`, if anything is known to.
    #[must_use]
    pub fn kind(&self, path: &RepoPath) -> Option<Kind> {
        self.kinds.get(path).copied()
    }

    /// The text of the file `path`, if it was read.
    #[must_use]
    pub fn text(&self, path: &RepoPath) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Whether a file stands at `name` below `folder`.
    #[must_use]
    pub fn has_file(&self, folder: &RepoPath, name: &str) -> bool {
        RepoPath::below(folder, name).is_ok_and(|path| self.kind(&path) == Some(Kind::File))
    }

    /// What is known to lie directly in `folder`: name, path and kind, by name.
    pub fn children<'a>(
        &'a self,
        folder: &'a RepoPath,
    ) -> impl Iterator<Item = (&'a str, &'a RepoPath, Kind)> {
        // What lies in a folder is one run of the sorted paths, which begins behind `folder/`.
        let start = if folder.is_root() { String::new() } else { format!("{folder}/") };
        let behind = self.kinds.range::<str, _>((Bound::Excluded(start.as_str()), Bound::Unbounded));
        let inside = behind.map_while(|(path, &kind)| Some((path.relative_to(folder)?, path, kind)));
        inside.filter(|(name, ..)| !name.contains('/'))
    }
}

#[cfg(test)]
impl FolderFacts {
    /// Paths from the root; those that end with `/` are folders, and so is everything above one.
    pub(super) fn of(paths: &[&str]) -> Self {
        let mut facts = Self::default();
        for text in paths {
            let path = RepoPath::new(text).unwrap();
            let mut above = path.parent();
            while let Some(folder) = above {
                facts.add(folder.clone(), Kind::Folder);
                above = folder.parent();
            }
            facts.add(path, if text.ends_with('/') { Kind::Folder } else { Kind::File });
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_direct() {
        let facts = FolderFacts::of(&["a/b/c.py", "a-b/y", "a/d.py", "a0", "ab/x"]);
        let folder = RepoPath::new("a").unwrap();
        let names: Vec<_> = facts.children(&folder).map(|(name, _, kind)| (name, kind)).collect();
        assert_eq!(names, [("b", Kind::Folder), ("d.py", Kind::File)]);
        let root = RepoPath::root();
        let names: Vec<_> = facts.children(&root).map(|(name, ..)| name).collect();
        assert_eq!(names, ["a", "a-b", "a0", "ab"]);
        assert!(facts.has_file(&folder, "b/c.py") && !facts.has_file(&folder, "b"));
    }
}
