//! Image references: `registry/repository:tag@digest`. Parsed once; never resolved here.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::name::is_path_component;

/// A reference to an image, in the form that the
/// [distribution project's grammar](https://github.com/distribution/reference/blob/main/reference.go) gives it.
/// The text is kept as it was written: `python:3.13` is not rewritten to `docker.io/library/python:3.13`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageRef {
    /// Everything before the tag: registry, if any, and repository.
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// A text that is not an image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image reference: {why}")]
pub struct ImageRefError {
    /// What was written.
    pub text: String,
    /// The part that is wrong.
    pub why: &'static str,
}

impl ImageRef {
    /// Parses `text`.
    ///
    /// # Errors
    /// [`ImageRefError`], naming the text and the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ImageRefError> {
        let fail = |why| ImageRefError { text: text.to_owned(), why };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (
                rest,
                Some(Digest::parse(digest).map_err(|_| fail("the digest is not sha256 and 64 hex digits"))?),
            ),
            None => (text, None),
        };
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match rest[last..].split_once(':') {
            Some((name, tag)) => (&rest[..last + name.len()], Some(tag)),
            None => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(fail("the tag holds an illegal character or is empty or longer than 128 characters"));
        }
        let path = match repository.split_once('/') {
            Some((host, path)) if is_host(host) => path,
            _ => repository,
        };
        if !path.split('/').all(is_path_component) {
            return Err(fail("the repository is not made of lower-case names"));
        }
        Ok(Self { repository: repository.to_owned(), tag: tag.map(str::to_owned), digest })
    }

    /// `repository` under `tag`.
    ///
    /// # Errors
    /// [`ImageRefError`] as in [`ImageRef::parse`].
    pub fn tagged(repository: &str, tag: &str) -> Result<Self, ImageRefError> {
        Self::parse(&format!("{repository}:{tag}"))
    }

    /// The same repository, by digest alone.
    #[must_use]
    pub fn at_digest(&self, digest: Digest) -> Self {
        Self { repository: self.repository.clone(), tag: None, digest: Some(digest) }
    }

    /// The same reference with this digest behind it.
    #[must_use]
    pub fn pinned(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// The same reference without a digest.
    #[must_use]
    pub fn unpinned(&self) -> Self {
        Self { digest: None, ..self.clone() }
    }

    /// Registry (if any) and repository, without tag and digest.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The registry's host and port, where the reference names one.
    #[must_use]
    pub fn registry(&self) -> Option<&str> {
        self.repository.split_once('/').map(|(host, _)| host).filter(|host| is_host(host))
    }

    /// The repository inside its registry.
    #[must_use]
    pub fn path(&self) -> &str {
        match self.registry() {
            Some(host) => &self.repository[host.len() + 1..],
            None => &self.repository,
        }
    }

    /// The tag, where there is one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, where the reference is pinned to one.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }
}

/// A first part is a host when it could not be a Docker Hub user: it holds a dot or a port, or is `localhost`.
fn is_host(text: &str) -> bool {
    text == "localhost" || text.contains(['.', ':'])
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-'))
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for ImageRef {
    type Error = ImageRefError;
    fn try_from(text: String) -> Result<Self, ImageRefError> {
        Self::parse(&text)
    }
}

impl From<ImageRef> for String {
    fn from(reference: ImageRef) -> String {
        reference.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parts(text: &str) -> (Option<String>, String, Option<String>) {
        let reference = ImageRef::parse(text).unwrap();
        assert_eq!(reference.to_string(), text);
        (reference.registry().map(Into::into), reference.path().into(), reference.tag().map(Into::into))
    }

    #[test]
    fn references_fall_into_their_parts() {
        assert_eq!(parts("python:3.13"), (None, "python".into(), Some("3.13".into())));
        assert_eq!(parts("localhost:5000/a/b"), (Some("localhost:5000".into()), "a/b".into(), None));
        assert_eq!(
            parts("public.ecr.aws/lambda/python:3.13"),
            (Some("public.ecr.aws".into()), "lambda/python".into(), Some("3.13".into()))
        );
        let pinned = format!("localhost:5000/a:t@{}", Digest::of(""));
        assert_eq!(ImageRef::parse(&pinned).unwrap().digest(), Some(Digest::of("")));
        assert_eq!(
            ImageRef::parse(&pinned).unwrap().at_digest(Digest::of("x")).to_string(),
            format!("localhost:5000/a@{}", Digest::of("x"))
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "A", "a:", "a:b c", "a@sha256:1", "a//b", "-a", "a:-b", "localhost:5000/"] {
            assert!(ImageRef::parse(text).is_err(), "{text}");
        }
    }
}
