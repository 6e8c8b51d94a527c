//! What a build backend reads, first as a list of questions that the `pyproject.toml` alone decides, then, with the
//! folder's facts, as sources. Where code decides what is read, the answer is the whole package folder.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{FolderFacts, Kind};
use super::project::{PACKAGE_JUNK, ProjectError};
use super::{hatchling, pattern, setuptools};
use crate::inputs::{Source, Tree};
use crate::repo_path::RepoPath;

/// One thing that a build backend reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reads {
    /// A file or folder that must be there; `role` says what it is for.
    Needed { path: RepoPath, role: &'static str },
    /// A file or folder that is read when it is there.
    IfThere(RepoPath),
    /// The files in `folder` whose names match; with a `role` at least one must.
    Glob { folder: RepoPath, pattern: String, role: Option<&'static str> },
    /// The import packages directly in a folder that setuptools' finder takes.
    Find(setuptools::Finder),
    /// What setuptools finds when nothing is declared.
    SetuptoolsDiscovery,
    /// What hatchling finds when nothing is declared: the candidates for the module's name.
    HatchDiscovery { modules: Vec<String>, optional: bool },
    /// The package's whole folder.
    Everything,
    /// The same, when this file is there.
    EverythingIf(RepoPath),
}

impl Reads {
    /// The glob or plain path `text` relative to `folder`: the part without wildcards becomes a path. A pattern that
    /// reaches into folders is answered with its fixed folder as a whole.
    pub fn glob(folder: &RepoPath, text: &str, role: Option<&'static str>) -> Result<Self, ProjectError> {
        let below = |text: &str| ProjectError::below(folder, text);
        let Some(wild) = text.find(['*', '?', '[']) else {
            return Ok(match role {
                Some(role) => Self::Needed { path: below(text)?, role },
                None => Self::IfThere(below(text)?),
            });
        };
        let (fixed, name) = match text[..wild].rfind('/') {
            Some(slash) => (&text[..slash], &text[slash + 1..]),
            None => ("", text),
        };
        let fixed = below(fixed)?;
        Ok(match role {
            _ if !name.contains('/') && name != "**" => {
                Self::Glob { folder: fixed, pattern: name.to_owned(), role }
            }
            Some(role) => Self::Needed { path: fixed, role },
            None => Self::IfThere(fixed),
        })
    }

    /// The path about which facts are needed to answer this.
    pub fn mentions(&self) -> Option<&RepoPath> {
        match self {
            Self::Needed { path, .. } | Self::IfThere(path) | Self::EverythingIf(path) => Some(path),
            Self::Glob { folder, .. } => Some(folder),
            Self::Find(finder) => Some(&finder.below),
            Self::SetuptoolsDiscovery | Self::HatchDiscovery { .. } | Self::Everything => None,
        }
    }
}

/// Answers `reads` for the package in `folder`. `exclude` are patterns relative to it, beside [`PACKAGE_JUNK`].
///
/// # Errors
/// [`ProjectError`] for what must be there and is not.
pub(super) fn sources(
    folder: &RepoPath,
    reads: &[Reads],
    exclude: &[String],
    facts: &FolderFacts,
) -> Result<Vec<Source>, ProjectError> {
    let found = reads.iter().try_fold(BTreeSet::new(), |mut found, reads| {
        found.extend(answer(folder, reads, facts)?);
        Ok(found)
    })?;
    let trees: BTreeMap<&RepoPath, Tree> = found
        .iter()
        .filter(|path| facts.kind(path) == Some(Kind::Folder))
        .filter_map(|path| Some((path, tree(folder, path, exclude, facts)?)))
        .collect();
    // Only a tree around a path can hold it.
    let is_covered = |path: &RepoPath| {
        let mut around = std::iter::successors(path.parent(), RepoPath::parent);
        around.any(|folder| trees.get(&folder).is_some_and(|tree| covers(tree, path)))
    };
    let files = found.iter().filter(|path| facts.kind(path) != Some(Kind::Folder) && !is_covered(path));
    let mut sources: Vec<_> = files.cloned().map(Source::File).collect();
    sources.extend(trees.values().filter(|tree| !is_covered(&tree.path)).cloned().map(Source::Tree));
    sources.sort();
    Ok(sources)
}

fn answer(folder: &RepoPath, reads: &Reads, facts: &FolderFacts) -> Result<Vec<RepoPath>, ProjectError> {
    let everything = || vec![folder.clone()];
    Ok(match reads {
        Reads::Needed { path, role } => match facts.kind(path) {
            Some(_) => vec![path.clone()],
            None => return Err(ProjectError::missing(folder, path, role)),
        },
        Reads::IfThere(path) => facts.kind(path).map(|_| path.clone()).into_iter().collect(),
        Reads::Glob { folder: below, pattern, role } => {
            let matching = |(name, path, kind): (&str, &RepoPath, Kind)| {
                (kind == Kind::File && pattern::matches(pattern, name)).then(|| path.clone())
            };
            let found: Vec<_> = facts.children(below).filter_map(matching).collect();
            match role {
                Some(role) if found.is_empty() => {
                    return Err(ProjectError::missing(folder, &ProjectError::below(below, pattern)?, role));
                }
                _ => found,
            }
        }
        Reads::Find(finder) => match facts.kind(&finder.below) {
            Some(Kind::Folder) => finder.find(facts),
            _ => {
                return Err(ProjectError::missing(
                    folder,
                    &finder.below,
                    "`where` of [tool.setuptools.packages.find]",
                ));
            }
        },
        Reads::SetuptoolsDiscovery => setuptools::discover(folder, facts),
        Reads::HatchDiscovery { modules, optional } => {
            match modules.iter().find_map(|module| hatchling::discover(folder, module, facts)) {
                Some(found) => vec![found],
                None if *optional => vec![],
                None => return Err(ProjectError::nothing_found(folder, modules)),
            }
        }
        Reads::Everything => everything(),
        Reads::EverythingIf(path) => facts.kind(path).map(|_| everything()).unwrap_or_default(),
    })
}

/// `path` as a tree without what is never an input; `None` when `exclude` takes it out as a whole.
fn tree(folder: &RepoPath, path: &RepoPath, exclude: &[String], facts: &FolderFacts) -> Option<Tree> {
    let mut patterns: Vec<String> = PACKAGE_JUNK.iter().map(|&pattern| pattern.to_owned()).collect();
    if path == folder {
        // Only here: deeper down `build` may well be a package's name.
        patterns.push("build".to_owned());
    }
    patterns.extend(virtual_environments(path, facts).map(str::to_owned));
    for pattern in exclude {
        match path.relative_to(folder) {
            Some(inside) => patterns.extend(pattern::within(pattern, inside)?),
            None if pattern.starts_with("**/") => patterns.push(pattern.clone()),
            None => {}
        }
    }
    Some(Tree { path: path.clone(), exclude: patterns.into(), folders: false })
}

/// The folders in `folder` that are virtual environments under whatever name
/// ([PEP 405](https://peps.python.org/pep-0405/): they hold a `pyvenv.cfg`).
pub(super) fn virtual_environments<'a>(
    folder: &'a RepoPath,
    facts: &'a FolderFacts,
) -> impl Iterator<Item = &'a str> {
    facts
        .children(folder)
        .filter(|(_, path, kind)| *kind == Kind::Folder && facts.has_file(path, "pyvenv.cfg"))
        .map(|(name, _, _)| name)
}

/// Whether `tree` already holds what lies at `path`.
fn covers(tree: &Tree, path: &RepoPath) -> bool {
    path.relative_to(&tree.path).is_some_and(|inside| {
        !inside.is_empty() && !tree.exclude.iter().any(|pattern| pattern::takes_out(pattern, inside))
    })
}
