//! What fingerprints depend on, and what they do not.

mod edits;
mod fields;
mod golden;
mod ingredients;
mod surroundings;

use std::collections::BTreeMap;

use camino::Utf8Path;
use layerwise::digest::Digest;
use layerwise::image::Images;
use layerwise::inspect::inspect;

/// The fingerprints of all targets, by label.
fn fingerprints(root: &Utf8Path, images: &Images) -> BTreeMap<String, Digest> {
    let inspection = inspect(root, images).unwrap();
    let targets = inspection.graph.targets.iter().zip(&inspection.targets);
    targets.map(|(target, inspected)| (target.label.clone(), inspected.fingerprint)).collect()
}
