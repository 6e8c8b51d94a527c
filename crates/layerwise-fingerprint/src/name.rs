//! Names of images and stages: validated once, at the edge. Never holds a registry, a tag or a path.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a declared image: also the last part of its repository name, so the rule is the
/// [OCI distribution specification's](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests)
/// for one path component: lower-case letters and digits, separated by `.`, `_`, `__` or dashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text is not a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was written.
    #[error("an image name is empty")]
    Empty,
    /// Longer than 128 characters: no registry takes it together with a prefix.
    #[error("image name `{0}` is longer than 128 characters")]
    TooLong(String),
    /// A character or a separator where none may stand.
    #[error(
        "image name `{0}` is not a repository name: use lower-case letters and digits, \
         separated by single `.`, `_` or dashes"
    )]
    Illegal(String),
}

impl Name {
    /// Checks `text` against the rule.
    ///
    /// # Errors
    /// [`NameError`], naming the text.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > 128 {
            return Err(NameError::TooLong(text));
        }
        if is_path_component(&text) { Ok(Self(text)) } else { Err(NameError::Illegal(text)) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `text` is one component of a repository's path: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, the specification's
/// expression.
#[must_use]
pub fn is_path_component(text: &str) -> bool {
    let mut separator = String::new();
    let mut started = false;
    for character in text.chars() {
        match character {
            'a'..='z' | '0'..='9' => {
                let legal = separator.is_empty()
                    || started
                        && (matches!(separator.as_str(), "." | "_" | "__")
                            || separator.chars().all(|c| c == '-'));
                if !legal {
                    return false;
                }
                separator.clear();
                started = true;
            }
            '.' | '_' | '-' => separator.push(character),
            _ => return false,
        }
    }
    started && separator.is_empty()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn legal(text: &str) {
        assert_eq!(Name::new(text).map(String::from).as_deref(), Ok(text));
    }

    #[track_caller]
    fn illegal(text: &str) {
        assert_eq!(Name::new(text), Err(NameError::Illegal(text.to_owned())));
    }

    #[test]
    fn names_are_repository_path_components() {
        legal("a");
        legal("poll-lines");
        legal("base_receipt.dynamo");
        legal("a__b");
        legal("a---b");
        illegal("Poll");
        illegal("a___b");
        illegal("a..b");
        illegal("a-_b");
        illegal("-a");
        illegal("a-");
        illegal("a/b");
        illegal("a b");
        illegal("é");
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert!(matches!(Name::new("a".repeat(129)), Err(NameError::TooLong(_))));
    }
}
