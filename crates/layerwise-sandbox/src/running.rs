//! What a client of a sandbox needs to know. Never asks whether the sandbox still runs.

use crate::{Aws, folder::Folder, registry, state::State};
use camino::Utf8PathBuf;
use serde::Serialize;
use std::{env, fmt};

/// How to reach a running sandbox.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Running {
    /// The engine: `unix://…`, for `DOCKER_HOST`.
    pub docker_host: String,
    /// A folder for `DOCKER_CONFIG`: it has the registry's login and buildx.
    pub docker_config: Utf8PathBuf,
    /// A folder for `PATH`: it has `docker` and `docker-buildx`.
    pub bin: Utf8PathBuf,
    /// The program `docker-buildx` itself.
    pub buildx: Utf8PathBuf,
    /// The registry: `localhost:PORT`, as at the start of an image's name. It speaks HTTP.
    pub registry: String,
    /// The registry's user.
    pub registry_user: String,
    /// That user's password.
    pub registry_password: String,
    /// What answers as AWS, if it was asked for.
    pub aws: Option<Aws>,
}

impl Running {
    pub(crate) fn of(folder: &Folder, state: &State) -> Self {
        Self {
            docker_host: format!("unix://{}", folder.socket()),
            docker_config: folder.docker_config(),
            bin: folder.bin(),
            buildx: folder.bin().join("docker-buildx"),
            registry: registry::address(state),
            registry_user: registry::USER.to_owned(),
            registry_password: state.registry_password.clone(),
            aws: state.aws.then(|| Aws::of(state)),
        }
    }

    /// The environment of a program that is to use the sandbox: names and values. `PATH` is this program's, with
    /// [`Running::bin`] before it. The builder is named because a user's own choice would win over `DOCKER_HOST`.
    pub fn env(&self) -> Vec<(String, String)> {
        let path = env::var("PATH").unwrap_or_default();
        let rest = if path.is_empty() { path } else { format!(":{path}") };
        [
            ("DOCKER_HOST", self.docker_host.clone()),
            ("DOCKER_CONFIG", self.docker_config.to_string()),
            ("DOCKER_TLS_VERIFY", String::new()),
            ("BUILDX_BUILDER", "default".to_owned()),
            ("LAYERWISE_SANDBOX_REGISTRY", self.registry.clone()),
            ("LAYERWISE_SANDBOX_REGISTRY_USER", self.registry_user.clone()),
            ("LAYERWISE_SANDBOX_REGISTRY_PASSWORD", self.registry_password.clone()),
            ("PATH", format!("{}{rest}", self.bin)),
        ]
        .into_iter()
        .chain(self.aws.iter().flat_map(Aws::env))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

/// Everything but the password: what is shown for debugging ends up in logs.
impl fmt::Debug for Running {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Running")
            .field("docker_host", &self.docker_host)
            .field("docker_config", &self.docker_config)
            .field("bin", &self.bin)
            .field("buildx", &self.buildx)
            .field("registry", &self.registry)
            .field("registry_user", &self.registry_user)
            .field("aws", &self.aws)
            .finish_non_exhaustive()
    }
}
