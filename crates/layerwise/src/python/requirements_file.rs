//! Requirements files ([pip's format](https://pip.pypa.io/en/stable/reference/requirements-file-format/)): which other
//! files they read, and which lines leave the version open. Never resolves, never expands an environment variable.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Kind;
use super::project::PACKAGE_JUNK;
use crate::inputs::{Source, Tree};
use crate::repo_path::RepoPath;

mod error;
mod line;

pub use error::RequirementsError;
use line::{Item, Line};

/// A requirements file with all that it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementsFile {
    /// The file.
    pub path: RepoPath,
    /// Itself, the files that it names, their files, and local distributions. Relative paths of distributions are
    /// seen from the folder of the first file, so pip has to be run there.
    pub sources: Vec<Source>,
    /// The lines of every file, and whether they only constrain.
    parts: BTreeMap<(RepoPath, bool), Vec<Line>>,
}

/// A line that leaves the version open, so that a later build may install something else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unpinned {
    /// The file.
    pub file: RepoPath,
    /// The line, from 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
}

impl RequirementsFile {
    /// Gathers the file `path` and all that it reads. `text` gives a file's text, `None` when it is not there; `kind`
    /// says what stands at a path. Files that name each other in a circle are read once, as pip does.
    ///
    /// # Errors
    /// [`RequirementsError`], and what the two answer.
    pub fn gather<E: From<RequirementsError>>(
        path: &RepoPath,
        mut text: impl FnMut(&RepoPath) -> Result<Option<String>, E>,
        mut kind: impl FnMut(&RepoPath) -> Result<Option<Kind>, E>,
    ) -> Result<Self, E> {
        let folder = path.parent().unwrap_or_else(RepoPath::root);
        let mut parts = BTreeMap::new();
        let mut sources = BTreeSet::new();
        let mut waiting = vec![(path.clone(), false, None)];
        while let Some((file, constrains, asked_by)) = waiting.pop() {
            if parts.contains_key(&(file.clone(), constrains)) {
                continue;
            }
            let Some(content) = text(&file)? else {
                return Err(RequirementsError::Missing { path: file, asked_by }.into());
            };
            let lines = line::lines(&folder, &file, &content)?;
            for Line { number, item, .. } in &lines {
                let asked_by = || Some((file.clone(), *number));
                match item {
                    Item::File { path, constrains: also } => {
                        // What a constraints file names only constrains as well.
                        waiting.push((path.clone(), constrains || *also, asked_by()));
                    }
                    Item::Local(path) => {
                        sources.insert(match kind(path)? {
                            Some(Kind::File) => Source::File(path.clone()),
                            Some(Kind::Folder) => Source::Tree(tree(path)),
                            None => {
                                let path = path.clone();
                                return Err(RequirementsError::Missing { path, asked_by: asked_by() }.into());
                            }
                        });
                    }
                    Item::Requirement(_) | Item::Url(_) | Item::Option => {}
                }
            }
            sources.insert(Source::File(file.clone()));
            parts.insert((file, constrains), lines);
        }
        Ok(Self { path: path.clone(), sources: sources.into_iter().collect(), parts })
    }

    /// The requirements of all files, as they were written, without those that only constrain.
    pub fn requirements(&self) -> impl Iterator<Item = &str> {
        self.lines(false)
            .filter(|(_, line)| !matches!(line.item, Item::File { .. } | Item::Option))
            .map(text_of)
    }

    /// The lines that leave open which version gets installed. One that a constraints file pins is not among them.
    #[must_use]
    pub fn unpinned(&self) -> Vec<Unpinned> {
        let pinned: BTreeSet<_> = self
            .lines(true)
            .filter_map(|(_, line)| match &line.item {
                Item::Requirement(requirement) if line::is_pinned(requirement) => Some(&requirement.name),
                _ => None,
            })
            .collect();
        let is_open = |line: &Line| match &line.item {
            Item::Requirement(requirement) => {
                !line::is_pinned(requirement) && !pinned.contains(&requirement.name)
            }
            Item::Url(url) => !line::is_fixed(url),
            Item::File { .. } | Item::Local(_) | Item::Option => false,
        };
        let open = self.lines(false).filter(|(_, line)| is_open(line));
        open.map(|(file, line)| Unpinned { file: file.clone(), line: line.number, text: line.text.clone() })
            .collect()
    }

    fn lines(&self, constrains: bool) -> impl Iterator<Item = (&RepoPath, &Line)> {
        let parts = self.parts.iter().filter(move |((_, only), _)| *only == constrains);
        parts.flat_map(|((file, _), lines)| lines.iter().map(move |line| (file, line)))
    }
}

fn text_of<'a>((_, line): (&RepoPath, &'a Line)) -> &'a str {
    &line.text
}

/// A local package or a folder of distributions.
fn tree(path: &RepoPath) -> Tree {
    let exclude =
        PACKAGE_JUNK.iter().map(|&pattern| pattern.to_owned()).chain(["build".to_owned()]).collect();
    Tree { path: path.clone(), exclude, folders: false }
}

#[cfg(test)]
mod tests;
