//! This machine's engine with its local store, for commands that run Lambdas here. Brings the sandbox up when it is asked
//! for.

use layerwise::engine::Endpoint;
use layerwise::registry::Registry;
use layerwise::run::{Assemble, Options};
use layerwise::stable::Naming;
use layerwise_dev::Containers;

use crate::args::{Here, Where};
use crate::building::{Job, default_jobs};
use crate::commands::sandbox;
use crate::context::Context;
use crate::error::CliError;
use crate::machine::Machine;
use crate::standing::Standing;
use crate::wiring::Place;

/// An engine in which images are built and run.
pub struct Local<'a> {
    place: Place,
    machine: Machine<'a>,
    registry: Box<dyn Registry>,
    /// Where the engine listens; what it publishes can be reached from here.
    pub endpoint: Endpoint,
}

impl<'a> Local<'a> {
    /// The engine that was asked for; it answers.
    ///
    /// # Errors
    /// [`CliError`] when there is none, or it is on another machine.
    pub fn new(context: &'a Context<'a>, typed: &Here) -> Result<Self, CliError> {
        let sandbox = match typed.sandbox {
            true => Some(sandbox::up(context.console, &Default::default())?),
            false => None,
        };
        let place = Place::new(context, &Where::from(typed), sandbox.as_ref())?;
        let machine = Machine::new(context, &place, None, sandbox);
        let endpoint = machine.endpoint()?;
        Containers::check(&endpoint)?;
        let registry = machine.registry(&place.destination)?;
        Ok(Self { place, machine, registry, endpoint })
    }

    /// Builds into it.
    #[must_use]
    pub fn job(&'a self, context: &'a Context<'a>) -> Job<'a> {
        let (place, machine, registry) = (&self.place, &self.machine, &*self.registry);
        // A loop that builds after each save sends no layers anywhere.
        Job { context, place, machine, registry, caches: None, options: options() }
    }

    /// Builds into it what stands on stable bases.
    #[must_use]
    pub fn standing(&'a self, context: &'a Context<'a>, naming: Naming) -> Standing<'a> {
        Standing { context, place: &self.place, machine: &self.machine, naming, options: options() }
    }
}

fn options() -> Options {
    Options { jobs: default_jobs(), fail_fast: false, no_cache: false, assemble: Assemble::Auto }
}
