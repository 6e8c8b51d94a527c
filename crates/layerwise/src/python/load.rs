//! Reads packages and requirements files from disk: the only door that `python` has. Decides nothing that the pure
//! modules can decide.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use camino::Utf8Path;
use fs_err as fs;

use super::facts::{FolderFacts, Kind};
use super::name::PackageName;
use super::package::PythonPackage;
use super::project::{Manifest, Project, ProjectError, declared_name};
use super::requirements_file::{RequirementsError, RequirementsFile};
use super::workspace::{SameNameError, Workspace};
use crate::repo_path::{RepoPath, RepoPathError};

/// Why the declared packages cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A declared folder is not one of the repository.
    #[error("a Python package is declared at a place that cannot be: {0}")]
    Path(#[from] RepoPathError),
    /// There is no `pyproject.toml`.
    #[error("{file} does not exist, but a Python package is declared there")]
    NoPyproject {
        /// Where it should be.
        file: RepoPath,
    },
    /// A file is not UTF-8.
    #[error("{file} is not UTF-8: byte {at} is the first that is not")]
    NotUtf8 {
        /// The file.
        file: RepoPath,
        /// The offset of the first wrong byte.
        at: usize,
    },
    /// What should be a file is none: reading it could take for ever.
    #[error("{file} is no regular file")]
    Special {
        /// Where it is.
        file: RepoPath,
    },
    /// The same folder is declared with different includes or excludes.
    #[error("the package {path} is declared twice, with different `.include` or `.exclude`")]
    DeclaredTwice {
        /// The folder.
        path: RepoPath,
    },
    /// The disk does not answer; the text names the path.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// The package's own file.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// Two packages of one name.
    #[error(transparent)]
    SameName(#[from] SameNameError),
    /// A requirements file.
    #[error(transparent)]
    Requirements(#[from] RequirementsError),
}

impl LoadError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Path(_) => Some("PythonPackage::at takes a folder from the repository's root".to_owned()),
            Self::NoPyproject { .. } => {
                Some("check the path, or write a pyproject.toml with a [project] table there".to_owned())
            }
            Self::NotUtf8 { .. } => Some("save it as UTF-8".to_owned()),
            Self::DeclaredTwice { .. } => {
                Some("declare it once, and use that value (and `.extra` of it) everywhere".to_owned())
            }
            Self::Disk(_) | Self::Special { .. } => None,
            Self::Project(error) => error.hint(),
            Self::SameName(error) => error.hint(),
            Self::Requirements(error) => error.hint(),
        }
    }
}

/// The declared packages, as far as they can be loaded.
#[derive(Debug)]
pub struct Loaded {
    /// Those that can.
    pub workspace: Workspace,
    /// Those that cannot, by path.
    pub unloaded: Vec<Unloaded>,
}

/// A declared package that cannot be loaded.
#[derive(Debug)]
pub struct Unloaded {
    /// Its folder.
    pub path: RepoPath,
    /// Its name, where that much can be told.
    pub name: Option<PackageName>,
    /// Why not; each image that needs the package has it.
    pub error: Arc<LoadError>,
}

/// Loads the declared packages below `root`. The same package may come several times, with any extras.
///
/// # Errors
/// [`LoadError`] for declarations that contradict each other.
pub fn workspace<'a>(
    root: &Utf8Path,
    packages: impl IntoIterator<Item = &'a PythonPackage>,
) -> Result<Loaded, LoadError> {
    let mut declared: BTreeMap<RepoPath, &PythonPackage> = BTreeMap::new();
    for package in packages {
        let path = RepoPath::new(&package.path)?;
        let first = declared.entry(path.clone()).or_insert(package);
        if (&first.include, &first.exclude) != (&package.include, &package.exclude) {
            return Err(LoadError::DeclaredTwice { path });
        }
    }
    let disk = Disk { root };
    let (mut projects, mut unloaded) = (Vec::new(), Vec::new());
    for (path, package) in declared {
        match disk.project(&path, package) {
            Ok(project) => projects.push(project),
            Err(error) => {
                let name = disk.name(&path);
                unloaded.push(Unloaded { path, name, error: Arc::new(error) });
            }
        }
    }
    Ok(Loaded { workspace: Workspace::new(projects)?, unloaded })
}

/// Loads the requirements file `path` below `root` with all that it reads.
///
/// # Errors
/// [`LoadError`], naming the file and the line.
pub fn requirements_file(root: &Utf8Path, path: &RepoPath) -> Result<RequirementsFile, LoadError> {
    let disk = Disk { root };
    RequirementsFile::gather(path, |file| disk.text(file), |path| disk.kind(path))
}

struct Disk<'a> {
    root: &'a Utf8Path,
}

impl Disk<'_> {
    fn project(&self, folder: &RepoPath, package: &PythonPackage) -> Result<Project, LoadError> {
        let file = folder.child("pyproject.toml")?;
        let text = self.text(&file)?.ok_or(LoadError::NoPyproject { file })?;
        let manifest = Manifest::parse(folder, &text)?;
        let facts = self.facts(folder, package, &manifest)?;
        let mut project = manifest.project(package, &facts)?;
        self.add_neighbours(&mut project)?;
        Ok(project)
    }

    /// The name of a package about which nothing else can be told.
    fn name(&self, folder: &RepoPath) -> Option<PackageName> {
        let text = self.text(&folder.child("pyproject.toml").ok()?).ok()??;
        declared_name(&text)
    }

    /// Lists the package's folder, its `src`, and every folder that is mentioned; looks at every file that is.
    fn facts(
        &self,
        folder: &RepoPath,
        package: &PythonPackage,
        manifest: &Manifest,
    ) -> Result<FolderFacts, LoadError> {
        let included = package.include.iter().filter_map(|path| RepoPath::below(folder, path).ok());
        let mut paths: BTreeSet<RepoPath> = manifest.mentions().cloned().chain(included).collect();
        paths.extend([folder.clone(), RepoPath::below(folder, "src")?]);
        let mut facts = FolderFacts::default();
        for path in &paths {
            let Some(kind) = self.kind(path)? else { continue };
            facts.add(path.clone(), kind);
            if kind == Kind::Folder {
                self.list(path, manifest.name(), &mut facts)?;
            }
        }
        for path in manifest.texts()? {
            if let Some(text) = self.text(&path)? {
                facts.add_text(path, text);
            }
        }
        Ok(facts)
    }

    /// What lies directly in `folder`, and of each folder there the few files that tell what it is.
    fn list(&self, folder: &RepoPath, name: &PackageName, facts: &mut FolderFacts) -> Result<(), LoadError> {
        let module = format!("{}/__init__.py", name.module());
        for path in self.children(folder)? {
            // A link that leads nowhere is no fact; whoever needs it finds it missing.
            let Some(kind) = self.kind(&path)? else { continue };
            if kind == Kind::Folder {
                for telling in ["__init__.py", "pyvenv.cfg", &module] {
                    let path = RepoPath::below(&path, telling)?;
                    if self.kind(&path)? == Some(Kind::File) {
                        facts.add(path, Kind::File);
                    }
                }
            }
            facts.add(path, kind);
        }
        Ok(())
    }

    /// Notes the dependencies that lie in a folder of their own name beside the package, declared or not.
    fn add_neighbours(&self, project: &mut Project) -> Result<(), LoadError> {
        let Some(parent) = project.path.parent() else { return Ok(()) };
        let asked: BTreeSet<PackageName> = project.requirements().map(|one| one.name.clone()).collect();
        for folder in self.children(&parent)? {
            let name = folder.file_name().and_then(|name| PackageName::new(name).ok());
            let Some(name) = name.filter(|name| *name != project.name && asked.contains(name)) else {
                continue;
            };
            let Some(text) = self.text(&folder.child("pyproject.toml")?)? else { continue };
            // A folder called like a third-party distribution may well hold something else.
            if declared_name(&text).is_none_or(|declared| declared == name) {
                project.local.entry(name).or_insert(Some(folder));
            }
        }
        Ok(())
    }

    fn children(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, LoadError> {
        let mut children = Vec::new();
        for entry in fs::read_dir(folder.on_disk(self.root))? {
            // Names that no path of ours can express are nobody's input here; `scan` reports them where they matter.
            let name = entry?.file_name();
            children.extend(name.to_str().and_then(|name| folder.child(name).ok()));
        }
        Ok(children)
    }

    fn kind(&self, path: &RepoPath) -> Result<Option<Kind>, LoadError> {
        match fs::metadata(path.on_disk(self.root)) {
            Ok(data) => Ok(Some(if data.is_dir() { Kind::Folder } else { Kind::File })),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The text of a file, `None` when it is not there.
    fn text(&self, file: &RepoPath) -> Result<Option<String>, LoadError> {
        let path = file.on_disk(self.root);
        let bytes =
            match fs::metadata(&path).and_then(|data| data.is_file().then(|| fs::read(&path)).transpose()) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Err(LoadError::Special { file: file.clone() }),
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
        let not_utf8 = |error: std::string::FromUtf8Error| LoadError::NotUtf8 {
            file: file.clone(),
            at: error.utf8_error().valid_up_to(),
        };
        Ok(Some(String::from_utf8(bytes).map_err(not_utf8)?))
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests;
