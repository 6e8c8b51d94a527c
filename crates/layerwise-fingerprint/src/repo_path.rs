//! Paths below the repository's root, with `/`, as they stand in fingerprints and Dockerfiles. Never touches the disk.

use std::borrow::Borrow;
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

/// A path below the repository's root: relative, `/`-separated, without `.`, `..`, empty parts or control characters.
/// The root itself is the empty path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct RepoPath(String);

/// Why a text is not a [`RepoPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepoPathError {
    /// Starts at the machine's root.
    #[error("`{0}` is absolute: paths are declared from the repository's root")]
    Absolute(String),
    /// `..` climbs above the root.
    #[error("`{0}` leaves the repository")]
    Outside(String),
    /// A line break or another control character, which no ignore file can express.
    #[error("{0:?} holds a control character, which a .dockerignore file cannot express")]
    Control(String),
}

impl RepoPath {
    /// Normalises `text`: `./` and empty parts go, `a/../b` becomes `b`.
    ///
    /// # Errors
    /// [`RepoPathError`], naming the text.
    pub fn new(text: impl AsRef<str>) -> Result<Self, RepoPathError> {
        Self::below(&Self::root(), text)
    }

    /// Normalises `text` as seen from the folder `base`; it may climb with `..` as far as the root.
    ///
    /// # Errors
    /// [`RepoPathError`], naming the text.
    pub fn below(base: &RepoPath, text: impl AsRef<str>) -> Result<Self, RepoPathError> {
        let text = text.as_ref();
        if text.starts_with('/') {
            return Err(RepoPathError::Absolute(text.to_owned()));
        }
        if text.chars().any(char::is_control) {
            return Err(RepoPathError::Control(text.to_owned()));
        }
        let mut parts: Vec<&str> = base.parts().collect();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or_else(|| RepoPathError::Outside(text.to_owned()))?;
                }
                part => parts.push(part),
            }
        }
        Ok(Self(parts.join("/")))
    }

    /// The repository's root.
    #[must_use]
    pub fn root() -> Self {
        Self(String::new())
    }

    /// Whether this is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, with `/`; empty for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts, in order; none for the root.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// The last part; `None` for the root.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.0.rsplit('/').next().filter(|part| !part.is_empty())
    }

    /// The folder it lies in; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<RepoPath> {
        if self.is_root() {
            return None;
        }
        Some(Self(self.0.rsplit_once('/').map_or_else(String::new, |(parent, _)| parent.to_owned())))
    }

    /// `name` directly below this folder. `name` is one part, as a directory listing gives it.
    ///
    /// # Errors
    /// [`RepoPathError::Control`] for a name that no ignore file can express.
    pub fn child(&self, name: &str) -> Result<Self, RepoPathError> {
        if name.chars().any(char::is_control) {
            return Err(RepoPathError::Control(format!("{self}/{name}")));
        }
        Ok(Self(if self.is_root() { name.to_owned() } else { format!("{}/{name}", self.0) }))
    }

    /// Whether this is `folder` or lies below it.
    #[must_use]
    pub fn is_within(&self, folder: &RepoPath) -> bool {
        self.relative_to(folder).is_some()
    }

    /// What is left of this path below `folder`; empty for `folder` itself, `None` when it lies elsewhere.
    #[must_use]
    pub fn relative_to(&self, folder: &RepoPath) -> Option<&str> {
        if folder.is_root() {
            return Some(&self.0);
        }
        let rest = self.0.strip_prefix(&folder.0)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
    }

    /// Where it is on disk below `root`.
    #[must_use]
    pub fn on_disk(&self, root: &Utf8Path) -> Utf8PathBuf {
        if self.is_root() { root.to_owned() } else { root.join(&self.0) }
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_root() { "." } else { &self.0 })
    }
}

/// Sorted paths can be searched for a text.
impl Borrow<str> for RepoPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RepoPath {
    type Error = RepoPathError;
    fn try_from(text: String) -> Result<Self, RepoPathError> {
        Self::new(text)
    }
}

impl From<RepoPath> for String {
    fn from(path: RepoPath) -> String {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap()
    }

    #[test]
    fn texts_are_normalised() {
        assert_eq!(path("./a//b/").as_str(), "a/b");
        assert_eq!(path("a/../b").as_str(), "b");
        assert_eq!(path(".").as_str(), "");
        assert_eq!(RepoPath::below(&path("a/b"), "../c").unwrap(), path("a/c"));
    }

    #[test]
    fn what_leaves_the_root_is_refused() {
        assert_eq!(RepoPath::new("/etc"), Err(RepoPathError::Absolute("/etc".into())));
        assert_eq!(RepoPath::new("a/../.."), Err(RepoPathError::Outside("a/../..".into())));
        assert_eq!(RepoPath::below(&path("a"), "../../b"), Err(RepoPathError::Outside("../../b".into())));
        assert_eq!(RepoPath::new("a\nb"), Err(RepoPathError::Control("a\nb".into())));
    }

    #[test]
    fn families() {
        assert!(path("a/b").is_within(&path("a")));
        assert!(path("a").is_within(&path("a")));
        assert!(path("a").is_within(&RepoPath::root()));
        assert!(!path("ab").is_within(&path("a")));
        assert_eq!(path("a/b").relative_to(&path("a")), Some("b"));
        assert_eq!(path("a/b").parent(), Some(path("a")));
        assert_eq!(path("a").parent(), Some(RepoPath::root()));
        assert_eq!(RepoPath::root().parent(), None);
        assert_eq!(path("a/b").file_name(), Some("b"));
    }
}
