//! The engine of Layerwise: declare, render, fingerprint, plan, run.

pub mod builder;
pub mod destination;
pub mod difference;
pub mod digest;
pub mod dockerfile;
pub mod event;
pub mod fingerprint;
pub mod fs;
pub mod graph;
pub mod image;
pub mod image_ref;
pub mod inputs;
pub mod inspect;
pub mod layer;
pub mod name;
pub mod plan;
pub mod platform;
pub mod process;
pub mod python;
pub mod record;
pub mod registry;
pub mod repo_path;
pub mod run;
mod shell;
pub mod store;
pub mod store_dir;
pub mod verdicts;
