//! What setuptools reads to make a wheel
//! ([its documentation](https://setuptools.pypa.io/en/latest/userguide/pyproject_config.html)). `setup.py` is never
//! looked into: a package that has one is read as a whole.

use toml::Value;

use super::project::ProjectError;
use super::pyproject::{Setuptools, SetuptoolsPackages};
use super::reads::Reads;
use crate::repo_path::RepoPath;

mod discovery;

pub(super) use discovery::{Finder, discover};

/// What setuptools reads beyond `pyproject.toml`, readme and licences.
pub(super) fn reads(folder: &RepoPath, table: &Setuptools) -> Result<Vec<Reads>, ProjectError> {
    let mut reads = code(folder, table)?;
    reads.extend(modules(folder, table)?);
    reads.extend(single_files(folder, table)?);
    Ok(reads)
}

/// Where code or an old configuration file may decide, and the files that hold it.
fn code(folder: &RepoPath, table: &Setuptools) -> Result<Vec<Reads>, ProjectError> {
    let below = |text: &str| ProjectError::below(folder, text);
    let configuration = below("setup.cfg")?;
    let mut reads = vec![
        Reads::EverythingIf(below("setup.py")?),
        Reads::IfThere(below("MANIFEST.in")?),
        match is_declared(table) {
            true => Reads::IfThere(configuration),
            false => Reads::EverythingIf(configuration),
        },
    ];
    if table.ext_modules.is_some() || table.cmdclass.is_some() {
        reads.push(Reads::Everything);
    }
    Ok(reads)
}

fn is_declared(table: &Setuptools) -> bool {
    table.packages.is_some() || table.py_modules.is_some()
}

fn modules(folder: &RepoPath, table: &Setuptools) -> Result<Vec<Reads>, ProjectError> {
    let below = |text: &str| ProjectError::below(folder, text);
    let mut reads = Vec::new();
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
    if !is_declared(table) {
        // A mapped folder is the layout then; otherwise it only translates names.
        let mapped: Vec<_> =
            table.package_dir.values().map(|place| below(place)).collect::<Result<_, _>>()?;
        let (top, folders): (Vec<_>, Vec<_>) = mapped.into_iter().partition(|path| path == folder);
        if folders.is_empty() || !top.is_empty() {
            reads.push(Reads::SetuptoolsDiscovery);
        }
        let role = "a folder of [tool.setuptools] package-dir";
        reads.extend(folders.into_iter().map(|path| Reads::Needed { path, role }));
    }
    Ok(reads)
}

fn single_files(folder: &RepoPath, table: &Setuptools) -> Result<Vec<Reads>, ProjectError> {
    let below = |text: &str| ProjectError::below(folder, text);
    let mut reads = Vec::new();
    for script in &table.script_files {
        reads.push(Reads::Needed { path: below(script)?, role: "a script of [tool.setuptools]" });
    }
    for pattern in table.data_files.values().flatten() {
        reads.push(Reads::glob(folder, pattern, Some("a data file of [tool.setuptools.data-files]"))?);
    }
    // Data of a package lies inside of it, unless its pattern climbs out.
    for (package, patterns) in &table.package_data {
        for pattern in patterns.iter().filter(|pattern| pattern.split('/').any(|part| part == "..")) {
            reads.push(match package.as_str() {
                "" | "*" => Reads::Everything,
                name => Reads::glob(folder, &format!("{}/{pattern}", package_folder(table, name)), None)?,
            });
        }
    }
    let extras = table.dynamic.get("optional-dependencies").and_then(Value::as_table);
    for value in table.dynamic.values().chain(extras.into_iter().flat_map(|extras| extras.values())) {
        for file in files(value) {
            reads.push(Reads::Needed { path: below(&file)?, role: "a file of [tool.setuptools.dynamic]" });
        }
    }
    // `version = { attr = "module.NAME" }` reads the module, which may lie outside of every package.
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

#[cfg(test)]
mod tests;
