//! The port to where images are kept: an OCI registry, or the engine's local store. Answers whether an image is
//! there, and gives one that is there a second name; never pulls, never deletes.

use crate::digest::Digest;
use crate::image_ref::ImageRef;
use crate::platform::Platform;

/// Why it cannot be told whether an image is there. Never means "absent".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Nobody answers at the address.
    #[error("{place} does not answer: {cause}")]
    Unreachable {
        /// The registry or the engine's address.
        place: String,
        /// What the connection said.
        cause: String,
    },
    /// The credentials are missing, wrong or expired.
    #[error("{place} refuses our credentials: {cause}")]
    Unauthorized {
        /// The registry.
        place: String,
        /// What it answered.
        cause: String,
    },
    /// The answer is not one that the protocol knows, throttling included.
    #[error("{place} gave an answer that cannot be used: {cause}")]
    Unexpected {
        /// The registry or the engine's address.
        place: String,
        /// What it answered, shortened.
        cause: String,
    },
}

impl RegistryError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unreachable { place, cause } if cause.contains("ermission denied") => {
                format!("join the group that {place} belongs to (often `docker`), or use a rootless engine")
            }
            Self::Unreachable { place, .. } => {
                format!("check that {place} runs and can be reached from here")
            }
            Self::Unauthorized { place, .. } => format!("log in again: docker login {place}"),
            Self::Unexpected { .. } => "try again; if it stays, the answer above says why".to_owned(),
        }
    }
}

/// Where images are kept.
pub trait Registry: Sync {
    /// Looks for all `wanted` references (each with a tag) at once. For each, in the same order: the digest that the
    /// tag has now, `None` when it is not there.
    ///
    /// # Errors
    /// [`RegistryError`] when it cannot be told for any one of them.
    fn find(&self, wanted: &[ImageRef]) -> Result<Vec<Option<Digest>>, RegistryError>;

    /// The rules of Lambda that the image `digest` of `reference`'s repository breaks, each as a sentence; none for
    /// one that Lambda takes.
    ///
    /// # Errors
    /// [`RegistryError`] when it cannot be told.
    fn violations(
        &self,
        reference: &ImageRef,
        digest: Digest,
        platform: Platform,
    ) -> Result<Vec<String>, RegistryError>;
}

impl<R: Registry + Send + ?Sized> Registry for std::sync::Arc<R> {
    fn find(&self, wanted: &[ImageRef]) -> Result<Vec<Option<Digest>>, RegistryError> {
        (**self).find(wanted)
    }

    fn violations(
        &self,
        reference: &ImageRef,
        digest: Digest,
        platform: Platform,
    ) -> Result<Vec<String>, RegistryError> {
        (**self).violations(reference, digest, platform)
    }
}

/// A store in which an image that is there can be given a second name.
pub trait Names: Sync {
    /// Lets the tag `also` name the image that is called `image`, wherever it pointed before.
    ///
    /// # Errors
    /// [`RegistryError`], also when there is no such image.
    fn name_also(&self, image: &ImageRef, also: &ImageRef) -> Result<(), RegistryError>;
}

/// A store that says how an image is labelled.
pub trait Labels: Sync {
    /// The value of the label `name` of `image`; `None` when there is no such label or no such image.
    ///
    /// # Errors
    /// [`RegistryError`] when it cannot be told.
    fn label(&self, image: &ImageRef, name: &str) -> Result<Option<String>, RegistryError>;
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_registry_is_object_safe() {
        fn _object(_: &dyn super::Registry) {}
    }
}
