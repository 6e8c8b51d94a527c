//! The allow-list of one image: everything is out, except the declared sources. Never reads the disk, so it does not know
//! whether a source exists.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::OnceLock;

use super::Patterns;
use super::glob::Fault;
use super::pattern::clean;
use crate::inputs::{Source, Tree};
use crate::repo_path::RepoPath;

const HEADER: &str =
    "# Rendered by Layerwise from the declared sources. Edit the declaration, not this file.\n";

/// What the build context of one image holds, as one object that renders the ignore file and answers for a path: it is parsed
/// from its own text.
///
/// - A declared file is in, also where a tree around it leaves it out.
/// - For everything else the innermost declared tree decides. So a tree that lies in a folder that an outer one leaves out
///   is in, and the outer one's patterns mean nothing inside it.
/// - A folder that is declared twice leaves out only what both declarations leave out, pattern by pattern.
///
/// Every exception is a plain path, so that BuildKit only lists the folders on the way to a source; a name that holds one of
/// `*?[]\^` is the one thing for which it then lists the whole repository.
#[derive(Debug, Clone)]
pub struct AllowList {
    text: String,
    /// Each source with its lines in the text.
    groups: Vec<(RepoPath, Range<usize>)>,
    /// Whether an exception is more than a plain path, so that BuildKit looks into every folder.
    walks_everything: bool,
    /// Parsed when somebody asks: a scan asks for one folder's lines at a time, and many images have the same.
    patterns: OnceLock<Patterns>,
}

/// A pattern of a tree that cannot stand in an allow-list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{tree}` leaves out `{pattern}`: {fault}")]
pub struct AllowListError {
    /// The folder.
    pub tree: RepoPath,
    /// The pattern, as declared.
    pub pattern: String,
    fault: ExcludeFault,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum ExcludeFault {
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

impl AllowListError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match &self.fault {
            ExcludeFault::Exception => {
                "declare the file or the folder that is to be let in as a source of its own"
            }
            ExcludeFault::Outside => "write patterns relative to the folder, without `..`",
            ExcludeFault::Everything => "do not declare the folder",
            ExcludeFault::Control => "write `?` in its place",
            ExcludeFault::Malformed(fault) => fault.hint(),
        }
    }
}

impl AllowList {
    /// The allow-list of `sources`, whose order does not matter.
    ///
    /// # Errors
    /// [`AllowListError`] for a pattern of a tree that is an exception, that leaves out the whole tree or something outside of
    /// it, or that is malformed.
    pub fn new<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Result<Self, AllowListError> {
        let list = Self::unparsed(sources)?;
        let patterns = list.parse(|_| true)?;
        list.patterns.get_or_init(|| patterns);
        Ok(list)
    }

    /// As [`AllowList::new`], but a malformed pattern is told only by [`AllowList::patterns_within`] of its folder.
    pub(crate) fn unparsed<'a>(
        sources: impl IntoIterator<Item = &'a Source>,
    ) -> Result<Self, AllowListError> {
        let mut files = BTreeSet::new();
        let mut trees: BTreeMap<&RepoPath, BTreeSet<&str>> = BTreeMap::new();
        for source in sources {
            match source {
                Source::File(path) => {
                    files.insert(path);
                }
                Source::Tree(Tree { path, exclude, folders: _ }) => {
                    let exclude: BTreeSet<_> = exclude.iter().map(String::as_str).collect();
                    trees
                        .entry(path)
                        .and_modify(|present| present.retain(|pattern| exclude.contains(pattern)))
                        .or_insert(exclude);
                }
            }
        }

        let mut list = Self {
            text: HEADER.to_owned(),
            groups: Vec::new(),
            walks_everything: false,
            patterns: OnceLock::new(),
        };
        if !trees.keys().any(|path| path.is_root()) {
            list.text.push_str("*\n");
            list.close(&RepoPath::root());
        }
        // Sorted, so that an inner tree comes after every tree around it.
        for (&path, exclude) in &trees {
            // The leading `/` means nothing to Docker but keeps a leading `#` from opening a comment.
            let folder = if path.is_root() { "/".to_owned() } else { literal(path) + "/" };
            // BuildKit passes over an exception that changes nothing, and what it passes over does not outweigh, further down,
            // what the trees around this one leave out. So it is made to change something.
            if trees.keys().any(|&outer| outer != path && path.is_within(outer)) {
                list.text.extend([&literal(path), "\n"]);
            }
            if !path.is_root() {
                list.let_in(path);
            }
            for pattern in exclude {
                let fail =
                    |fault| AllowListError { tree: path.clone(), pattern: (*pattern).to_owned(), fault };
                list.text.extend([&folder, &within(pattern).map_err(fail)?, "\n"]);
            }
            list.close(path);
        }
        for path in files {
            list.let_in(path);
            list.close(path);
        }
        Ok(list)
    }

    fn let_in(&mut self, path: &RepoPath) {
        let exception = exception(path);
        self.walks_everything |= exception.contains(['*', '[', ']', '?', '^', '\\']);
        self.text.extend([&exception, "\n"]);
    }

    /// Everything since the last source is about `source`.
    fn close(&mut self, source: &RepoPath) {
        let from = self.groups.last().map_or(HEADER.len(), |(_, lines)| lines.end);
        self.groups.push((source.clone(), from..self.text.len()));
    }

    fn parse(&self, wanted: impl Fn(&RepoPath) -> bool) -> Result<Patterns, AllowListError> {
        let mut patterns = Patterns { walks_everything: self.walks_everything, ..Patterns::default() };
        for (source, lines) in self.groups.iter().filter(|(source, _)| wanted(source)) {
            for line in self.text[lines.clone()].lines() {
                patterns.add(line).map_err(|fault| AllowListError {
                    tree: source.clone(),
                    pattern: line.strip_prefix(&(literal(source) + "/")).unwrap_or(line).to_owned(),
                    fault: fault.into(),
                })?;
            }
        }
        Ok(patterns)
    }

    /// The text of the ignore file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The patterns of the text.
    #[must_use]
    pub fn patterns(&self) -> &Patterns {
        self.patterns.get_or_init(|| {
            // A scan hands out no list before every folder of it was parsed.
            self.parse(|_| true).unwrap_or_else(|error| unreachable!("every line was parsed: {error}"))
        })
    }

    /// The patterns that have a say in what of `folder` is let in, when that is a declared tree.
    ///
    /// # Errors
    /// [`AllowListError`] for a malformed one.
    pub(crate) fn patterns_within(&self, folder: &RepoPath) -> Result<Patterns, AllowListError> {
        self.parse(|source| source.is_root() || source.is_within(folder))
    }

    /// Whether `path` is in the build context by its own right.
    #[must_use]
    pub fn includes(&self, path: &RepoPath) -> bool {
        self.patterns().includes(path)
    }
}

/// `pattern` as it stands behind the folder that it leaves something out of.
fn within(pattern: &str) -> Result<String, ExcludeFault> {
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

/// The line that lets in `path`: as it is written wherever that is possible, because BuildKit does not look into excluded
/// folders as long as exceptions are plain.
fn exception(path: &RepoPath) -> String {
    let path = path.as_str();
    let plain = !path.contains(['*', '?', '[', ']', '\\']) && path.trim() == path;
    format!("!{}", if plain { path.to_owned() } else { escaped(path) })
}

/// The pattern that matches `path` alone, whatever is written behind it.
fn literal(path: &RepoPath) -> String {
    let path = escaped(path.as_str());
    if path.starts_with(['!', '#']) { format!("\\{path}") } else { path }
}

/// `path` with a `\` before everything that a pattern or Docker's regular expressions would take for an operator. Blanks at
/// the ends are trimmed from a line; in a set they are not at an end.
fn escaped(path: &str) -> String {
    let inner = path.trim();
    let (before, after) = path.split_once(inner).unwrap_or_default();
    let blank = |text: &str| text.chars().map(|c| format!("[{c}]")).collect::<String>();
    let mut escaped = blank(before);
    for character in inner.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '|' | '{' | '}') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped + &blank(after)
}
