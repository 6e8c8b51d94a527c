//! From declared sources to a fingerprint: the words for it, the ignore rules, the scan and the ingredients. It knows no
//! declaration and no Dockerfile, and never asks anybody whether something was built.
//!
//! A crate of its own, because a run in which nothing changed does little else: it is small, so the dev profile can afford
//! to optimise it. `layerwise` has these modules under the same names.

pub mod digest;
pub mod dockerignore;
pub mod fingerprint;
pub mod inputs;
pub mod layer;
pub mod name;
pub mod parallel;
pub mod platform;
pub mod repo_path;
pub mod scan;
