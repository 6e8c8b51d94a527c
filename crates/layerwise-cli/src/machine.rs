//! The engine, the registry and the builder of this machine, or the sandbox's. Connects when it is asked to, never
//! before.

use std::sync::{Arc, OnceLock};

use camino::Utf8Path;
use layerwise::assembling::{Depot, EngineDepot, RegistryDepot};
use layerwise::builder::{SecretSource, SecretValue};
use layerwise::buildx::{self, Buildx};
use layerwise::cloud::{CloudRegistry, Functions};
use layerwise::destination::Destination;
use layerwise::docker_login::DockerLogin;
use layerwise::engine::{Endpoint, Engine, EngineError, Store};
use layerwise::graph::Target;
use layerwise::image::Secret;
use layerwise::image_ref::ImageRef;
use layerwise::layer_cache::{Export, LayerCaches};
use layerwise::oci::Oci;
use layerwise::pip_secrets::pip_secrets;
use layerwise::process::Env;
use layerwise::registry::Registry;
use layerwise_sandbox::{Running, Sandbox};

use crate::branch;
use crate::context::Context;
use crate::error::CliError;
use crate::wiring::Place;

/// What an endpoint says of itself that nobody chose.
const BY_DEFAULT: &str = "the default";

/// Who builds and who keeps images.
pub struct Machine<'a> {
    context: &'a Context<'a>,
    /// The sandbox, when it is to be used and is up.
    sandbox: Option<Running>,
    /// Whether the sandbox is to be used.
    in_sandbox: bool,
    /// The environment that adapters see: the sandbox's where that is used.
    pub env: Env,
    /// The buildx builder that was asked for.
    builder: Option<&'a str>,
    oci: OnceLock<Arc<Oci>>,
    /// The registry that a cloud keeps, when that is where images go: its host, and who speaks for it.
    cloud: Option<(String, Box<dyn CloudRegistry>)>,
    login: OnceLock<DockerLogin>,
}

impl<'a> Machine<'a> {
    /// A machine for `place`; `sandbox` is the one that is up, when it is asked for.
    #[must_use]
    pub fn new(
        context: &'a Context<'a>,
        place: &Place,
        builder: Option<&'a str>,
        sandbox: Option<Running>,
    ) -> Self {
        let own = sandbox.as_ref().map(Running::env).unwrap_or_default();
        let env = own.into_iter().fold(context.env.clone(), |env, (name, value)| env.with(name, value));
        let keeps = |host: &String| Some((host.clone(), context.cloud?.registry(host, &env)));
        let cloud = place.ecr.as_ref().and_then(keeps);
        let (oci, login) = (OnceLock::new(), OnceLock::new());
        Self { context, sandbox, in_sandbox: place.sandbox, env, builder, oci, cloud, login }
    }

    /// Where images are looked for.
    ///
    /// # Errors
    /// [`CliError`] when there is no engine and one is needed.
    pub fn registry(&self, destination: &Destination) -> Result<Box<dyn Registry>, CliError> {
        match destination {
            Destination::Local | Destination::Development => Ok(Box::new(self.engine()?)),
            Destination::Registry { .. } => Ok(Box::new(self.oci()?)),
        }
    }

    /// Where images that need no builder come from and go.
    ///
    /// # Errors
    /// [`CliError`] when there is no engine and one is needed.
    pub fn depot(&self, destination: &Destination) -> Result<Box<dyn Depot>, CliError> {
        match destination {
            Destination::Local | Destination::Development => Ok(Box::new(EngineDepot::new(self.engine()?))),
            Destination::Registry { .. } => Ok(Box::new(RegistryDepot::new(self.oci()?))),
        }
    }

    /// All registries, with one set of connections and logins.
    fn oci(&self) -> Result<Arc<Oci>, CliError> {
        if let Some(oci) = self.oci.get() {
            return Ok(oci.clone());
        }
        let env = match self.docker_config()? {
            Some(folder) => self.env.clone().with("DOCKER_CONFIG", folder.as_str()),
            None => self.env.clone(),
        };
        Ok(self.oci.get_or_init(|| Arc::new(Oci::new(&env, Vec::new()))).clone())
    }

    /// The registry that a cloud keeps, when that is where images go.
    #[must_use]
    pub fn cloud(&self) -> Option<&dyn CloudRegistry> {
        self.cloud.as_ref().map(|(_, registry)| &**registry)
    }

    /// The environment that adapters see.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The functions that run what is in that registry.
    #[must_use]
    pub fn functions(&self) -> Option<Box<dyn Functions>> {
        let (host, _) = self.cloud.as_ref()?;
        Some(self.context.cloud?.functions(host, &self.env))
    }

    /// Docker's configuration with a login for the cloud's registry. It is deleted with this machine.
    fn docker_config(&self) -> Result<Option<&Utf8Path>, CliError> {
        let Some((host, registry)) = &self.cloud else { return Ok(None) };
        if self.login.get().is_none() {
            let login = registry.login()?;
            let work = self.context.work();
            let made = DockerLogin::new(&work, &self.env, host, &login);
            let login =
                made.map_err(|cause| CliError::File { doing: "write", path: work.join("docker"), cause })?;
            let _ = self.login.set(login);
        }
        Ok(self.login.get().map(DockerLogin::folder))
    }

    /// The engine; it answers.
    ///
    /// # Errors
    /// [`CliError::NoEngine`] when there is none or it does not answer.
    pub fn engine(&self) -> Result<Engine, CliError> {
        let engine = Engine::at(&self.endpoint()?).map_err(CliError::Engine)?;
        engine.ping().map_err(|error| self.no_engine(error.to_string()))?;
        Ok(engine)
    }

    /// Where the engine listens; nobody has asked it yet.
    ///
    /// # Errors
    /// [`CliError::NoEngine`] when there is none.
    pub fn endpoint(&self) -> Result<Endpoint, CliError> {
        if self.in_sandbox && self.sandbox.is_none() {
            return Err(CliError::SandboxDown);
        }
        Endpoint::discover(&self.env).map_err(|error| match error {
            EngineError::NotFound { .. } => self.no_engine(error.to_string()),
            error => CliError::Engine(error),
        })
    }

    fn no_engine(&self, why: String) -> CliError {
        // Named, never used without being asked for.
        let sandbox = Sandbox::default_folder().and_then(|folder| Sandbox::at(folder).running());
        CliError::NoEngine { why, sandbox: sandbox.is_ok_and(|running| running.is_some()) }
    }

    /// Who builds. A builder that was asked for by name may be anywhere; without a name it is the engine's own.
    ///
    /// # Errors
    /// [`CliError`] when there is none.
    pub fn builder(&self) -> Result<Buildx, CliError> {
        let own = self.sandbox.as_ref().map(|sandbox| sandbox.buildx.as_path());
        let buildx = Buildx::at(buildx::find(own, &self.env)?);
        let config = self.docker_config()?;
        let logged_in = |buildx: Buildx| match config {
            Some(folder) => buildx.with_env("DOCKER_CONFIG", folder.as_str()),
            None => buildx,
        };
        if let Some(name) = self.builder {
            return Ok(logged_in(buildx.with_builder(name)));
        }
        let endpoint = self.endpoint()?;
        let variables = match &self.sandbox {
            Some(sandbox) => sandbox.env(),
            // buildx itself does not look for the sockets of rootless engines and Docker Desktop.
            None => vec![("DOCKER_HOST".to_owned(), endpoint.host)],
        };
        let chosen = self.sandbox.is_some() || endpoint.chosen_by == BY_DEFAULT;
        let variables = variables.into_iter().filter(|_| chosen);
        Ok(logged_in(variables.fold(buildx, |buildx, (name, value)| buildx.with_env(name, value))))
    }

    /// Where layers are shared with other builders: where `typed` says, or else the environment, or else the monorepo's own
    /// settings.
    ///
    /// # Errors
    /// [`CliError`] for a repository that is none, or when the engine does not answer.
    pub fn caches(&self, typed: Option<&str>) -> Result<Option<LayerCaches>, CliError> {
        let Context { root, env, cache, .. } = self.context;
        let said = env.get("LAYERWISE_CACHE").filter(|said| !said.is_empty());
        let Some(repository) = typed.or(said).or(*cache) else { return Ok(None) };
        // A builder that was chosen by name is rarely an engine's own, and then it can do everything.
        let export = match self.builder {
            None if self.engine()?.about()?.store == Store::GraphDriver => Export::Inline,
            _ => Export::Full,
        };
        let (branch, main) = (branch::current(root, env), branch::main(root, env));
        let caches = LayerCaches { repository: repository.to_owned(), branch, main, export };
        ImageRef::tagged(repository, "latest")?;
        Ok(Some(caches))
    }

    /// The reference under which the engine has an image of its own in the place of somebody else's.
    #[must_use]
    pub fn stand_in(&self) -> Option<ImageRef> {
        self.sandbox.as_ref().and_then(|_| ImageRef::parse(layerwise_sandbox::STAND_IN).ok())
    }

    /// The secrets that a target's build may mount: pip's and its own.
    ///
    /// # Errors
    /// A text that names the secret whose value is missing, and never a value.
    pub fn secrets(&self, target: &Target) -> Result<Vec<SecretValue>, String> {
        let stages = target.image.stages.iter().map(|stage| &stage.recipe);
        let declared = stages.chain([&target.image.recipe]).flat_map(|recipe| &recipe.secrets);
        let own = declared.map(|secret| self.secret(secret));
        pip_secrets(self.context.env).into_iter().map(Ok).chain(own).collect()
    }

    fn secret(&self, secret: &Secret) -> Result<SecretValue, String> {
        let env = self.context.env;
        let (id, from) = match secret {
            Secret::Env { id, variable } => {
                let value = env.get(variable);
                let value =
                    value.ok_or_else(|| format!("secret `{id}`: the variable {variable} is not set"))?;
                (id, SecretSource::Text(value.to_owned()))
            }
            Secret::File { id, path } => {
                let path = match path.strip_prefix("~/") {
                    Some(rest) => env
                        .in_home(rest)
                        .ok_or_else(|| format!("secret `{id}`: `{path}` needs HOME, which is not set"))?,
                    None => self.context.root.join(path),
                };
                (id, SecretSource::File(path))
            }
        };
        Ok(SecretValue { id: id.clone(), from })
    }
}
