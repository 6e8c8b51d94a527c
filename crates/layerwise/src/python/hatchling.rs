//! What hatchling reads to make a wheel ([its documentation](https://hatch.pypa.io/latest/config/build/)). Build hooks
//! and metadata hooks are code: a package that has one is read as a whole.

use super::facts::{FolderFacts, Kind};
use super::project::ProjectError;
use super::pyproject::Hatch;
use super::reads::Reads;
use crate::repo_path::RepoPath;

/// What hatchling reads beyond `pyproject.toml`, readme and licences. `name` is the project's, as it is written.
pub(super) fn reads(folder: &RepoPath, table: &Hatch, name: &str) -> Result<Vec<Reads>, ProjectError> {
    let below = |text: &str| ProjectError::below(folder, text);
    let (build, wheel) = (&table.build.selection, &table.build.targets.wheel);
    let mut reads = Vec::new();

    // A target's own option replaces the one for all targets.
    let packages = wheel.packages.as_ref().or(build.packages.as_ref()).into_iter().flatten();
    let only = wheel.only_include.as_ref().or(build.only_include.as_ref()).into_iter().flatten();
    let include = wheel.include.as_ref().or(build.include.as_ref()).into_iter().flatten();
    let artifacts = wheel.artifacts.as_ref().or(build.artifacts.as_ref()).into_iter().flatten();
    for place in packages {
        reads.push(Reads::Needed { path: below(place)?, role: "a package of the wheel" });
    }
    for place in only {
        reads.push(Reads::Needed { path: below(place)?, role: "`only-include` of the wheel" });
    }
    for pattern in include {
        reads.push(selected(folder, pattern)?);
    }
    let found_by_name = reads.is_empty();
    for pattern in artifacts {
        reads.push(selected(folder, pattern)?);
    }

    let mut forced = false;
    for table in [build, wheel] {
        for place in table.force_include.keys() {
            forced = true;
            reads.push(Reads::Needed { path: below(place)?, role: "`force-include` of the wheel" });
        }
        let shared =
            table.shared_data.keys().chain(table.shared_scripts.keys()).chain(table.extra_metadata.keys());
        for place in shared {
            reads.push(Reads::Needed { path: below(place)?, role: "shared data of the wheel" });
        }
        if let Some(hook) = table.hooks.get("custom") {
            let path = hook.get("path").and_then(|path| path.as_str()).unwrap_or("hatch_build.py");
            reads.push(Reads::Needed { path: below(path)?, role: "the build hook" });
        }
        if !table.hooks.is_empty() {
            reads.push(Reads::Everything);
        }
    }
    if !table.metadata.hooks.is_empty() {
        reads.push(Reads::Everything);
    }
    if found_by_name {
        let optional = forced || build.bypass_selection || wheel.bypass_selection;
        reads.push(Reads::HatchDiscovery { modules: module_names(name), optional });
    }

    if let Some(path) = &table.version.path {
        reads.push(Reads::Needed { path: below(path)?, role: "the version's file" });
    }
    if !(build.ignore_vcs || wheel.ignore_vcs) {
        // Hatchling leaves out of a wheel what git ignores.
        reads.push(Reads::IfThere(below(".gitignore")?));
    }
    Ok(reads)
}

/// An `include` pattern, git's way: one without a slash inside matches at any depth, others from the package's folder.
fn selected(folder: &RepoPath, pattern: &str) -> Result<Reads, ProjectError> {
    let anchored = pattern.trim_end_matches('/').contains('/');
    match anchored && !pattern.starts_with('!') {
        true => Reads::glob(folder, pattern.trim_start_matches('/'), None),
        false => Ok(Reads::Everything),
    }
}

/// The module names that hatchling tries for a project's name: with its capitals, then without.
fn module_names(name: &str) -> Vec<String> {
    let legal = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let parts = |name: &str| {
        let parts: Vec<_> = name.split(|c| !legal(c)).filter(|part| !part.is_empty()).collect();
        parts.join("_")
    };
    let lower: Vec<_> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    let mut names = vec![parts(name), lower.join("_").to_lowercase()];
    names.dedup();
    names
}

/// Default selection: a package or a module of that name, flat, in `src/`, or alone in a namespace.
pub(super) fn discover(folder: &RepoPath, module: &str, facts: &FolderFacts) -> Option<RepoPath> {
    let below = |text: &str| RepoPath::below(folder, text).ok();
    for package in [module.to_owned(), format!("src/{module}")] {
        if facts.has_file(folder, &format!("{package}/__init__.py")) {
            return below(&package);
        }
    }
    let single = format!("{module}.py");
    if facts.has_file(folder, &single) {
        return below(&single);
    }
    let init = format!("{module}/__init__.py");
    let mut namespaces = facts
        .children(folder)
        .filter(|(_, path, kind)| *kind == Kind::Folder && facts.has_file(path, &init))
        .map(|(_, path, _)| path.clone());
    namespaces.next().filter(|_| namespaces.next().is_none())
}

#[cfg(test)]
mod tests;
