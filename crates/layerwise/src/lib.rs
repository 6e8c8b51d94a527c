//! The engine of Layerwise: declare, render, fingerprint, plan, run.

pub mod assemble;
pub mod assembler;
pub mod assembling;
pub mod bake;
pub mod builder;
pub mod buildx;
pub mod cloud;
pub mod destination;
pub mod difference;
pub mod docker_login;
pub mod dockerfile;
pub mod engine;
pub mod event;
pub mod fs;
pub mod graph;
pub mod image;
pub mod image_lock;
pub mod image_ref;
pub mod inspect;
pub mod layer_cache;
pub mod media_type;
pub mod oci;
pub mod pip_secrets;
pub mod plan;
pub mod process;
pub mod python;
pub mod readable;
pub mod record;
pub mod registry;
pub mod run;
mod shell;
pub mod stable;
pub mod store;
pub mod store_dir;
pub mod store_shared;
mod trust;
pub mod verdicts;

use layerwise_fingerprint::parallel;
pub use layerwise_fingerprint::{
    digest, dockerignore, fingerprint, inputs, layer, name, platform, repo_path, scan,
};
