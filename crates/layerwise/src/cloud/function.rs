//! Functions of a cloud that run images. Plain data, and the port to them.

use super::CloudError;
use crate::image_ref::ImageRef;
use crate::platform::Platform;

/// What a function runs, now or in an earlier version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The version's number; `$LATEST` for what can still change.
    pub version: String,
    /// The image, pinned by its digest.
    pub image: ImageRef,
}

/// What became of a function that was given an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// What it ran before.
    pub before: Deployed,
    /// The new version's number; `None` when it ran this image already and nothing was done.
    pub version: Option<String>,
}

/// Functions that run images. One update at a time is made to each.
pub trait Functions: Send + Sync {
    /// What `function` runs now.
    ///
    /// # Errors
    /// [`CloudError`], also for a function that runs no image.
    fn current(&self, function: &str) -> Result<Deployed, CloudError>;

    /// Lets `function` run `image`, which is pinned by its digest and made for `platform`, if that is known, and publishes that as a version.
    /// Returns when the function runs it; an update that somebody else has begun is waited for.
    ///
    /// # Errors
    /// [`CloudError`]; the function then runs what it did, or what the cloud says of it.
    fn update(
        &self,
        function: &str,
        image: &ImageRef,
        platform: Option<Platform>,
    ) -> Result<Update, CloudError>;

    /// The newest published version of `function` that runs another image than it runs now; or the version `wanted`.
    ///
    /// # Errors
    /// [`CloudError`], also when there is none.
    fn earlier(&self, function: &str, wanted: Option<&str>) -> Result<Deployed, CloudError>;
}
