//! What Lambda asks of an image that can be seen from its manifest and configuration. Pure; fetches nothing.
//!
//! From [Creating Lambda container images](https://docs.aws.amazon.com/lambda/latest/dg/images-create.html): a single
//! image manifest (Docker's version 2, schema 2, or OCI's), no index; one of the two architectures; at most 10 GB.
//! Layers without a history are refused by Lambda (`UnsupportedImageLayerDetected`,
//! [rules_oci#645](https://github.com/bazel-contrib/rules_oci/issues/645)).

use serde::Deserialize;

use crate::media_type;
use crate::platform::Platform;

/// The largest image: 10 GB, uncompressed, says the documentation. A manifest knows compressed sizes only, so what is
/// too large here is so for certain.
pub const LARGEST: u64 = 10 * 1024 * 1024 * 1024;

/// Media types of layers that both forms of manifests may hold.
const LAYERS: [&str; 4] = [
    media_type::DOCKER_LAYER,
    "application/vnd.oci.image.layer.v1.tar",
    media_type::OCI_LAYER,
    "application/vnd.oci.image.layer.v1.tar+zstd",
];
const CONFIGURATIONS: [&str; 2] = [media_type::DOCKER_CONFIGURATION, media_type::OCI_CONFIGURATION];

/// A rule that an image breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The manifest or the configuration is not what it should be at all.
    #[error("its {part} cannot be read: {why}")]
    Unreadable {
        /// `manifest` or `configuration`.
        part: &'static str,
        /// Why.
        why: String,
    },
    /// It is an index: several platforms, or attestations beside the image.
    #[error("it is an index of several manifests ({media_type}); Lambda takes a single one")]
    Index {
        /// Its media type.
        media_type: String,
    },
    /// A media type that Lambda does not take.
    #[error("the media type of its {part}, `{media_type}`, is none that Lambda takes")]
    MediaType {
        /// `manifest`, `configuration` or `layer 3`.
        part: String,
        /// What it is.
        media_type: String,
    },
    /// It is for another machine.
    #[error("it is built for {found}, not for {declared}")]
    Platform {
        /// The platform that its configuration names.
        found: String,
        /// The one that was declared.
        declared: Platform,
    },
    /// It does not say how its layers came about.
    #[error("its history tells of {told} layers, it has {layers}")]
    History {
        /// Layers in the history.
        told: usize,
        /// Layers in the manifest.
        layers: usize,
    },
    /// It is too large.
    #[error("its layers hold {bytes} bytes compressed; Lambda takes {LARGEST} uncompressed")]
    Size {
        /// The sum of its layers.
        bytes: u64,
    },
    /// Nothing says what to run.
    #[error("it has neither ENTRYPOINT nor CMD")]
    NothingToRun,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Manifest {
    media_type: Option<String>,
    manifests: Option<Vec<serde_json::Value>>,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    size: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configuration {
    architecture: String,
    os: String,
    history: Vec<Entry>,
    config: Run,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    empty_layer: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Run {
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
}

/// The digest of the configuration that `manifest` names, where it is a manifest of one image.
#[must_use]
pub fn configuration_of(manifest: &[u8]) -> Option<crate::digest::Digest> {
    #[derive(Deserialize)]
    struct Manifest {
        config: Config,
    }
    #[derive(Deserialize)]
    struct Config {
        digest: crate::digest::Digest,
    }
    serde_json::from_slice::<Manifest>(manifest).ok().map(|manifest| manifest.config.digest)
}

/// The rules that an image breaks, as a Lambda function for `platform`: none of them, hopefully. `manifest` and
/// `config` are the documents as the registry holds them; an index has no configuration to give.
#[must_use]
pub fn check(platform: Platform, manifest: &[u8], config: &[u8]) -> Vec<Violation> {
    let unreadable =
        |part, error: serde_json::Error| vec![Violation::Unreadable { part, why: error.to_string() }];
    let manifest: Manifest = match serde_json::from_slice(manifest) {
        Ok(manifest) => manifest,
        Err(error) => return unreadable("manifest", error),
    };
    // An OCI manifest need not name its own media type: then its fields tell.
    let media_type = manifest.media_type.unwrap_or_else(|| media_type::OCI_MANIFEST.to_owned());
    if manifest.manifests.is_some()
        || [media_type::OCI_INDEX, media_type::DOCKER_LIST].contains(&&*media_type)
    {
        return vec![Violation::Index { media_type }];
    }
    let config: Configuration = match serde_json::from_slice(config) {
        Ok(config) => config,
        Err(error) => return unreadable("configuration", error),
    };

    let mut violations = Vec::new();
    let mut known = |part: String, media_type: &str, allowed: &[&str]| {
        if !allowed.contains(&media_type) {
            violations.push(Violation::MediaType { part, media_type: media_type.to_owned() });
        }
    };
    known("manifest".into(), &media_type, &[media_type::OCI_MANIFEST, media_type::DOCKER_MANIFEST]);
    known("configuration".into(), &manifest.config.media_type, &CONFIGURATIONS);
    for (index, layer) in manifest.layers.iter().enumerate() {
        known(format!("layer {}", index + 1), &layer.media_type, &LAYERS);
    }
    let found = format!("{}/{}", config.os, config.architecture);
    if found != platform.as_str() {
        violations.push(Violation::Platform { found, declared: platform });
    }
    let told = config.history.iter().filter(|entry| !entry.empty_layer).count();
    if told != manifest.layers.len() {
        violations.push(Violation::History { told, layers: manifest.layers.len() });
    }
    let bytes = manifest.layers.iter().fold(0u64, |sum, layer| sum.saturating_add(layer.size));
    if bytes > LARGEST {
        violations.push(Violation::Size { bytes });
    }
    let nothing = |words: &Option<Vec<String>>| words.as_ref().is_none_or(Vec::is_empty);
    if nothing(&config.config.entrypoint) && nothing(&config.config.cmd) {
        violations.push(Violation::NothingToRun);
    }
    violations
}

#[cfg(test)]
#[path = "conformance_tests.rs"]
mod tests;
