//! `.dockerignore`: which paths of a folder BuildKit takes into the build context. [`Patterns`] answers for any ignore
//! file exactly as BuildKit does, [`AllowList`] renders ours. Never touches the disk.
//!
//! BuildKit reads the file (`moby/patternmatcher/ignorefile`), then walks the folder from the top
//! (`tonistiigi/fsutil`, `filter.go`) and judges every entry with `moby/patternmatcher`:
//!
//! - Every pattern is anchored at the root of the context. `*` and `?` stay within one part of a path, `**` crosses parts,
//!   `[a-z]` and `[^a-z]` are sets, `\` takes the meaning off the next character.
//! - The last pattern that says something about a path wins; `!` in front makes a pattern an exception, which lets in.
//! - A pattern that matches a folder also counts for everything below it. A later exception may bring back something below
//!   an excluded folder.
//! - An excluded folder is not looked into at all when every exception is a plain path (`!a/b`, `!a/*`, `!a/**`) and none of
//!   them lies below it. One exception with any other wildcard, and BuildKit lists every folder of the context.
//!
//! `table.txt` beside this file holds examples of all of that, one to a line.

mod allow_list;
mod defaults;
mod exclusions;
mod glob;
mod pattern;

use glob::Fault;
use pattern::Pattern;

pub use allow_list::{AllowList, AllowListError};
pub use defaults::JUNK;
pub(crate) use exclusions::{Behind, ExcludeError, Exclusions};

use crate::repo_path::RepoPath;

/// A parsed ignore file.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    patterns: Vec<Pattern>,
    /// Whether an exception is more than a plain path, so that BuildKit looks into every folder.
    walks_everything: bool,
}

/// A line that no build would take, or that means something else to Docker than it says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{text}`: {fault}")]
pub struct PatternError {
    /// Counted from one.
    pub line: usize,
    /// The line.
    pub text: String,
    /// What is wrong with it.
    fault: Fault,
}

impl PatternError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.fault.hint()
    }
}

/// What the patterns say about one path; the answer for a folder is needed again for what lies in it.
#[derive(Debug, Clone)]
struct Verdict {
    /// Whether the path ends up in the build context. Also an excluded folder does when something below it is brought back.
    included: bool,
    /// For each pattern, whether it was found to match this path or a folder above it.
    matched: Vec<bool>,
}

impl Patterns {
    /// Reads an ignore file.
    ///
    /// # Errors
    /// [`PatternError`] for the first line with which a build would fail, or whose meaning is an accident of how Docker
    /// translates patterns to regular expressions (`\d`, `a|b*`, `[*]`, `x{2}*`): nobody who writes it means that.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Self::default();
        for (index, line) in text.lines().enumerate() {
            patterns.add(line).map_err(|fault| PatternError {
                line: index + 1,
                text: line.to_owned(),
                fault,
            })?;
        }
        Ok(patterns)
    }

    fn add(&mut self, line: &str) -> Result<(), Fault> {
        if let Some(pattern) = Pattern::of_line(line)? {
            self.walks_everything |= pattern.exception && !pattern.is_plain();
            self.patterns.push(pattern);
        }
        Ok(())
    }

    /// Whether `path` ends up in the build context by its own right; a folder also comes along when something below it does.
    #[must_use]
    pub fn includes(&self, path: &RepoPath) -> bool {
        self.judge_from_root(path).is_some_and(|verdict| verdict.included)
    }

    /// The verdict on `path`, or `None` when it lies in a folder that is not looked into.
    fn judge_from_root(&self, path: &RepoPath) -> Option<Verdict> {
        let mut verdict = self.root();
        let slashes = path.as_str().match_indices('/').map(|(at, _)| &path.as_str()[..at]);
        for folder in slashes {
            verdict = self.judge(folder, &verdict);
            if !verdict.included && self.skips(folder) {
                return None;
            }
        }
        Some(if path.is_root() { verdict } else { self.judge(path.as_str(), &verdict) })
    }

    /// The verdict on the context's root, which is always there.
    fn root(&self) -> Verdict {
        Verdict { included: true, matched: vec![false; self.patterns.len()] }
    }

    /// The verdict on `path`, which lies directly in the folder that `parent` is about.
    ///
    /// A pattern is only tried while it could change the answer. That is more than a saving: one that was not tried on a
    /// folder does not count for what lies below (`MatchesUsingParentResults`).
    fn judge(&self, path: &str, parent: &Verdict) -> Verdict {
        let mut included = true;
        let matched = self.patterns.iter().zip(&parent.matched).map(|(pattern, &above)| {
            let matched = above || (pattern.exception != included && pattern.matches(path));
            if matched {
                included = pattern.exception;
            }
            matched
        });
        let matched = matched.collect();
        Verdict { included, matched }
    }

    /// Whether BuildKit does not look into `folder`, given that it is excluded.
    fn skips(&self, folder: &str) -> bool {
        !self.walks_everything
            && !self.patterns.iter().any(|pattern| pattern.exception && pattern.leads_into(folder))
    }
}

#[cfg(test)]
mod tests;
