//! The engine of Layerwise: declare, render, fingerprint, plan, run.

pub mod builder;
pub mod buildx;
pub mod digest;
pub mod engine;
pub mod fs;
pub mod image_ref;
pub mod inputs;
pub mod layer;
pub mod name;
pub mod oci;
mod parallel;
pub mod pip_secrets;
pub mod platform;
pub mod process;
pub mod registry;
pub mod repo_path;
mod trust;
