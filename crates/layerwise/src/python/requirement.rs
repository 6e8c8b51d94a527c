//! Requirement strings ([PEP 508](https://peps.python.org/pep-0508/)): as much of them as an order needs. Versions and
//! markers are kept as they were written and never evaluated.

use std::collections::BTreeSet;

use super::credentials;
use super::name::{PackageName, PackageNameError, is_name_char};

/// One requirement of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The distribution.
    pub name: PackageName,
    /// Its extras.
    pub extras: BTreeSet<PackageName>,
    /// Where to get it, for a direct reference: `name @ url`.
    pub url: Option<String>,
    /// The version specifiers, verbatim; empty for any version.
    pub versions: String,
    /// The environment marker behind `;`, verbatim.
    pub marker: Option<String>,
    /// The whole text for pip, as it was written.
    pub text: String,
}

/// Why a text is not a requirement that we take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// It does not start with a name.
    #[error("`{text}` is not a requirement: {cause}")]
    Name {
        /// What was written.
        text: String,
        /// What is wrong with the name.
        cause: PackageNameError,
    },
    /// It has another form than PEP 508 gives.
    #[error("`{text}` is not a requirement: {why}")]
    Malformed {
        /// What was written.
        text: String,
        /// The part that is wrong.
        why: &'static str,
    },
    /// It holds a password or a token.
    #[error("`{0}` holds credentials (not shown), which would be readable in the image")]
    Credentials(
        /// What was written, without the credentials.
        String,
    ),
}

impl Requirement {
    /// Parses `text`.
    ///
    /// # Errors
    /// [`RequirementError`], naming the text.
    pub fn parse(text: &str) -> Result<Self, RequirementError> {
        let text = text.trim();
        if let Some(redacted) = credentials::redacted(text) {
            return Err(RequirementError::Credentials(redacted));
        }
        let malformed = |why| RequirementError::Malformed { text: text.to_owned(), why };
        let named = |cause| RequirementError::Name { text: text.to_owned(), cause };
        if text.chars().any(char::is_control) {
            return Err(malformed("it holds a line break or another control character"));
        }
        let end = text.find(|c| !is_name_char(c)).unwrap_or(text.len());
        let name = PackageName::new(&text[..end]).map_err(named)?;
        let mut rest = text[end..].trim_start();
        let mut extras = BTreeSet::new();
        if let Some(inside) = rest.strip_prefix('[') {
            let (list, after) = inside.split_once(']').ok_or_else(|| malformed("a `]` is missing"))?;
            for extra in list.split(',').map(str::trim).filter(|extra| !extra.is_empty()) {
                extras.insert(PackageName::new(extra).map_err(named)?);
            }
            rest = after.trim_start();
        }
        // A URL may hold a `;`: only one with a space before it starts the marker.
        let (body, marker) = match rest.starts_with('@') {
            true => split_marker(rest, " ;"),
            false => split_marker(rest, ";"),
        };
        let url = body.strip_prefix('@').map(|url| url.trim().to_owned());
        if url.as_deref() == Some("") {
            return Err(malformed("nothing stands behind the `@`"));
        }
        let versions = if url.is_some() { "" } else { body };
        if !versions.is_empty() && !versions.starts_with(['<', '>', '=', '!', '~', '(']) {
            return Err(malformed("a version specifier, `@` or `;` is expected behind the name"));
        }
        Ok(Self { name, extras, url, versions: versions.to_owned(), marker, text: text.to_owned() })
    }

    /// The path of a direct reference to a local folder or file: what stands behind `file:` and its slashes.
    #[must_use]
    pub fn local_path(&self) -> Option<&str> {
        let path = self.url.as_deref()?.strip_prefix("file:")?;
        Some(path.strip_prefix("//").unwrap_or(path))
    }
}

fn split_marker<'a>(text: &'a str, separator: &str) -> (&'a str, Option<String>) {
    match text.split_once(separator) {
        Some((body, marker)) => (body.trim(), Some(marker.trim().to_owned())),
        None => (text.trim(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_fall_into_their_parts() {
        for (text, name, extras, versions, url, marker) in [
            ("a", "a", "", "", None, None),
            (" A_b >=1,<2 ", "a-b", "", ">=1,<2", None, None),
            ("a[x, Y_z]==1", "a", "x y-z", "==1", None, None),
            ("a (>=1)", "a", "", "(>=1)", None, None),
            ("a; python_version<'3.9'", "a", "", "", None, Some("python_version<'3.9'")),
            ("a[x]~=1;os_name=='nt'", "a", "x", "~=1", None, Some("os_name=='nt'")),
            ("a @ https://h/a;b ; os_name=='nt'", "a", "", "", Some("https://h/a;b"), Some("os_name=='nt'")),
            ("a@file:../a", "a", "", "", Some("file:../a"), None),
        ] {
            let requirement = Requirement::parse(text).unwrap();
            assert_eq!(requirement.name.as_str(), name, "{text}");
            let found: Vec<_> = requirement.extras.iter().map(PackageName::as_str).collect();
            assert_eq!(found.join(" "), extras, "{text}");
            assert_eq!(requirement.versions, versions, "{text}");
            assert_eq!(requirement.url.as_deref(), url, "{text}");
            assert_eq!(requirement.marker.as_deref(), marker, "{text}");
            assert_eq!(requirement.text, text.trim());
        }
    }

    #[test]
    fn local_references_are_seen() {
        for (text, path) in [
            ("a @ file:../a", Some("../a")),
            ("a @ file:///repo/a", Some("/repo/a")),
            ("a @ https://host/a.whl", None),
            ("a", None),
        ] {
            assert_eq!(Requirement::parse(text).unwrap().local_path(), path);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "-r other.txt", "./a", "a[x", "a b", "a @", "a\n--index-url=x", "a 1.0"] {
            assert!(Requirement::parse(text).is_err(), "{text:?}");
        }
        let error = Requirement::parse("a @ https://me:hunter2@host/a.whl").unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("host"), "{error}");
    }
}
