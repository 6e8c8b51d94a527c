//! The allow-list of one image: everything is out, except the declared sources. Never reads the disk, so it does not know
//! whether a source exists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::Patterns;
use super::exclusions::{Behind, ExcludeError, ExcludeFault, Exclusions, within};
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
    /// Parsed when somebody asks.
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

impl AllowListError {
    pub(crate) fn new(tree: &RepoPath, error: ExcludeError) -> Self {
        Self { tree: tree.clone(), pattern: error.pattern, fault: error.fault }
    }

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

        let mut text = HEADER.to_owned();
        if !trees.keys().any(|path| path.is_root()) {
            text.push_str("*\n");
        }
        // Sorted, so that an inner tree comes after every tree around it.
        for (&path, exclude) in &trees {
            Exclusions::parse(exclude.iter().copied(), Behind::of(path))
                .map_err(|error| AllowListError::new(path, error))?;
            // The leading `/` means nothing to Docker but keeps a leading `#` from opening a comment.
            let folder = if path.is_root() { "/".to_owned() } else { literal(path) + "/" };
            // BuildKit passes over an exception that changes nothing, and what it passes over does not outweigh, further down,
            // what the trees around this one leave out. So it is made to change something.
            if trees.keys().any(|&outer| outer != path && path.is_within(outer)) {
                text.extend([&literal(path), "\n"]);
            }
            if !path.is_root() {
                text.extend([&exception(path), "\n"]);
            }
            for pattern in exclude.iter().filter_map(|pattern| within(pattern).ok()) {
                text.extend([&folder, &pattern, "\n"]);
            }
        }
        for path in files {
            text.extend([&exception(path), "\n"]);
        }
        Ok(Self { text, patterns: OnceLock::new() })
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
            Patterns::parse(&self.text)
                .unwrap_or_else(|error| unreachable!("every pattern was parsed: {error}"))
        })
    }

    /// Whether `path` is in the build context by its own right.
    #[must_use]
    pub fn includes(&self, path: &RepoPath) -> bool {
        self.patterns().includes(path)
    }
}

/// The line that lets in `path`: as it is written wherever that is possible, because BuildKit does not look into excluded
/// folders as long as exceptions are plain.
fn exception(path: &RepoPath) -> String {
    let path = path.as_str();
    let plain = !path.contains(['*', '?', '[', ']', '\\']) && path.trim() == path;
    format!("!{}", if plain { path.to_owned() } else { escaped(path) })
}

/// The pattern that matches `path` alone, whatever is written behind it.
pub(super) fn literal(path: &RepoPath) -> String {
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
