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
    platform: Option<IndexPlatform>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct IndexPlatform {
    os: String,
    architecture: String,
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
            let said = entry.platform.as_ref();
            said.is_some_and(|said| format!("{}/{}", said.os, said.architecture) == platform.as_str())
        };
        self.manifests.iter().find(is_ours).map(|entry| entry.digest)
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
