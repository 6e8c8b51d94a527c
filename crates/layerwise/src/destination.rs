//! Where images go: the engine's local store, or a registry. Pure; names only.

use crate::digest::Digest;
use crate::image_ref::{ImageRef, ImageRefError};
use crate::name::Name;

/// Where images go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The engine's local store, under the image's own name.
    Local,
    /// Repositories `<prefix>/<name>` of a registry; the prefix is `host[:port][/path]`.
    Registry {
        /// The prefix, without a slash at its end.
        prefix: String,
    },
}

impl Destination {
    /// A registry's repositories below `prefix`.
    ///
    /// # Errors
    /// [`ImageRefError`] when no image could have such a name.
    pub fn registry(prefix: &str) -> Result<Self, ImageRefError> {
        let prefix = prefix.trim_end_matches('/');
        let probe = ImageRef::parse(&format!("{prefix}/image"))?;
        if probe.registry().is_none() {
            let why = "a registry's host comes first: `localhost:5000`, `registry.example.com/team`";
            return Err(ImageRefError { text: prefix.to_owned(), why });
        }
        Ok(Self::Registry { prefix: prefix.to_owned() })
    }

    /// The repository of the image `name`.
    #[must_use]
    pub fn repository(&self, name: &Name) -> String {
        match self {
            Self::Local => name.to_string(),
            Self::Registry { prefix } => format!("{prefix}/{name}"),
        }
    }

    /// The content tag of the image `name` built from `fingerprint`: `sha-<12 hex>`, never a tag that moves.
    ///
    /// # Errors
    /// [`ImageRefError`] when the repository's name gets too long.
    pub fn content_reference(&self, name: &Name, fingerprint: &Digest) -> Result<ImageRef, ImageRefError> {
        ImageRef::tagged(&self.repository(name), &format!("sha-{}", fingerprint.short()))
    }

    /// A folder name for the records of this destination: what was confirmed in one place says nothing of another.
    #[must_use]
    pub fn slug(&self) -> String {
        match self {
            Self::Local => "local".to_owned(),
            Self::Registry { prefix } => prefix
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '+' })
                .collect(),
        }
    }
}
