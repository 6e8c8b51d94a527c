//! What a run works with: ports, folders and the destination. Plain references; never opens anything.

use camino::Utf8Path;

use crate::assembler::Assembler;
use crate::builder::{Builder, SecretValue};
use crate::destination::Destination;
use crate::graph::Target;
use crate::image_ref::ImageRef;
use crate::layer_cache::LayerCaches;
use crate::registry::Registry;
use crate::store::RecordStore;

/// What a run works with.
pub struct World<'a> {
    /// Where records are kept.
    pub store: &'a dyn RecordStore,
    /// Where images are kept.
    pub registry: &'a dyn Registry,
    /// Who builds.
    pub builder: &'a dyn Builder,
    /// Who makes images without a builder, where there is somebody.
    pub assembler: Option<&'a dyn Assembler>,
    /// Where images go.
    pub destination: &'a Destination,
    /// Our own folder for Dockerfiles and logs of builds.
    pub work: &'a Utf8Path,
    /// The folder of the locks that keep two runs from building the same image at once.
    pub locks: &'a Utf8Path,
    /// The secrets that a target's build may mount, its own and pip's.
    pub secrets: &'a (dyn Fn(&Target) -> Result<Vec<SecretValue>, String> + Sync),
    /// The reference under which the engine has an image of its own in the place of somebody else's: a parent that is locked to a
    /// digest of that is built on what the engine has.
    pub stand_in: Option<&'a ImageRef>,
    /// Where layers are shared with other builders.
    pub caches: Option<&'a LayerCaches>,
    /// Seconds since 1970, for records.
    pub now: &'a (dyn Fn() -> u64 + Sync),
}
