//! What a declared folder leaves out, seen from the folder: parsed once, however many folders leave out the same. Answers
//! what [`AllowList`](super::AllowList) would, without rendering one; never touches the disk.

use super::glob::Fault;
use super::pattern::{Pattern, clean};

/// The patterns of one exclude list.
#[derive(Debug)]
pub(crate) struct Exclusions {
    patterns: Vec<Pattern>,
    at_root: bool,
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

/// Stands for the path of the folder. Docker reads a pattern behind a folder otherwise than one that stands alone (see
/// [`Pattern`]), but what the folder is called makes no difference.
const FOLDER: &str = "folder/";

impl Exclusions {
    /// Reads a list of patterns, each of which takes something out. `at_root` is for the folder that is the repository
    /// itself: its patterns stand alone in the ignore file.
    ///
    /// # Errors
    /// [`ExcludeError`] for the first pattern that is an exception, that leaves out the whole folder or something outside of
    /// it, or that is malformed.
    pub(crate) fn parse(exclude: &[String], at_root: bool) -> Result<Self, ExcludeError> {
        let folder = if at_root { "/" } else { FOLDER };
        let mut patterns = Vec::with_capacity(exclude.len());
        for pattern in exclude {
            let fail = |fault| ExcludeError { pattern: pattern.clone(), fault };
            let line = format!("{folder}{}", within(pattern).map_err(fail)?);
            patterns.extend(Pattern::of_line(&line).map_err(|fault| fail(fault.into()))?);
        }
        Ok(Self { patterns, at_root })
    }

    /// Whether `path`, as seen from the folder, is taken out, and all that may lie below it. Nothing above it was.
    pub(crate) fn take_out(&self, path: &str) -> bool {
        let seen = if self.at_root { path.to_owned() } else { FOLDER.to_owned() + path };
        self.patterns.iter().any(|pattern| pattern.matches(&seen))
    }
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
