//! The lines of one requirements file. A line is read as far as it tells what is an input and what is pinned.

use super::RequirementsError;
use crate::python::credentials;
use crate::python::requirement::{Requirement, RequirementError};
use crate::repo_path::RepoPath;

/// A logical line that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of its first physical line, from 1.
    pub number: usize,
    /// What stands there, without comment and without options of its own (`--hash=…`).
    pub text: String,
    pub item: Item,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Requirement(Requirement),
    /// A distribution at a URL without a name.
    Url(String),
    /// A local distribution, package, or folder of distributions.
    Local(RepoPath),
    /// `-r` and `-c`.
    File {
        path: RepoPath,
        constrains: bool,
    },
    /// Anything else that pip takes.
    Option,
}

/// Reads the lines of `file`. Local distributions are seen from `folder`, where pip is run; nested files from the
/// file's own folder.
pub(super) fn lines(folder: &RepoPath, file: &RepoPath, text: &str) -> Result<Vec<Line>, RequirementsError> {
    let reader = Reader { folder, file };
    logical_lines(text).into_iter().map(|(number, text)| reader.line(number, &text)).collect()
}

struct Reader<'a> {
    folder: &'a RepoPath,
    file: &'a RepoPath,
}

impl Reader<'_> {
    fn line(&self, number: usize, text: &str) -> Result<Line, RequirementsError> {
        let failed =
            |source| RequirementsError::Requirement { file: self.file.clone(), line: number, source };
        if let Some(redacted) = credentials::redacted(text) {
            return Err(failed(RequirementError::Credentials(redacted)));
        }
        let beside = self.file.parent().unwrap_or_else(RepoPath::root);
        let line = |item| Ok(Line { number, text: text.to_owned(), item });
        if let Some(path) = option(text, "-r", "--requirement") {
            return line(self.nested(number, &beside, path, false)?);
        }
        if let Some(path) = option(text, "-c", "--constraint") {
            return line(self.nested(number, &beside, path, true)?);
        }
        if let Some(place) = option(text, "-f", "--find-links") {
            return line(match is_remote(place) {
                true => Item::Option,
                false => self.local(number, &beside, place)?,
            });
        }
        let own = match option(text, "-e", "--editable") {
            Some(own) => own,
            None if text.starts_with('-') => return line(Item::Option),
            None => text,
        };
        // Options of a requirement follow it: `a==1 --hash=sha256:…`.
        let own = own.split(" -").next().unwrap_or_default().trim();
        let item = match own {
            own if is_remote(own) => Item::Url(own.to_owned()),
            own if is_local(own) => self.local(number, self.folder, own)?,
            own => {
                let requirement = Requirement::parse(own).map_err(failed)?;
                match requirement.local_path() {
                    Some(path) => self.local(number, self.folder, path)?,
                    None => Item::Requirement(requirement),
                }
            }
        };
        Ok(Line { number, text: own.to_owned(), item })
    }

    fn nested(
        &self,
        number: usize,
        base: &RepoPath,
        path: &str,
        constrains: bool,
    ) -> Result<Item, RequirementsError> {
        if is_remote(path) {
            return Ok(Item::Url(path.to_owned()));
        }
        Ok(Item::File { path: self.path(number, base, path)?, constrains })
    }

    /// A path as pip takes it, perhaps as `file:`, with extras and a marker. An absolute one is the image's own.
    fn local(&self, number: usize, base: &RepoPath, text: &str) -> Result<Item, RequirementsError> {
        let path = text.split([';', '#']).next().unwrap_or_default().trim();
        let path = match path.strip_prefix("file:") {
            Some(path) => path.strip_prefix("//").unwrap_or(path),
            None => path,
        };
        let path = path.split('[').next().unwrap_or_default();
        if path.starts_with('/') {
            return Ok(Item::Option);
        }
        Ok(Item::Local(self.path(number, base, path)?))
    }

    fn path(&self, number: usize, base: &RepoPath, text: &str) -> Result<RepoPath, RequirementsError> {
        if text.contains("${") {
            return Err(RequirementsError::Variable {
                file: self.file.clone(),
                line: number,
                text: text.to_owned(),
            });
        }
        RepoPath::below(base, text).map_err(|source| RequirementsError::Path {
            file: self.file.clone(),
            line: number,
            source,
        })
    }
}

/// The value of `-r x`, `-rx`, `--requirement x` or `--requirement=x`.
fn option<'a>(text: &'a str, short: &str, long: &str) -> Option<&'a str> {
    let value = match text.strip_prefix(long) {
        Some(rest) => rest.strip_prefix(['=', ' ', '\t'])?,
        None if text.starts_with("--") => return None,
        None => text.strip_prefix(short)?,
    };
    let value = value.trim();
    Some(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

fn is_remote(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme != "file"
            && scheme.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.'))
    })
}

/// As pip tells a path from a name: it holds a separator, or ends like a distribution.
fn is_local(text: &str) -> bool {
    let path = text.split([';', '@']).next().unwrap_or_default().trim();
    let ending = |end: &&str| path.to_ascii_lowercase().ends_with(*end);
    text.starts_with("file:")
        || path.starts_with('.')
        || path.contains('/')
        || [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"].iter().any(ending)
}

/// Whether a requirement names one version.
pub(super) fn is_pinned(requirement: &Requirement) -> bool {
    match &requirement.url {
        Some(url) => is_fixed(url),
        None => requirement.versions.trim_matches(['(', ')']).split(',').any(|clause| {
            let clause = clause.trim();
            clause.starts_with("===") || clause.starts_with("==") && !clause.ends_with(".*")
        }),
    }
}

/// Whether a URL always gives the same: an archive, or a commit of a repository. A nested requirements file that lies
/// elsewhere does not.
pub(super) fn is_fixed(url: &str) -> bool {
    let place = url.split('#').next().unwrap_or_default();
    let is_commit = |text: &str| text.len() == 40 && text.bytes().all(|c| c.is_ascii_hexdigit());
    match place.split_once('+') {
        Some(("git" | "hg" | "svn" | "bzr", place)) => {
            place.rsplit_once('@').is_some_and(|(_, revision)| is_commit(revision))
        }
        _ => !place.ends_with(".txt"),
    }
}

/// Lines as pip joins them: a backslash at the end continues, a comment starts at the line's start or behind a space.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let is_comment = line.trim_start().starts_with('#');
        let (number, mut joined) = open.take().unwrap_or((index + 1, String::new()));
        match line.strip_suffix('\\').filter(|_| !is_comment) {
            Some(part) => {
                joined.push_str(part);
                open = Some((number, joined));
            }
            None => {
                // The space keeps a comment that continues a line apart from it.
                joined.push_str(if is_comment { " " } else { "" });
                joined.push_str(line);
                lines.push((number, joined));
            }
        }
    }
    lines.extend(open);
    let without_comment = |(number, line): (usize, String)| {
        let start =
            line.char_indices().find(|&(at, c)| c == '#' && (at == 0 || line[..at].ends_with([' ', '\t'])));
        let code = start.map_or(line.as_str(), |(at, _)| &line[..at]).trim();
        (!code.is_empty()).then(|| (number, code.to_owned()))
    };
    lines.into_iter().filter_map(without_comment).collect()
}
