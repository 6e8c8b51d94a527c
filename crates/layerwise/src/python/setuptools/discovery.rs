//! Which import packages and modules setuptools finds by itself (`discovery.py` of its source).

use crate::python::facts::{FolderFacts, Kind};
use crate::python::pattern;
use crate::python::reads::virtual_environments;
use crate::repo_path::RepoPath;

/// `[tool.setuptools.packages.find]` for one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::python) struct Finder {
    pub below: RepoPath,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    /// Whether a folder without `__init__.py` counts.
    pub namespaces: bool,
}

/// Names that a flat layout reserves (`FlatLayoutPackageFinder`).
const NOT_PACKAGES: &str = "ci bin debian doc docs documentation manpages news newsfragments changelog test tests \
    unit_test unit_tests example examples scripts tools util utils python build dist venv env requirements tasks fabfile \
    site_scons benchmark benchmarks exercise exercises htmlcov node_modules [._]*";

/// The same for single modules (`FlatLayoutModuleFinder`).
const NOT_MODULES: &str = "setup conftest test tests example examples build toxfile noxfile pavement dodo tasks fabfile \
    [Ss][Cc]onstruct conanfile manage benchmark benchmarks exercise exercises [._]*";

impl Finder {
    /// The folders that hold what the finder takes. Its patterns are dotted names; a folder counts as soon as
    /// something below it may be taken.
    pub fn find(&self, facts: &FolderFacts) -> Vec<RepoPath> {
        let hits =
            |patterns: &[String], name: &str| patterns.iter().any(|pattern| pattern::matches(pattern, name));
        packages(&self.below, facts)
            .filter(|(_, path)| self.namespaces || facts.has_file(path, "__init__.py"))
            .filter(|(name, _)| {
                hits(&self.include, name)
                    || self.include.iter().any(|pattern| pattern.starts_with(&format!("{name}.")))
            })
            .filter(|(name, _)| !(hits(&self.exclude, name) && hits(&self.exclude, &format!("{name}.x"))))
            .map(|(_, path)| path.clone())
            .collect()
    }
}

/// Automatic discovery: everything importable in `src/` where there is one, otherwise the flat layout's packages, and
/// its modules where it has no package.
pub(in crate::python) fn discover(folder: &RepoPath, facts: &FolderFacts) -> Vec<RepoPath> {
    if let Ok(src) = RepoPath::below(folder, "src")
        && facts.kind(&src) == Some(Kind::Folder)
    {
        let packages = packages(&src, facts).map(|(_, path)| path);
        return packages.chain(modules(&src, facts).map(|(_, path)| path)).cloned().collect();
    }
    let reserved =
        |names: &str, name: &str| names.split_whitespace().any(|pattern| pattern::matches(pattern, name));
    let packages: Vec<_> = packages(folder, facts)
        .filter(|(name, _)| is_identifier(name.strip_suffix("-stubs").unwrap_or(name)))
        .filter(|(name, _)| !reserved(NOT_PACKAGES, name))
        .map(|(_, path)| path.clone())
        .collect();
    if !packages.is_empty() {
        return packages;
    }
    let modules = modules(folder, facts).filter(|(name, _)| !reserved(NOT_MODULES, name));
    modules.map(|(_, path)| path.clone()).collect()
}

fn packages<'a>(
    folder: &'a RepoPath,
    facts: &'a FolderFacts,
) -> impl Iterator<Item = (&'a str, &'a RepoPath)> {
    let environments: Vec<_> = virtual_environments(folder, facts).collect();
    facts
        .children(folder)
        .filter(|(name, _, kind)| *kind == Kind::Folder && !name.contains('.') && *name != "__pycache__")
        .filter(move |(name, _, _)| !environments.contains(name))
        .map(|(name, path, _)| (name, path))
}

fn modules<'a>(
    folder: &'a RepoPath,
    facts: &'a FolderFacts,
) -> impl Iterator<Item = (&'a str, &'a RepoPath)> {
    facts.children(folder).filter_map(|(name, path, kind)| {
        let module = name.strip_suffix(".py").filter(|module| kind == Kind::File && is_identifier(module))?;
        Some((module, path))
    })
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c == '_' || c.is_alphabetic())
        && text.chars().all(|c| c == '_' || c.is_alphanumeric())
}
