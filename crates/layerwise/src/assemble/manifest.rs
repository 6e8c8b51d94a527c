//! A manifest of one image: the parent's layers and ours, in the parent's own form. Pure.

use serde::{Deserialize, Serialize};

use super::WhyNot;
use crate::digest::Digest;
use crate::media_type::{
    DOCKER_CONFIGURATION, DOCKER_LAYER, DOCKER_MANIFEST, OCI_CONFIGURATION, OCI_LAYER, OCI_MANIFEST,
};

/// A manifest, as the
/// [OCI image specification](https://github.com/opencontainers/image-spec/blob/main/manifest.md) and Docker's version 2,
/// schema 2 have it in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    schema_version: u32,
    /// Of which of the two forms it is.
    media_type: String,
    /// Its configuration.
    pub config: Descriptor,
    /// Its layers, the lowest first.
    pub layers: Vec<Descriptor>,
}

/// What a manifest says of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Bytes, compressed.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
}

impl Manifest {
    /// Reads the manifest of a parent. One in OCI's form need not say that it is.
    ///
    /// # Errors
    /// [`WhyNot::ParentForm`].
    pub fn parse(bytes: &[u8]) -> Result<Self, WhyNot> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Written {
            media_type: Option<String>,
            config: Descriptor,
            layers: Vec<Descriptor>,
        }
        let fail = |why: String| WhyNot::ParentForm { part: "manifest".to_owned(), why };
        let Written { media_type: own, config, layers } =
            serde_json::from_slice(bytes).map_err(|error| fail(error.to_string()))?;
        let media_type = own.unwrap_or_else(|| OCI_MANIFEST.to_owned());
        if ![OCI_MANIFEST, DOCKER_MANIFEST].contains(&media_type.as_str()) {
            return Err(fail(format!("its media type is `{media_type}`")));
        }
        if let Some(layer) = layers.iter().find(|layer| is_elsewhere(&layer.media_type)) {
            return Err(fail(format!("layer {} may not be copied", layer.digest)));
        }
        Ok(Self { schema_version: 2, media_type, config, layers })
    }

    /// The manifest of an image with more layers and another configuration, each with its digest and size.
    #[must_use]
    pub fn continued(&self, layers: &[(Digest, u64)], (digest, size): (Digest, u64)) -> Self {
        let (config, layer) = match self.media_type.as_str() {
            DOCKER_MANIFEST => (DOCKER_CONFIGURATION, DOCKER_LAYER),
            _ => (OCI_CONFIGURATION, OCI_LAYER),
        };
        let describe =
            |media_type: &str, digest, size| Descriptor { media_type: media_type.to_owned(), size, digest };
        let ours = layers.iter().map(|(digest, size)| describe(layer, *digest, *size));
        Self {
            schema_version: 2,
            media_type: self.media_type.clone(),
            config: describe(config, digest, size),
            layers: self.layers.iter().cloned().chain(ours).collect(),
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The bytes that its digest is of.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_else(|error| unreachable!("plain data has a JSON form: {error}"))
    }
}

/// Whether a layer may only be had from where its maker keeps it.
fn is_elsewhere(media_type: &str) -> bool {
    media_type.contains("nondistributable") || media_type.contains("foreign")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(media_type: &str, layer: &str) -> String {
        let digest = Digest::of("x");
        format!(
            r#"{{"schemaVersion":2,{media_type}"config":{{"mediaType":"c","digest":"{digest}","size":1}},
               "layers":[{{"mediaType":"{layer}","digest":"{digest}","size":2}}],"annotations":{{"a":"b"}}}}"#
        )
    }

    fn form(media_type: &str) -> String {
        format!(r#""mediaType":"{media_type}","#)
    }

    #[test]
    fn the_parents_form_is_kept() {
        let oci = Manifest::parse(parent("", "l").as_bytes()).unwrap();
        let ours = oci.continued(&[(Digest::of("layer"), 7)], (Digest::of("config"), 9));
        insta::assert_snapshot!(String::from_utf8(ours.bytes()).unwrap());
        let docker = form(DOCKER_MANIFEST);
        let docker = Manifest::parse(parent(&docker, "l").as_bytes()).unwrap();
        let ours = docker.continued(&[(Digest::of("layer"), 7)], (Digest::of("config"), 9));
        insta::assert_snapshot!(String::from_utf8(ours.bytes()).unwrap());
    }

    #[test]
    fn what_is_no_manifest_of_one_image_is_not_continued() {
        let refused = |bytes: &str| Manifest::parse(bytes.as_bytes()).is_err();
        assert!(refused(r#"{"manifests":[]}"#));
        let ancient = form("application/vnd.docker.distribution.manifest.v1+json");
        assert!(refused(&parent(&ancient, "l")));
        assert!(refused(&parent("", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")));
        assert!(!refused(&parent("", "l")));
    }
}
