//! What setuptools reads to make a wheel
//! ([its documentation](https://setuptools.pypa.io/en/latest/userguide/pyproject_config.html)). `setup.py` is never
//! looked into: a package that has one is read as a whole.

use toml::Value;

use super::facts::{FolderFacts, Kind};
use super::pattern;
use super::project::ProjectError;
use super::pyproject::{Setuptools, SetuptoolsPackages};
use super::reads::{Reads, virtual_environments};
use crate::repo_path::RepoPath;

/// `[tool.setuptools.packages.find]` for one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finder {
    pub below: RepoPath,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    /// Whether a folder without `__init__.py` counts.
    pub namespaces: bool,
}

/// Names that a flat layout reserves (`FlatLayoutPackageFinder` in setuptools' `discovery.py`).
const NOT_PACKAGES: &[&str] = &[
    "ci",
    "bin",
    "debian",
    "doc",
    "docs",
    "documentation",
    "manpages",
    "news",
    "newsfragments",
    "changelog",
    "test",
    "tests",
    "unit_test",
    "unit_tests",
    "example",
    "examples",
    "scripts",
    "tools",
    "util",
    "utils",
    "python",
    "build",
    "dist",
    "venv",
    "env",
    "requirements",
    "tasks",
    "fabfile",
    "site_scons",
    "benchmark",
    "benchmarks",
    "exercise",
    "exercises",
    "htmlcov",
    "node_modules",
    "[._]*",
];

/// The same for single modules (`FlatLayoutModuleFinder`).
const NOT_MODULES: &[&str] = &[
    "setup",
    "conftest",
    "test",
    "tests",
    "example",
    "examples",
    "build",
    "toxfile",
    "noxfile",
    "pavement",
    "dodo",
    "tasks",
    "fabfile",
    "[Ss][Cc]onstruct",
    "conanfile",
    "manage",
    "benchmark",
    "benchmarks",
    "exercise",
    "exercises",
    "[._]*",
];

/// What setuptools reads beyond `pyproject.toml`, readme and licences.
pub(super) fn reads(folder: &RepoPath, table: &Setuptools) -> Result<Vec<Reads>, ProjectError> {
    let below = |text: &str| ProjectError::below(folder, text);
    let mut reads = vec![Reads::EverythingIf(below("setup.py")?), Reads::IfThere(below("MANIFEST.in")?)];
    let declared = table.packages.is_some() || table.py_modules.is_some();
    let configuration = below("setup.cfg")?;
    reads.push(if declared { Reads::IfThere(configuration) } else { Reads::EverythingIf(configuration) });
    if table.ext_modules.is_some() || table.cmdclass.is_some() {
        reads.push(Reads::Everything);
    }

    match &table.packages {
        Some(SetuptoolsPackages::List(packages)) => {
            for package in packages {
                let path = below(&package_folder(table, package))?;
                reads.push(Reads::Needed { path, role: "a package of [tool.setuptools]" });
            }
        }
        Some(SetuptoolsPackages::Find { find }) => {
            for place in &find.below {
                reads.push(Reads::Find(Finder {
                    below: below(place)?,
                    include: find.include.clone(),
                    exclude: find.exclude.clone(),
                    namespaces: find.namespaces,
                }));
            }
        }
        None => {}
    }
    for module in table.py_modules.iter().flatten() {
        let path = below(&format!("{}.py", package_folder(table, module)))?;
        reads.push(Reads::Needed { path, role: "a module of [tool.setuptools] py-modules" });
    }
    for place in table.package_dir.values() {
        // A mapped folder is the layout when nothing else is declared; otherwise it only translates names.
        let path = below(place)?;
        match declared {
            true => {}
            false if path == *folder => {}
            false => reads.push(Reads::Needed { path, role: "a folder of [tool.setuptools] package-dir" }),
        }
    }
    if !declared && table.package_dir.values().all(|place| below(place).is_ok_and(|path| path == *folder)) {
        reads.push(Reads::SetuptoolsDiscovery);
    }

    for script in &table.script_files {
        reads.push(Reads::Needed { path: below(script)?, role: "a script of [tool.setuptools]" });
    }
    for pattern in table.data_files.values().flatten() {
        reads.push(Reads::glob(folder, pattern, Some("a data file of [tool.setuptools.data-files]"))?);
    }
    for (field, value) in &table.dynamic {
        for file in files(value) {
            reads.push(Reads::Needed { path: below(&file)?, role: "a file of [tool.setuptools.dynamic]" });
        }
        for extra in value.as_table().into_iter().flatten().filter(|_| field == "optional-dependencies") {
            for file in files(extra.1) {
                reads
                    .push(Reads::Needed { path: below(&file)?, role: "a file of [tool.setuptools.dynamic]" });
            }
        }
    }
    if let Some(attribute) = table.dynamic.get("version").and_then(|version| version.get("attr")?.as_str())
        && let Some((module, _)) = attribute.rsplit_once('.')
    {
        let module = package_folder(table, module);
        for place in ["", "src/"] {
            reads.push(Reads::IfThere(below(&format!("{place}{module}.py"))?));
            reads.push(Reads::IfThere(below(&format!("{place}{module}/__init__.py"))?));
        }
    }
    Ok(reads)
}

/// `{ file = "a.txt" }` and `{ file = ["a.txt", "b.txt"] }`.
pub(super) fn files(value: &Value) -> Vec<String> {
    match value.get("file") {
        Some(Value::String(file)) => vec![file.clone()],
        Some(Value::Array(files)) => {
            files.iter().filter_map(|file| Some(file.as_str()?.to_owned())).collect()
        }
        _ => vec![],
    }
}

/// Where `package-dir` puts the dotted name: its longest mapped prefix, or the mapping of the empty name.
fn package_folder(table: &Setuptools, dotted: &str) -> String {
    let mut prefix = dotted;
    loop {
        if let Some(folder) = table.package_dir.get(prefix) {
            return format!("{folder}/{}", dotted[prefix.len()..].replace('.', "/"));
        }
        match prefix.rsplit_once('.') {
            Some((shorter, _)) => prefix = shorter,
            None => break,
        }
    }
    let base = table.package_dir.get("").map_or(".", String::as_str);
    format!("{base}/{}", dotted.replace('.', "/"))
}

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
pub(super) fn discover(folder: &RepoPath, facts: &FolderFacts) -> Vec<RepoPath> {
    if let Ok(src) = RepoPath::below(folder, "src")
        && facts.kind(&src) == Some(Kind::Folder)
    {
        let packages = packages(&src, facts).map(|(_, path)| path);
        return packages.chain(modules(&src, facts).map(|(_, path)| path)).cloned().collect();
    }
    let reserved = |names: &[&str], name: &str| names.iter().any(|pattern| pattern::matches(pattern, name));
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

#[cfg(test)]
mod tests;
