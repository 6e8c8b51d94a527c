//! What registries answer: the header that asks for credentials, by the law of the crate's own tests, and an image's
//! documents. The header's parser is private, so its file is compiled here.
#![no_main]

#[path = "../../crates/layerwise/src/oci/challenge.rs"]
mod challenge;
#[path = "../../crates/layerwise/src/oci/challenge_law.rs"]
mod law;

use challenge::{Challenge, parse};
use layerwise::oci::conformance::{check, configuration_of};
use layerwise::platform::Platform;

libfuzzer_sys::fuzz_target!(|text: &str| {
    law::hold(text);
    // Two documents: the manifest, and behind a line with `---` the configuration.
    let (manifest, config) = text.split_once("\n---\n").unwrap_or((text, "{}"));
    let _ = configuration_of(manifest.as_bytes());
    for violation in check(Platform::LinuxArm64, manifest.as_bytes(), config.as_bytes()) {
        let _ = violation.to_string();
    }
});
