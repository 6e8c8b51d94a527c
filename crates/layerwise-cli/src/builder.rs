//! The builder, looked for when something is to be built: images that are assembled need none. Never builds itself.

use std::sync::OnceLock;

use layerwise::builder::{BuildError, BuildProgress, BuildRequest, Builder, Built};
use layerwise::buildx::Buildx;
use layerwise::fs::Lock;
use layerwise::process::Cancel;

use crate::error::CliError;
use crate::machine::Machine;

/// A machine's builder.
pub struct BuilderOnDemand<'a> {
    machine: &'a Machine<'a>,
    found: OnceLock<Buildx>,
}

impl<'a> BuilderOnDemand<'a> {
    /// Nothing is looked for yet.
    #[must_use]
    pub fn new(machine: &'a Machine<'a>) -> Self {
        Self { machine, found: OnceLock::new() }
    }

    /// The builder.
    ///
    /// # Errors
    /// [`CliError`] when there is none.
    pub fn get(&self) -> Result<&Buildx, CliError> {
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let found = self.machine.builder()?;
        Ok(self.found.get_or_init(|| found))
    }
}

impl Builder for BuilderOnDemand<'_> {
    fn build(
        &self,
        request: &BuildRequest,
        locks: [&Lock; 2],
        cancel: &Cancel,
        progress: &dyn Fn(BuildProgress),
    ) -> Result<Built, BuildError> {
        let unavailable = |error: CliError| BuildError::Unavailable {
            image: request.image.clone(),
            message: error.to_string(),
            hint: error.hint(),
        };
        self.get().map_err(unavailable)?.build(request, locks, cancel, progress)
    }
}
