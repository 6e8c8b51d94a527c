//! What can be wrong with a package's `pyproject.toml` and with what it names.

use crate::python::name::PackageNameError;
use crate::python::requirement::RequirementError;
use crate::repo_path::{RepoPath, RepoPathError};

/// Why a package cannot be installed. Every text names the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// It is not TOML, or a table has another shape than the specification gives.
    #[error("{file}:{line}:{column}: {message}")]
    Toml {
        /// The `pyproject.toml`.
        file: RepoPath,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// It has no `[project]` table.
    #[error("{file} has no [project] table, so the package's name and dependencies are not known")]
    NoProject {
        /// The `pyproject.toml`.
        file: RepoPath,
        /// Whether it has Poetry's old table instead.
        poetry: bool,
    },
    /// `[project]` has no name.
    #[error("{file}: [project] has no name")]
    NoName {
        /// The `pyproject.toml`.
        file: RepoPath,
    },
    /// The name, or an extra's, is none.
    #[error("{file}: {source}")]
    Name {
        /// The `pyproject.toml`.
        file: RepoPath,
        /// What is wrong.
        source: PackageNameError,
    },
    /// A requirement cannot be taken.
    #[error("{file}: {source}")]
    Requirement {
        /// The `pyproject.toml`.
        file: RepoPath,
        /// What is wrong.
        source: RequirementError,
    },
    /// A path cannot be an input.
    #[error("{file}: {source}")]
    Path {
        /// The `pyproject.toml`.
        file: RepoPath,
        /// What is wrong.
        source: RepoPathError,
    },
    /// Code decides what the package needs.
    #[error("{file}: `{field}` are dynamic and in no file, so they are not known before the build")]
    Dynamic {
        /// The `pyproject.toml`.
        file: RepoPath,
        /// `dependencies` or `optional-dependencies`.
        field: &'static str,
    },
    /// The version comes from git's tags.
    #[error("{file}: the version is taken from git, which is not there when the image is built")]
    VersionFromGit {
        /// The `pyproject.toml`.
        file: RepoPath,
    },
    /// Something that the build backend needs is missing.
    #[error("{file}: {role} is missing: {path}")]
    Missing {
        /// The `pyproject.toml`.
        file: RepoPath,
        /// What should be there.
        path: RepoPath,
        /// What it is for.
        role: &'static str,
    },
    /// No module was found by the project's name.
    #[error("{file}: no package or module {} to put into the wheel", quoted(modules))]
    NothingFound {
        /// The `pyproject.toml`.
        file: RepoPath,
        /// The names that were tried.
        modules: Vec<String>,
    },
    /// An `exclude` of the declaration is no pattern that takes something out.
    #[error("{folder}: the package is declared with `.exclude({pattern:?})`, which takes nothing out")]
    Exclude {
        /// The package's folder.
        folder: RepoPath,
        /// What was declared.
        pattern: String,
    },
}

impl ProjectError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoProject { poetry: true, .. } => {
                "Poetry 2 reads the [project] table: move name and dependencies there".to_owned()
            }
            Self::NoProject { .. } | Self::NoName { .. } => {
                "write [project] with name, version and dependencies".to_owned()
            }
            Self::Requirement { source: RequirementError::Credentials(_), .. } => {
                "give credentials to the build as a secret, and leave the URL without them".to_owned()
            }
            Self::Path { source: RepoPathError::Outside(_) | RepoPathError::Absolute(_), .. } => {
                "only files of the repository can be inputs: move it there".to_owned()
            }
            Self::Dynamic { field, .. } => {
                format!("write `{field}` into [project], or into a file named by [tool.setuptools.dynamic]")
            }
            Self::VersionFromGit { .. } => "write a version, or set `fallback_version`".to_owned(),
            Self::Missing { .. } => {
                "create it, or take it out of pyproject.toml or of the declaration".to_owned()
            }
            Self::NothingFound { .. } => {
                "name the folder: packages = [\"…\"] in [tool.hatch.build.targets.wheel]".to_owned()
            }
            Self::Exclude { .. } => "write a pattern such as `docs` or `**/*.ipynb`".to_owned(),
            Self::Toml { .. } | Self::Name { .. } | Self::Requirement { .. } | Self::Path { .. } => {
                return None;
            }
        })
    }

    /// The `pyproject.toml` in `folder`.
    pub(in crate::python) fn file_in(folder: &RepoPath) -> RepoPath {
        folder.child("pyproject.toml").unwrap_or_else(|_| folder.clone())
    }

    /// `text` as seen from the package's folder.
    pub(in crate::python) fn below(folder: &RepoPath, text: &str) -> Result<RepoPath, Self> {
        RepoPath::below(folder, text).map_err(|source| Self::Path { file: Self::file_in(folder), source })
    }

    pub(in crate::python) fn missing(folder: &RepoPath, path: &RepoPath, role: &'static str) -> Self {
        Self::Missing { file: Self::file_in(folder), path: path.clone(), role }
    }

    pub(in crate::python) fn nothing_found(folder: &RepoPath, modules: &[String]) -> Self {
        Self::NothingFound { file: Self::file_in(folder), modules: modules.to_vec() }
    }

    pub(in crate::python) fn toml(folder: &RepoPath, text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let last = before.rsplit('\n').next().unwrap_or_default();
        Self::Toml {
            file: Self::file_in(folder),
            line: before.matches('\n').count() + 1,
            column: last.chars().count() + 1,
            message: error.message().trim().replace('\n', " "),
        }
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}
