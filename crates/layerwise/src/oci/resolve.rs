//! What a tag stands for, for one platform. Reads only.

use super::{Oci, conformance};
use crate::assemble::{Index, Machine};
use crate::digest::Digest;
use crate::image_ref::ImageRef;
use crate::platform::Platform;
use crate::registry::RegistryError;

/// What a registry has under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// An image for the platform: its own manifest, also where the name is that of an index.
    Image(Digest),
    /// Images, but none for the platform.
    OtherPlatforms(Vec<String>),
    /// Nothing.
    Absent,
}

impl Oci {
    /// What `image` stands for now on `platform`.
    ///
    /// # Errors
    /// [`RegistryError`], also when what it holds can be understood by nobody.
    pub fn resolve(&self, image: &ImageRef, platform: Platform) -> Result<Resolved, RegistryError> {
        let unexpected = |cause: String| RegistryError::Unexpected { place: self.place(image).0.host, cause };
        let Some(manifest) = self.manifest(image)? else { return Ok(Resolved::Absent) };
        if let Some(index) = Index::parse(&manifest.bytes) {
            let ours = index.manifest_for(platform);
            return Ok(ours.map_or_else(|| Resolved::OtherPlatforms(index.machines()), Resolved::Image));
        }
        let config = conformance::configuration_of(&manifest.bytes);
        let config = config.map(|digest| self.blob(image, digest)).transpose()?.flatten();
        let config = config.ok_or_else(|| unexpected(format!("it has no configuration of {image}")))?;
        let machine: Machine = serde_json::from_slice(&config.bytes)
            .map_err(|error| unexpected(format!("the configuration of {image} cannot be read: {error}")))?;
        Ok(match machine.name() {
            name if name == platform.as_str() => Resolved::Image(manifest.digest),
            name => Resolved::OtherPlatforms(vec![name]),
        })
    }
}
