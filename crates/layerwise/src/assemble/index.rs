//! An index: several manifests under one digest, one of which is for our platform. Pure.

use serde::Deserialize;

use crate::digest::Digest;
use crate::platform::Platform;

/// An [image index](https://github.com/opencontainers/image-spec/blob/main/image-index.md), or Docker's list of manifests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Index {
    /// The manifests.
    pub manifests: Vec<IndexEntry>,
}

/// One manifest of an index.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IndexEntry {
    /// Its digest.
    pub digest: Digest,
    platform: Option<Machine>,
}

/// What a manifest is for, by an index or by its configuration. Attestations in an index are for `unknown/unknown`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Machine {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

impl Machine {
    /// Its name, in the form of [`Platform::as_str`].
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.os, self.architecture)
    }
}

impl Index {
    /// Reads an index; `None` for anything else.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The digest of the manifest for `platform`, where there is one.
    #[must_use]
    pub fn manifest_for(&self, platform: Platform) -> Option<Digest> {
        let is_ours = |entry: &&IndexEntry| {
            entry.platform.as_ref().is_some_and(|machine| machine.name() == platform.as_str())
        };
        self.manifests.iter().find(is_ours).map(|entry| entry.digest)
    }

    /// The names of what its manifests are for, without attestations.
    #[must_use]
    pub fn machines(&self) -> Vec<String> {
        let names = self.manifests.iter().filter_map(|entry| Some(entry.platform.as_ref()?.name()));
        names.filter(|name| !name.contains("unknown")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_own_manifest_is_found() {
        let (ours, other) = (Digest::of("ours"), Digest::of("other"));
        let text = format!(
            r#"{{"schemaVersion":2,"manifests":[
                {{"digest":"{other}","platform":{{"os":"unknown","architecture":"unknown"}}}},
                {{"digest":"{ours}","size":1,"platform":{{"os":"linux","architecture":"arm64","variant":"v8"}}}},
                {{"digest":"{other}"}}]}}"#
        );
        let index = Index::parse(text.as_bytes()).unwrap();
        assert_eq!(index.manifest_for(Platform::LinuxArm64), Some(ours));
        assert_eq!(index.manifest_for(Platform::LinuxAmd64), None);
        assert_eq!(Index::parse(br#"{"schemaVersion":2,"layers":[]}"#), None);
    }
}
