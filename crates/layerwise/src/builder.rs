//! The port to whatever builds an image. Plain structs and one small trait; never starts a process itself.

mod hint;

use camino::Utf8PathBuf;

use crate::digest::Digest;
use crate::fs::Lock;
use crate::image_ref::ImageRef;
use crate::layer_cache::LayerCache;
use crate::platform::Platform;
use crate::process::Cancel;

/// Everything a builder needs to know to build one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRequest {
    /// The declared name: for reports and for naming temporary files.
    pub image: String,
    /// The one platform to build for.
    pub platform: Platform,
    /// The folder that `COPY` and bind mounts read.
    pub context: Utf8PathBuf,
    /// The Dockerfile; its ignore file lies beside it as `<file name>.dockerignore`.
    pub dockerfile: Utf8PathBuf,
    /// The stage to build, when it is not the last one.
    pub target: Option<String>,
    /// `ARG` values, in order.
    pub build_args: Vec<(String, String)>,
    /// Labels put on the image from outside the Dockerfile, in order.
    pub labels: Vec<(String, String)>,
    /// The references that the result gets.
    pub tags: Vec<ImageRef>,
    /// What `RUN --mount=type=secret` may read.
    pub secrets: Vec<SecretValue>,
    /// Push to the registry of the tags; otherwise the image lands in the engine's local store.
    pub push: bool,
    /// Whether to build without BuildKit's layer cache.
    pub no_cache: bool,
    /// Where layers are shared with other builders.
    pub cache: Option<LayerCache>,
    /// Where the full log goes.
    pub log: Utf8PathBuf,
}

/// A secret with its value. `Debug` does not show the value.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue {
    /// The id that `RUN --mount=type=secret,id=…` names.
    pub id: String,
    /// Where the value comes from.
    pub from: SecretSource,
}

/// Where a secret's value comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A file that the builder reads; its path may be shown, its content may not.
    File(Utf8PathBuf),
    /// A text that we hold: handed over through the child's environment, never through its arguments.
    Text(String),
}

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretValue").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a finished build gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The digest that the result is known by: its manifest's, as pushed or as stored. What an engine without the
    /// containerd store keeps locally has no manifest: there it is the configuration's.
    pub digest: Digest,
    /// The digest of the image's configuration, where the builder tells it. A local store without manifests knows the
    /// image by this one, also when the builder is elsewhere and `digest` is a manifest's.
    pub config: Option<Digest>,
    /// Instructions that ran or came from the cache.
    pub steps: usize,
    /// Those of them that came from the cache.
    pub cached: usize,
}

/// What happens while an image is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildProgress {
    /// An instruction started.
    Started {
        /// The instruction, as BuildKit names it: `[4/6] RUN pip install …`.
        step: String,
    },
    /// An instruction came from the cache.
    Cached {
        /// As in `Started`.
        step: String,
    },
    /// An instruction ended well.
    Done {
        /// As in `Started`.
        step: String,
        /// How long it took.
        milliseconds: u64,
    },
}

impl Built {
    /// Whether `found`, as a [`Registry`](crate::registry::Registry) answers for a tag, is this very image.
    #[must_use]
    pub fn is(&self, found: Digest) -> bool {
        found == self.digest || Some(found) == self.config
    }
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The build ran and failed.
    #[error("{image}: {}", step.as_deref().unwrap_or("the build failed"))]
    Failed {
        /// The image.
        image: String,
        /// The failing instruction, where BuildKit named one.
        step: Option<String>,
        /// BuildKit's own last word (`process "/bin/sh -c …" did not complete successfully: exit code: 1`).
        message: String,
        /// The last lines that the failing instruction printed, at most 20.
        output: Vec<String>,
        /// The file that holds the full log.
        log: Utf8PathBuf,
    },
    /// Cancelled by the user; the builder has let go of it.
    #[error("{image}: cancelled")]
    Cancelled {
        /// The image.
        image: String,
    },
    /// The builder or its engine cannot be used.
    #[error("{image}: {message}")]
    Unavailable {
        /// The image.
        image: String,
        /// What the builder said.
        message: String,
        /// What to do about it, where that is known.
        hint: Option<String>,
    },
}

impl BuildError {
    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Failed { message, output, .. } => hint::of(std::iter::once(message).chain(output)),
            Self::Unavailable { hint, .. } => hint.as_deref(),
            Self::Cancelled { .. } => None,
        }
    }
}

/// Builds one image at a time; called from several threads at once.
pub trait Builder: Sync {
    /// Builds, tags, and pushes or stores. Returns only after every child has ended, also when cancelled. Should we be
    /// killed, `locks` are held until the children have ended too.
    ///
    /// # Errors
    /// [`BuildError`].
    fn build(
        &self,
        request: &BuildRequest,
        locks: [&Lock; 2],
        cancel: &Cancel,
        progress: &dyn Fn(BuildProgress),
    ) -> Result<Built, BuildError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builder_is_object_safe_and_a_secret_is_not_shown() {
        fn _object(_: &dyn Builder) {}
        let secret = SecretValue { id: "token".into(), from: SecretSource::Text("hunter2".into()) };
        assert!(!format!("{secret:?}").contains("hunter2"));
    }

    #[test]
    fn the_output_of_a_failing_step_may_hold_a_hint() {
        let failed = |line: &str| BuildError::Failed {
            image: "handler".into(),
            step: Some("[2/4] RUN pip install numpy".into()),
            message: "exit code: 1".into(),
            output: vec![line.into()],
            log: "handler.log".into(),
        };
        let hint =
            failed("ssl.SSLCertVerificationError: unable to get local issuer").hint().map(str::to_owned);
        assert!(hint.unwrap().contains("SSL_CERT_FILE"));
        let refused = failed("WARNING: 401 Error, Credentials not correct for https://index/simple/numpy/");
        assert!(refused.hint().unwrap().contains("refuses our login"));
        assert_eq!(failed("SyntaxError").hint(), None);
    }
}
