//! From the text of a `pyproject.toml` to a [`Manifest`]; from the manifest and a few facts to a [`Project`].

use std::collections::BTreeMap;

use super::backend::Backend;
use super::{Project, ProjectError};
use crate::python::facts::FolderFacts;
use crate::python::name::{PackageName, PackageNameError};
use crate::python::package::PythonPackage;
use crate::python::pyproject::{LicenseFiles, ProjectTable, Pyproject, TextOrTable, UvSource, UvSources};
use crate::python::reads::{self, Reads};
use crate::python::requirement::{Requirement, RequirementError};
use crate::python::{hatchling, setuptools};
use crate::repo_path::RepoPath;

/// The file names that backends take for licences when nothing is declared (setuptools and hatchling alike).
const LICENSES: [&str; 4] = ["LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"];

/// A `pyproject.toml` that was understood.
#[derive(Debug, Clone)]
pub struct Manifest {
    folder: RepoPath,
    name: PackageName,
    backend: Backend,
    project: ProjectTable,
    pyproject: Pyproject,
    reads: Vec<Reads>,
}

impl Manifest {
    /// Parses the text of `pyproject.toml` in the package's folder.
    ///
    /// # Errors
    /// [`ProjectError`], naming the file.
    pub fn parse(folder: &RepoPath, text: &str) -> Result<Self, ProjectError> {
        let pyproject: Pyproject = toml::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| ProjectError::toml(folder, text, &error))?;
        let file = ProjectError::file_in(folder);
        let Some(project) = pyproject.project.clone() else {
            return Err(ProjectError::NoProject { file, poetry: pyproject.tool.poetry.is_some() });
        };
        let Some(name) = &project.name else { return Err(ProjectError::NoName { file }) };
        let name =
            PackageName::new(name).map_err(|source| ProjectError::Name { file: file.clone(), source })?;
        let backend = Backend::of(pyproject.build_system.as_ref());
        if backend.takes_version_from_git(&pyproject) {
            return Err(ProjectError::VersionFromGit { file });
        }
        let mut manifest =
            Self { folder: folder.clone(), name, backend, project, pyproject, reads: Vec::new() };
        manifest.reads = manifest.backend_reads()?;
        Ok(manifest)
    }

    /// The distribution's name.
    #[must_use]
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// The paths about which [`Manifest::project`] needs facts, beside the package's folder and its `src`.
    pub fn mentions(&self) -> impl Iterator<Item = &RepoPath> {
        self.reads.iter().filter_map(Reads::mentions)
    }

    /// The files whose text [`Manifest::project`] needs: requirements that the package keeps outside `pyproject.toml`.
    ///
    /// # Errors
    /// [`ProjectError::Path`].
    pub fn texts(&self) -> Result<Vec<RepoPath>, ProjectError> {
        let dynamic = &self.pyproject.tool.setuptools.dynamic;
        let dependencies = dynamic.get("dependencies").into_iter();
        let extras = dynamic.get("optional-dependencies").and_then(|extras| extras.as_table());
        let tables = dependencies.chain(extras.into_iter().flat_map(|extras| extras.values()));
        let files: Vec<_> = tables.flat_map(setuptools::files).collect();
        files.iter().map(|file| ProjectError::below(&self.folder, file)).collect()
    }

    /// The package as it is installed. `package` adds what its declaration includes and excludes.
    ///
    /// # Errors
    /// [`ProjectError`] for a file that the backend needs and that is missing, and for bad requirements.
    pub fn project(&self, package: &PythonPackage, facts: &FolderFacts) -> Result<Project, ProjectError> {
        let mut reads = self.reads.clone();
        for path in &package.include {
            let path = ProjectError::below(&self.folder, path)?;
            reads.push(Reads::Needed { path, role: "`include` of its declaration" });
        }
        if let Some(pattern) =
            package.exclude.iter().find(|text| text.trim().is_empty() || text.starts_with('!'))
        {
            return Err(ProjectError::Exclude { folder: self.folder.clone(), pattern: pattern.clone() });
        }
        let mut project = Project {
            path: self.folder.clone(),
            name: self.name.clone(),
            version: self.project.version.clone(),
            dependencies: self.dependencies(facts)?,
            extras: self.extras(facts)?,
            build: self.build()?,
            sources: reads::sources(&self.folder, &reads, &package.exclude, facts)?,
            local: BTreeMap::new(),
        };
        project.local = self.local(&project);
        Ok(project)
    }

    fn backend_reads(&self) -> Result<Vec<Reads>, ProjectError> {
        let below = |text: &str| ProjectError::below(&self.folder, text);
        let mut reads = vec![Reads::IfThere(below("pyproject.toml")?)];
        if let Some(TextOrTable::Text(file) | TextOrTable::Table { file: Some(file) }) = &self.project.readme
        {
            reads.push(Reads::Needed { path: below(file)?, role: "the readme" });
        }
        if let Some(TextOrTable::Table { file: Some(file) }) = &self.project.license {
            reads.push(Reads::Needed { path: below(file)?, role: "the licence" });
        }
        let tool = &self.pyproject.tool;
        // PEP 639: a declared pattern that matches nothing is an error. The older tables are not so strict.
        let must = Some("a licence file");
        let (patterns, role) = match (&self.project.license_files, &tool.setuptools.license_files) {
            (Some(LicenseFiles::Globs(globs)), _) => (globs.clone(), must),
            (Some(LicenseFiles::Table { paths, globs }), _) => ([&paths[..], globs].concat(), None),
            (None, Some(globs)) if self.backend == Backend::Setuptools => (globs.clone(), None),
            (None, _) => (LICENSES.map(str::to_owned).to_vec(), None),
        };
        for pattern in patterns {
            reads.push(Reads::glob(&self.folder, &pattern, role)?);
        }
        let name = self.project.name.as_deref().unwrap_or_default();
        reads.extend(match self.backend {
            Backend::Setuptools => setuptools::reads(&self.folder, &tool.setuptools)?,
            Backend::Hatchling => hatchling::reads(&self.folder, &tool.hatch, name)?,
            Backend::Other => vec![Reads::Everything],
        });
        Ok(reads)
    }

    fn is_dynamic(&self, field: &str) -> bool {
        self.project.dynamic.iter().any(|dynamic| dynamic == field)
    }

    fn dependencies(&self, facts: &FolderFacts) -> Result<Vec<Requirement>, ProjectError> {
        if !self.is_dynamic("dependencies") {
            return self.requirements(&self.project.dependencies);
        }
        match self.pyproject.tool.setuptools.dynamic.get("dependencies") {
            Some(table) if self.backend == Backend::Setuptools => self.requirements_in(table, facts),
            _ => Err(self.unknown("dependencies")),
        }
    }

    fn extras(&self, facts: &FolderFacts) -> Result<BTreeMap<PackageName, Vec<Requirement>>, ProjectError> {
        let extra = |name: &str| PackageName::new(name).map_err(|source| self.bad_name(source));
        let declared = &self.project.optional_dependencies;
        if !self.is_dynamic("optional-dependencies") {
            let pairs = declared.iter().map(|(name, texts)| Ok((extra(name)?, self.requirements(texts)?)));
            return pairs.collect();
        }
        let tables = self.pyproject.tool.setuptools.dynamic.get("optional-dependencies");
        match tables.and_then(|tables| tables.as_table()) {
            Some(tables) if self.backend == Backend::Setuptools => {
                let pairs = tables
                    .iter()
                    .map(|(name, table)| Ok((extra(name)?, self.requirements_in(table, facts)?)));
                pairs.collect()
            }
            _ => Err(self.unknown("optional-dependencies")),
        }
    }

    fn build(&self) -> Result<Vec<Requirement>, ProjectError> {
        match &self.pyproject.build_system {
            Some(system) => self.requirements(&system.requires),
            None => self.requirements(&["setuptools".to_owned()]),
        }
    }

    fn requirements(&self, texts: &[String]) -> Result<Vec<Requirement>, ProjectError> {
        texts
            .iter()
            .map(|text| Requirement::parse(text).map_err(|source| self.bad_requirement(source)))
            .collect()
    }

    /// Requirements in text files: one each line, with comments (`[tool.setuptools.dynamic]` allows no options).
    fn requirements_in(
        &self,
        table: &toml::Value,
        facts: &FolderFacts,
    ) -> Result<Vec<Requirement>, ProjectError> {
        let mut texts = Vec::new();
        for file in setuptools::files(table) {
            let path = ProjectError::below(&self.folder, &file)?;
            let Some(text) = facts.text(&path) else {
                return Err(ProjectError::missing(
                    &self.folder,
                    &path,
                    "a file of [tool.setuptools.dynamic]",
                ));
            };
            let lines = text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
            texts.extend(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned));
        }
        self.requirements(&texts)
    }

    /// Which dependencies are said to be this repository's own, by uv, by Poetry or by a `file:` reference.
    fn local(&self, project: &Project) -> BTreeMap<PackageName, Option<RepoPath>> {
        let place = |path: &str| RepoPath::below(&self.folder, path).ok();
        let mut local = BTreeMap::new();
        for requirement in project.requirements() {
            if let Some(path) = requirement.local_path() {
                local.insert(requirement.name.clone(), place(path));
            }
        }
        let tool = &self.pyproject.tool;
        let uv = tool.uv.sources.iter().filter_map(|(name, sources)| {
            let sources: &[UvSource] = match sources {
                UvSources::One(source) => std::slice::from_ref(source),
                UvSources::Many(sources) => sources,
            };
            let source = sources.iter().find(|source| source.path.is_some() || source.workspace)?;
            Some((name, source.path.as_deref().and_then(place)))
        });
        let poetry = tool.poetry.iter().flat_map(|poetry| &poetry.dependencies);
        let poetry = poetry.filter_map(|(name, table)| Some((name, place(table.get("path")?.as_str()?))));
        for (name, folder) in uv.chain(poetry) {
            if let Ok(name) = PackageName::new(name) {
                local.insert(name, folder);
            }
        }
        local.retain(|name, _| *name != self.name);
        local
    }

    fn unknown(&self, field: &'static str) -> ProjectError {
        ProjectError::Dynamic { file: ProjectError::file_in(&self.folder), field }
    }

    fn bad_requirement(&self, source: RequirementError) -> ProjectError {
        ProjectError::Requirement { file: ProjectError::file_in(&self.folder), source }
    }

    fn bad_name(&self, source: PackageNameError) -> ProjectError {
        ProjectError::Name { file: ProjectError::file_in(&self.folder), source }
    }
}

/// The name that the text of a `pyproject.toml` declares, if it can be told.
#[must_use]
pub fn declared_name(text: &str) -> Option<PackageName> {
    let pyproject: Pyproject = toml::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    PackageName::new(&pyproject.project?.name?).ok()
}
