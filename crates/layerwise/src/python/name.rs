//! Names of Python distributions and of their extras, normalised. Never a module's name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a distribution ([PEP 503](https://peps.python.org/pep-0503/#normalized-names)) or of an extra
/// ([PEP 685](https://peps.python.org/pep-0685/)): lower case, and one `-` for every run of `-`, `_` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageName(String);

/// A text that is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a Python package's name: letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
)]
pub struct PackageNameError(pub String);

impl PackageName {
    /// Checks `text` by [PEP 508](https://peps.python.org/pep-0508/#names) and normalises it.
    ///
    /// # Errors
    /// [`PackageNameError`], naming the text.
    pub fn new(text: &str) -> Result<Self, PackageNameError> {
        let outer = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let legal =
            text.chars().all(is_name_char) && outer(text.chars().next()) && outer(text.chars().last());
        if !legal {
            return Err(PackageNameError(text.to_owned()));
        }
        let parts: Vec<_> = text.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
        Ok(Self(parts.join("-").to_ascii_lowercase()))
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that the distribution's main module has by convention: `-` becomes `_`.
    #[must_use]
    pub fn module(&self) -> String {
        self.0.replace('-', "_")
    }
}

/// Whether a name may hold this character.
pub(super) fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for PackageName {
    type Error = PackageNameError;
    fn try_from(text: String) -> Result<Self, PackageNameError> {
        Self::new(&text)
    }
}

impl From<PackageName> for String {
    fn from(name: PackageName) -> String {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_one_name() {
        for text in ["receipt-dynamo", "receipt_dynamo", "Receipt.Dynamo", "receipt-_.dynamo"] {
            assert_eq!(PackageName::new(text).unwrap().as_str(), "receipt-dynamo");
        }
        assert_eq!(PackageName::new("A-b").unwrap().module(), "a_b");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "-a", "a-", "_", "a b", "é", "a[b]"] {
            assert_eq!(PackageName::new(text), Err(PackageNameError(text.to_owned())));
        }
    }
}
