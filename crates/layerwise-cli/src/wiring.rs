//! From what was typed and what the environment says to where images and records are. Opens and asks nothing.

use camino::Utf8PathBuf;
use layerwise::destination::Destination;
use layerwise::store_dir::DirStore;
use layerwise_sandbox::{Running, Sandbox};

use crate::args::Where;
use crate::context::Context;
use crate::error::CliError;

/// Where images and records are.
pub struct Place {
    /// Where images go.
    pub destination: Destination,
    /// Where finished builds are remembered.
    pub store: DirStore,
    /// Whether the sandbox's engine is used.
    pub sandbox: bool,
    /// Our own folder for the files of builds.
    pub work: Utf8PathBuf,
}

impl Place {
    /// Decides; `sandbox` is the one that is up.
    ///
    /// # Errors
    /// [`CliError`] for a place that cannot be one.
    pub fn new(context: &Context<'_>, typed: &Where, sandbox: Option<&Running>) -> Result<Self, CliError> {
        let said = typed.registry.as_deref().or_else(|| context.env.get("LAYERWISE_REGISTRY"));
        let destination = match (typed.push, said) {
            (false, _) => Destination::Local,
            // The sandbox's own registry is meant, whatever the environment says of another.
            (true, _) if typed.sandbox && typed.registry.is_none() => {
                Destination::registry(&sandbox.ok_or(CliError::SandboxDown)?.registry)?
            }
            (true, Some(prefix)) => Destination::registry(prefix)?,
            (true, None) => return Err(CliError::NoRegistry),
        };
        // Two engines have two stores: what is confirmed in one says nothing of the other.
        let slug = match destination {
            Destination::Local if typed.sandbox => "sandbox".to_owned(),
            _ => destination.slug(),
        };
        let said = typed.records.clone().or_else(|| context.env.path("LAYERWISE_RECORDS"));
        let records = context.root.join(said.unwrap_or_else(|| context.work().join("records")));
        let store = DirStore::new(records.join(slug));
        Ok(Self { destination, store, sandbox: typed.sandbox, work: context.work() })
    }
    /// The same store for images on stable bases, with records and files of their own.
    #[must_use]
    pub fn development(&self, context: &Context<'_>) -> Self {
        let work = context.work().join("development");
        let destination = Destination::Development;
        let slug = if self.sandbox { "sandbox".to_owned() } else { destination.slug() };
        let store = DirStore::new(work.join("records").join(slug));
        Self { destination, store, sandbox: self.sandbox, work }
    }
}

/// The sandbox, when it is asked for and up.
///
/// # Errors
/// [`CliError::Sandbox`] when that cannot be told.
pub fn running_sandbox(typed: &Where) -> Result<Option<Running>, CliError> {
    if !typed.sandbox {
        return Ok(None);
    }
    Ok(Sandbox::at(Sandbox::default_folder()?).running()?)
}
