//! What a tag stands for, for one platform. Reads only.

use serde::Deserialize;

use super::{Oci, conformance};
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

#[derive(Deserialize)]
struct Index {
    manifests: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    digest: Digest,
    platform: Option<Machine>,
}

/// `platform` of an index's entry, or the same two fields of a configuration.
#[derive(Deserialize)]
struct Machine {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

impl Machine {
    fn name(&self) -> String {
        format!("{}/{}", self.os, self.architecture)
    }
}

impl Oci {
    /// What `image` stands for now on `platform`.
    ///
    /// # Errors
    /// [`RegistryError`], also when what it holds can be understood by nobody.
    pub fn resolve(&self, image: &ImageRef, platform: Platform) -> Result<Resolved, RegistryError> {
        let unexpected = |cause: String| RegistryError::Unexpected { place: self.place(image).0.host, cause };
        let Some(manifest) = self.manifest(image)? else { return Ok(Resolved::Absent) };
        let index: Index = serde_json::from_slice(&manifest.bytes)
            .map_err(|error| unexpected(format!("the manifest of {image} cannot be read: {error}")))?;
        if let Some(entries) = index.manifests {
            let machines =
                entries.into_iter().filter_map(|entry| Some((entry.platform?.name(), entry.digest)));
            let mut others = Vec::new();
            for (name, digest) in machines {
                if name == platform.as_str() {
                    return Ok(Resolved::Image(digest));
                }
                // Attestations are entries without a machine.
                if !name.contains("unknown") {
                    others.push(name);
                }
            }
            return Ok(Resolved::OtherPlatforms(others));
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
