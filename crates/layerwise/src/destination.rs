//! Where images go: the engine's local store, or a registry. Pure; names only.

use crate::digest::Digest;
use crate::image_ref::{ImageRef, ImageRefError};
use crate::name::Name;

/// What stands for an image's name.
const NAME: &str = "{name}";

/// Where images go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The engine's local store, under the image's own name.
    Local,
    /// The same store, for images that stand on stable bases: nothing there says what is in them, so that they have
    /// neither a content tag nor anything that a record of another destination could be mistaken for.
    Development,
    /// Repositories of a registry.
    Registry {
        /// `host[:port][/path]`, without a slash at its end.
        prefix: String,
        /// What comes after it and a slash: a text in which `{name}` stands for the image's name.
        pattern: String,
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
        Ok(Self::Registry { prefix: prefix.to_owned(), pattern: NAME.to_owned() })
    }

    /// The same place, in which repositories have other names than their images: `{name}` in `pattern` is the image's.
    ///
    /// # Errors
    /// [`ImageRefError`] when no repository could have such a name.
    pub fn naming(self, pattern: &str) -> Result<Self, ImageRefError> {
        match self {
            Self::Local | Self::Development => Ok(self),
            Self::Registry { prefix, .. } => {
                ImageRef::parse(&format!("{prefix}/{}", pattern.replace(NAME, "image")))?;
                Ok(Self::Registry { prefix, pattern: pattern.to_owned() })
            }
        }
    }

    /// The repository of the image `name`.
    #[must_use]
    pub fn repository(&self, name: &Name) -> String {
        match self {
            Self::Local | Self::Development => name.to_string(),
            Self::Registry { prefix, pattern } => {
                format!("{prefix}/{}", pattern.replace(NAME, name.as_str()))
            }
        }
    }

    /// The tag of the image `name` built from `fingerprint`, never one that moves: the content tag `sha-<12 hex>`, and
    /// `dev-<12 hex>` for what stands on stable bases.
    ///
    /// # Errors
    /// [`ImageRefError`] when the repository's name gets too long.
    pub fn content_reference(&self, name: &Name, fingerprint: &Digest) -> Result<ImageRef, ImageRefError> {
        let word = if *self == Self::Development { "dev" } else { "sha" };
        ImageRef::tagged(&self.repository(name), &format!("{word}-{}", fingerprint.short()))
    }

    /// The word of the tag that names an image's newest state for people; a registry has none.
    #[must_use]
    pub fn readable_word(&self) -> Option<&'static str> {
        match self {
            Self::Local => Some("local"),
            Self::Development => Some("dev"),
            Self::Registry { .. } => None,
        }
    }

    /// A folder name for the records of this destination: what was confirmed in one place says nothing of another.
    #[must_use]
    pub fn slug(&self) -> String {
        match self {
            Self::Local | Self::Development => "local".to_owned(),
            Self::Registry { prefix, pattern } if pattern == NAME => folder_name(prefix),
            // No part of a prefix begins with it.
            Self::Registry { prefix, pattern } => {
                folder_name(&format!("{prefix}/{}", pattern.replace(NAME, "_")))
            }
        }
    }
}

fn folder_name(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '+' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_may_have_other_names_than_images() {
        let name = Name::new("base-receipt-dynamo").unwrap();
        let plain = Destination::registry("r.example.com/team/").unwrap();
        assert_eq!(plain.repository(&name), "r.example.com/team/base-receipt-dynamo");
        assert_eq!(plain.slug(), "r.example.com+team");
        let dev = plain.clone().naming("{name}-dev").unwrap();
        assert_eq!(dev.repository(&name), "r.example.com/team/base-receipt-dynamo-dev");
        assert_ne!(
            dev.slug(),
            plain.clone().naming("{name}-prod").unwrap().slug(),
            "stacks do not share records"
        );
        assert!(plain.naming("{name} x").is_err());
        assert_eq!(Destination::Local.naming("{name}-dev"), Ok(Destination::Local));
    }
}
