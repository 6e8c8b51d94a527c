//! Why the inputs of an image cannot be told. Every variant names the path.

use std::io;

use crate::dockerignore::AllowListError;
use crate::repo_path::RepoPath;

/// An input that cannot be counted. Nothing that is declared is ever passed over.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// A declared file or folder is not there, or a link on the way leads nowhere.
    #[error("`{path}` does not exist{}", via(path, declared))]
    Missing {
        /// What does not exist.
        path: RepoPath,
        /// What was declared.
        declared: RepoPath,
    },
    /// A folder was declared as a file.
    #[error("`{path}` is a folder{}", via(path, declared))]
    IsFolder {
        /// The folder.
        path: RepoPath,
        /// What was declared.
        declared: RepoPath,
    },
    /// A file was declared as a folder.
    #[error("`{path}` is a file, not a folder")]
    IsFile {
        /// The file.
        path: RepoPath,
    },
    /// A folder was declared by a path that is, or goes through, a symbolic link.
    #[error("`{declared}` goes through the symbolic link `{link}`: the folder is `{path}`")]
    FolderBehindLink {
        /// What was declared.
        declared: RepoPath,
        /// The first link on the way.
        link: RepoPath,
        /// Where it ends.
        path: RepoPath,
    },
    /// A declared folder without anything that counts.
    #[error("nothing is in `{path}`, or its patterns leave out everything")]
    Empty {
        /// The folder.
        path: RepoPath,
    },
    /// Neither a file nor a folder nor a link.
    #[error("`{path}` is a {kind}, which no image can hold")]
    Special {
        /// Where it is.
        path: RepoPath,
        /// What it is.
        kind: &'static str,
    },
    /// A link whose target is not in the repository.
    #[error("the symbolic link `{path}` leaves the repository: it leads to `{target}`")]
    LinkLeaves {
        /// The link.
        path: RepoPath,
        /// Its target, as it is written there.
        target: String,
    },
    /// A declared link that leads to a name which BuildKit takes for a pattern: it follows links by patterns
    /// (`tonistiigi/fsutil`, `followlinks.go`), and then does not find the file.
    #[error("the symbolic link `{link}` leads to `{path}`, whose name BuildKit takes for a pattern")]
    LinkToPattern {
        /// The link.
        link: RepoPath,
        /// Where it leads.
        path: RepoPath,
    },
    /// Links that lead to each other.
    #[error("`{path}` is a symbolic link that leads back to itself")]
    LinkLoop {
        /// What was declared.
        path: RepoPath,
    },
    /// A name that no ignore file can hold.
    #[error("{name:?} in `{folder}` {why}")]
    Name {
        /// The folder with the name.
        folder: RepoPath,
        /// The name, what cannot be shown replaced.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system did not let us.
    #[error("cannot read `{path}`: {}", why(.cause))]
    Unreadable {
        /// Where.
        path: RepoPath,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A pattern of a declared folder means nothing.
    #[error(transparent)]
    Pattern(#[from] AllowListError),
}

/// What went wrong, without the path, which is absolute in `cause`. Some errors have no kind of their own, such as too many
/// open files: what the system says of them is told instead.
fn why(cause: &io::Error) -> String {
    let kind = cause.kind().to_string();
    let said = cause.get_ref().and_then(std::error::Error::source).map(ToString::to_string);
    said.filter(|_| kind == "uncategorized error").unwrap_or(kind)
}

impl ScanError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Missing { .. } => "paths are declared from the repository's root",
            Self::IsFolder { .. } => "declare a folder with `copy_dir`",
            Self::IsFile { .. } => "declare a file with `copy`",
            Self::FolderBehindLink { .. } => "declare the folder itself",
            Self::Empty { .. } => "delete the declaration, or look at what it leaves out",
            Self::Special { .. } => "leave it out with a pattern, or delete it",
            Self::LinkLeaves { .. } => {
                "an image is built from the repository alone: copy the target into it, or leave the link out with a pattern"
            }
            Self::LinkToPattern { .. } => "declare the file itself, or take `[` and `\\` out of its path",
            Self::LinkLoop { .. } => return None,
            Self::Name { .. } => "rename it, or leave it out with a pattern (`?` stands for any character)",
            Self::Unreadable { .. } => return None,
            Self::Pattern(error) => error.hint(),
        })
    }
}

fn via(path: &RepoPath, declared: &RepoPath) -> String {
    if path == declared { String::new() } else { format!(": `{declared}` leads there") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_a_kind_is_told_in_the_words_of_the_system() {
        #[derive(Debug, thiserror::Error)]
        #[error("at /an/absolute/path")]
        struct Named(#[source] io::Error);
        let told = |number| {
            let error = io::Error::from_raw_os_error(number);
            why(&io::Error::new(error.kind(), Named(error)))
        };
        assert_eq!(told(24), "Too many open files (os error 24)");
        assert_eq!(told(13), "permission denied");
    }
}
