//! Fingerprints that are known by heart. Where one of these changes without a change of its declaration, everybody
//! builds everything again: that wants a new `SCHEMA` and a reason, and is never an accident.

use layerwise::image::Images;
use layerwise::inspect::{Inspection, inspect};
use layerwise_tests::repository::Repository;
use layerwise_tests::{patterns, sample};

use crate::fingerprints;

fn listed(repository: &Repository, images: &Images) -> String {
    let found = fingerprints(repository.root(), images);
    found.iter().map(|(label, digest)| format!("{label} {digest}\n")).collect()
}

#[test]
fn every_pattern() {
    insta::assert_snapshot!(listed(&patterns::repository(), &patterns::buildable()));
}

#[test]
fn every_pattern_that_the_sandbox_cannot_build() {
    insta::assert_snapshot!(listed(&patterns::repository(), &patterns::rendered()));
}

#[test]
fn the_sample_monorepo() {
    insta::assert_snapshot!(listed(&sample::repository(), &xtask::images()));
}

/// The bytes that are digested, so that a change of a fingerprint above can be read.
#[test]
fn the_text_behind_a_fingerprint() {
    let repository = patterns::repository();
    let inspection = inspect(repository.root(), &patterns::buildable()).and_then(Inspection::whole).unwrap();
    let place = inspection.graph.targets.iter().position(|target| target.label == "nested").unwrap();
    let canonical = inspection.targets[place].ingredients.canonical();
    insta::assert_snapshot!(canonical.replace(",\"", ",\n\""));
}
