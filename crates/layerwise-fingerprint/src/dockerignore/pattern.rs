//! One pattern of an ignore file: how it is read, and which paths it matches. Never knows of other patterns or of parents.
//!
//! `moby/patternmatcher` compares texts where the only wildcard is a `**` at one end, and else translates the pattern to a
//! regular expression. The two differ (`**x` matches `ax`, but `a/**x` does not match `a/bx`), and both are kept here.

use super::glob::{Fault, Glob, Token};

/// One line that says something.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// Whether it lets in what it matches.
    pub(super) exception: bool,
    /// Cleaned, without `!`.
    text: String,
    form: Form,
}

/// How a path is compared.
#[derive(Debug, Clone)]
enum Form {
    /// The path is the text.
    Exact,
    /// The path starts with what stands before the closing `**`.
    Prefix,
    /// The path ends with what stands after the opening `**`; after `**/` it may also be the whole of that.
    Suffix,
    /// Anything else.
    Glob(Glob),
}

impl Pattern {
    /// Reads one line; `None` for an empty line or a comment.
    ///
    /// Two readers see a line in turn, the one for files and the one for lists of patterns, and each trims and cleans. What
    /// looks odd below (`/ a` means `a`, but `! / a` means ` a`) is their combined effect.
    pub(super) fn of_line(line: &str) -> Result<Option<Self>, Fault> {
        let trimmed = line.trim();
        if line.starts_with('#') || trimmed.is_empty() {
            return Ok(None);
        }
        let (exception, rest) = match trimmed.strip_prefix('!') {
            Some(rest) => ("!", rest.trim()),
            None => ("", trimmed),
        };
        let cleaned = if rest.is_empty() { String::new() } else { clean(rest) };
        let relative = match cleaned.strip_prefix('/') {
            Some(relative) if !relative.is_empty() => relative,
            _ => &cleaned,
        };
        let whole = clean(format!("{exception}{relative}").trim());
        let (exception, text) = match whole.strip_prefix('!') {
            Some("") => return Err(Fault::OnlyExclamation),
            Some(text) => (true, text.to_owned()),
            None => (false, whole),
        };
        let form = Form::of(&text)?;
        Ok(Some(Self { exception, text, form }))
    }

    /// Whether the pattern matches exactly this path (not one below it).
    pub(super) fn matches(&self, path: &str) -> bool {
        match &self.form {
            Form::Exact => path == self.text,
            Form::Prefix => path.starts_with(&self.text[..self.text.len() - 2]),
            Form::Suffix => {
                let rest = &self.text[2..];
                path.ends_with(rest) || rest.strip_prefix('/') == Some(path)
            }
            Form::Glob(glob) => glob.matches(path),
        }
    }

    /// The text without a closing `/**` or `/*`: BuildKit takes it for a folder.
    fn folder(&self) -> &str {
        let text = self.text.strip_suffix("/**").unwrap_or(&self.text);
        text.strip_suffix("/*").unwrap_or(text)
    }

    /// Whether BuildKit can tell from the text alone what the pattern could match.
    pub(super) fn is_plain(&self) -> bool {
        !self.folder().contains(['*', '[', ']', '?', '^', '\\'])
    }

    /// Whether the pattern names `folder` or something below it.
    pub(super) fn leads_into(&self, folder: &str) -> bool {
        self.folder().strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Form {
    fn of(text: &str) -> Result<Self, Fault> {
        let glob = Glob::parse(text)?;
        Ok(match glob.tokens() {
            [] | [Token::Literal(_)] => Self::Exact,
            [Token::Literal(_), Token::Rest] => Self::Prefix,
            [Token::Rest] | [Token::Folders, Token::Literal(_)] => Self::Suffix,
            _ => Self::Glob(glob.without_operators()?),
        })
    }
}

/// The shortest path with the same meaning, as Go's `filepath.Clean` gives it.
pub(super) fn clean(path: &str) -> String {
    let below_root = path.strip_prefix('/').unwrap_or(path);
    if below_root.split('/').all(|part| !matches!(part, "" | "." | "..")) {
        return path.to_owned();
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|&last| last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    let cleaned = format!("{root}{}", parts.join("/"));
    if cleaned.is_empty() { ".".to_owned() } else { cleaned }
}
