//! From what was typed and what the environment says to where images and records are. Opens and asks nothing.

use camino::Utf8PathBuf;
use layerwise::cloud::Ecr;
use layerwise::destination::Destination;
use layerwise::store_dir::DirStore;
use layerwise_sandbox::{Running, Sandbox};

use crate::args::Where;
use crate::context::Context;
use crate::error::CliError;
use crate::records::Records;
use crate::settings::Chosen;

/// The variable that names a registry of ECR behind an address of another form, such as a proxy's.
const ECR: &str = "LAYERWISE_ECR";

/// Where images and records are.
pub struct Place {
    /// Where images go.
    pub destination: Destination,
    /// Where finished builds are remembered.
    pub records: Records,
    /// Whether the sandbox's engine is used.
    pub sandbox: bool,
    /// Our own folder for the files of builds.
    pub work: Utf8PathBuf,
    /// The host of the registry, when it is one of ECR.
    pub ecr: Option<String>,
    /// What holds for this run.
    pub chosen: Chosen,
}

impl Place {
    /// Decides; `sandbox` is the one that is up.
    ///
    /// # Errors
    /// [`CliError`] for a place that cannot be one.
    pub fn new(context: &Context<'_>, typed: &Where, sandbox: Option<&Running>) -> Result<Self, CliError> {
        let chosen = context.settings.choose(typed.stack.as_deref(), context.env)?;
        let said = typed.registry.as_deref().or(chosen.registry.as_deref());
        let destination = match (typed.push, said) {
            (false, _) => Destination::Local,
            // The sandbox's own registry is meant, whatever the environment says of another.
            (true, _) if typed.sandbox && typed.registry.is_none() => {
                Destination::registry(&sandbox.ok_or(CliError::SandboxDown)?.registry)?
            }
            (true, Some(prefix)) => Destination::registry(prefix)?,
            (true, None) => return Err(CliError::NoRegistry),
        };
        if typed.push {
            context.settings.needs_a_stack(&chosen)?;
        }
        let destination = match &chosen.repository {
            Some(pattern) => destination.naming(pattern)?,
            None => destination,
        };
        let host = match &destination {
            Destination::Registry { prefix, .. } => prefix.split('/').next(),
            Destination::Local | Destination::Development => None,
        };
        let is_ecr = |host: &&str| Ecr::of(host).is_some() || context.env.get(ECR) == Some(host);
        let ecr = host.filter(is_ecr).map(str::to_owned);
        if let (Some(what), None) = (&ecr, context.cloud) {
            return Err(CliError::NoCloud { what: what.clone() });
        }
        // Two engines have two stores: what is confirmed in one says nothing of the other.
        let slug = match destination {
            Destination::Local if typed.sandbox => "sandbox".to_owned(),
            _ => destination.slug(),
        };
        let records = Records::new(context, typed, &chosen, &slug, sandbox)?;
        Ok(Self { destination, records, sandbox: typed.sandbox, work: context.work(), ecr, chosen })
    }

    /// The same store for images on stable bases, with records and files of their own.
    #[must_use]
    pub fn development(&self, context: &Context<'_>) -> Self {
        let work = context.work().join("development");
        let destination = Destination::Development;
        let slug = if self.sandbox { "sandbox".to_owned() } else { destination.slug() };
        let records = Records::in_folder(DirStore::new(work.join("records").join(slug)));
        Self { destination, records, sandbox: self.sandbox, work, ecr: None, chosen: self.chosen.clone() }
    }

    /// What is said where only a cloud's own registry will do.
    pub fn not_the_clouds(&self) -> CliError {
        let registry = match &self.destination {
            Destination::Registry { prefix, .. } => prefix.clone(),
            Destination::Local | Destination::Development => "the engine's store".to_owned(),
        };
        CliError::NotTheClouds { registry }
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
