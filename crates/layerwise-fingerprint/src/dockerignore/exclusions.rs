//! What a declared folder leaves out, seen from the folder: parsed once, however many folders leave out the same. Answers
//! what [`AllowList`](super::AllowList) would, without rendering one; never touches the disk.

use std::collections::BTreeSet;

use super::allow_list::literal;
use super::glob::Fault;
use super::pattern::{Pattern, clean};
use crate::repo_path::RepoPath;

/// The patterns of one exclude list.
#[derive(Debug)]
pub(crate) struct Exclusions {
    /// What `**/name` takes out, which most patterns are: a path whose last part is that name, however deep it lies.
    names: BTreeSet<String>,
    patterns: Vec<Pattern>,
    behind: Behind,
}

/// What stands before a pattern in an ignore file, as far as that changes how Docker reads it (see [`Pattern`]); what exactly
/// the folder is called makes no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Behind {
    /// Nothing: the folder is the repository itself.
    Nothing,
    /// A folder's path as it is.
    Plain,
    /// A path in which something had to be escaped: Docker no longer compares texts then.
    Escaped,
}

impl Behind {
    /// What stands before the patterns of `folder`.
    pub(crate) fn of(folder: &RepoPath) -> Self {
        match literal(folder) {
            _ if folder.is_root() => Self::Nothing,
            text if text == folder.as_str() => Self::Plain,
            _ => Self::Escaped,
        }
    }

    /// A line's beginning that stands for all of its kind.
    fn line(self) -> &'static str {
        match self {
            Self::Nothing => "/",
            Self::Plain => "folder/",
            Self::Escaped => r"\[folder/",
        }
    }

    /// The beginning of a path that such a line speaks of.
    fn path(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Plain => "folder/",
            Self::Escaped => "[folder/",
        }
    }
}

/// A pattern that cannot take something out of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExcludeError {
    /// The pattern, as declared.
    pub(crate) pattern: String,
    pub(super) fault: ExcludeFault,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExcludeFault {
    #[error("an exception lets something in")]
    Exception,
    #[error("the pattern reaches out of the folder")]
    Outside,
    #[error("that is the whole folder")]
    Everything,
    #[error("the pattern holds a control character")]
    Control,
    #[error(transparent)]
    Malformed(#[from] Fault),
}

impl Exclusions {
    /// Reads a list of patterns, each of which takes something out.
    ///
    /// # Errors
    /// [`ExcludeError`] for the first pattern that is an exception, that leaves out the whole folder or something outside of
    /// it, or that is malformed.
    pub(crate) fn parse<'a>(
        exclude: impl IntoIterator<Item = &'a str>,
        behind: Behind,
    ) -> Result<Self, ExcludeError> {
        let (mut names, mut patterns) = (BTreeSet::new(), Vec::new());
        for pattern in exclude {
            let fail = |fault| ExcludeError { pattern: pattern.to_owned(), fault };
            let inside = within(pattern).map_err(fail)?;
            match inside.strip_prefix("**/") {
                Some(name) if name.bytes().all(is_plain) => drop(names.insert(name.to_owned())),
                _ => {
                    let line = format!("{}{inside}", behind.line());
                    patterns.extend(Pattern::of_line(&line).map_err(|fault| fail(fault.into()))?);
                }
            }
        }
        Ok(Self { names, patterns, behind })
    }

    /// Whether `path`, as seen from the folder, is taken out, and all that may lie below it. Nothing above it was.
    pub(crate) fn take_out(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or_default();
        let seen = || self.behind.path().to_owned() + path;
        let matches = |seen: String| self.patterns.iter().any(|pattern| pattern.matches(&seen));
        self.names.contains(name) || (!self.patterns.is_empty() && matches(seen()))
    }
}

/// Whether a byte is part of a name and nothing else, wherever it stands.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// `pattern` as it stands behind the folder that it leaves something out of.
pub(super) fn within(pattern: &str) -> Result<String, ExcludeFault> {
    let pattern = clean(pattern.trim());
    let pattern = pattern.trim_start_matches('/').trim();
    if pattern.starts_with('!') {
        return Err(ExcludeFault::Exception);
    }
    if pattern.chars().any(char::is_control) {
        return Err(ExcludeFault::Control);
    }
    if pattern.split('/').any(|part| part == "..") {
        return Err(ExcludeFault::Outside);
    }
    if matches!(pattern, "" | ".") {
        return Err(ExcludeFault::Everything);
    }
    Ok(pattern.to_owned())
}
