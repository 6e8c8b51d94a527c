//! What can be wrong with a requirements file.

use crate::python::requirement::RequirementError;
use crate::repo_path::{RepoPath, RepoPathError};

/// Why a requirements file cannot be an input. Every text names the file and the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequirementsError {
    /// The file, or something that it names, is not there.
    #[error("{}{path} does not exist", asker(asked_by.as_ref()))]
    Missing {
        /// What is missing.
        path: RepoPath,
        /// The file and the line that name it; `None` for the declared file itself.
        asked_by: Option<(RepoPath, usize)>,
    },
    /// A line is not a requirement that we take, or holds credentials.
    #[error("{file}:{line}: {source}")]
    Requirement {
        /// The file.
        file: RepoPath,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        source: RequirementError,
    },
    /// A path cannot be an input.
    #[error("{file}:{line}: {source}")]
    Path {
        /// The file.
        file: RepoPath,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        source: RepoPathError,
    },
    /// A path depends on the environment, so nobody knows what is read.
    #[error("{file}:{line}: `{text}` names a path by an environment variable, so it cannot be an input")]
    Variable {
        /// The file.
        file: RepoPath,
        /// The line, from 1.
        line: usize,
        /// The path.
        text: String,
    },
}

impl RequirementsError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { asked_by: None, .. } => "check the declared path".to_owned(),
            Self::Missing { .. } => {
                "`-r` and `-c` are seen from the file's own folder, distributions from the first file's"
                    .to_owned()
            }
            Self::Requirement { source: RequirementError::Credentials(_), .. } => {
                "write ${TOKEN} for the password, and give it to the build as a secret".to_owned()
            }
            Self::Path { .. } => "only files of the repository can be inputs: move it there".to_owned(),
            Self::Variable { .. } => "write the path itself".to_owned(),
            Self::Requirement { .. } => return None,
        })
    }
}

fn asker(asked_by: Option<&(RepoPath, usize)>) -> String {
    asked_by.map(|(file, line)| format!("{file}:{line}: ")).unwrap_or_default()
}
