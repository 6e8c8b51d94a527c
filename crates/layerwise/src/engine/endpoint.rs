//! Which Docker engine: the same answer that the `docker` CLI gives. Reads the environment and Docker's files;
//! connects to nothing.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use serde::Deserialize;

use crate::digest::Digest;
use crate::process::Env;

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The address in Docker's form, as `DOCKER_HOST` takes it.
    pub host: String,
    /// Who says so, for reports: `DOCKER_HOST`, `the docker context "remote"`, `the default`.
    pub chosen_by: String,
    /// What TLS needs; `None` for plain connections.
    pub tls: Option<TlsFiles>,
}

/// The files of a TLS connection. Each may be missing: the engine decides what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The folder of `ca.pem`, `cert.pem` and `key.pem`.
    pub folder: Utf8PathBuf,
    /// Whether the engine's certificate is checked.
    pub verify: bool,
}

/// Why it is not known which engine to use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// No engine is configured, and none of the usual sockets is there.
    #[error("no Docker engine: {} not found", .looked.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", "))]
    NotFound {
        /// The sockets that were looked for.
        looked: Vec<Utf8PathBuf>,
    },
    /// The chosen docker context does not exist, or cannot be read.
    #[error("the docker context `{name}` cannot be used: {why}")]
    Context {
        /// The context's name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The address is of a kind that we do not speak.
    #[error("the engine's address `{host}`, from {chosen_by}, is not supported")]
    NotSupported {
        /// The address.
        host: String,
        /// Who says so.
        chosen_by: String,
    },
    /// A file that TLS needs cannot be used.
    #[error("the engine's TLS file `{path}` cannot be used: {why}")]
    Tls {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl EngineError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "start Docker, or set DOCKER_HOST to where an engine listens",
            Self::Context { .. } => {
                "`docker context ls` lists the contexts, `docker context use default` leaves this one"
            }
            Self::NotSupported { .. } => {
                "use unix:// or tcp://; for an engine behind ssh forward its socket: \
                 `ssh -NL /tmp/docker.sock:/var/run/docker.sock HOST`, then DOCKER_HOST=unix:///tmp/docker.sock"
            }
            Self::Tls { .. } => "DOCKER_CERT_PATH names the folder of ca.pem, cert.pem and key.pem",
        }
    }
}

impl Endpoint {
    /// The engine that `env` chooses: `DOCKER_HOST`, else `DOCKER_CONTEXT`, else the current context of Docker's
    /// configuration, else the default socket. A rootless engine's and Docker Desktop's own sockets are tried last;
    /// the `docker` CLI and buildx do not look there by themselves, so hand them [`Endpoint::host`].
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn discover(env: &Env) -> Result<Self, EngineError> {
        let config = env.path("DOCKER_CONFIG").or_else(|| env.in_home(".docker"));
        if let Some(host) = env.get("DOCKER_HOST") {
            let verify = env.get("DOCKER_TLS_VERIFY").is_some();
            let folder = env.path("DOCKER_CERT_PATH").or(config).unwrap_or_default();
            let tls = (verify || env.get("DOCKER_TLS").is_some()).then_some(TlsFiles { folder, verify });
            return Ok(Self { host: host.to_owned(), chosen_by: "DOCKER_HOST".to_owned(), tls });
        }
        let current = config.as_ref().and_then(|config| current_context(config));
        match env.get("DOCKER_CONTEXT").map(str::to_owned).or(current) {
            Some(name) if name != "default" => of_context(&name, &config.unwrap_or_default()),
            _ => default_socket(env),
        }
    }
}

fn current_context(config: &Utf8Path) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Config {
        current_context: Option<String>,
    }
    let text = fs::read_to_string(config.join("config.json")).ok()?;
    serde_json::from_str::<Config>(&text).ok()?.current_context.filter(|name| !name.is_empty())
}

/// A context lies under the SHA-256 of its name, in hexadecimal digits
/// ([docker/cli, `cli/context/store`](https://github.com/docker/cli/blob/master/cli/context/store/store.go)).
fn of_context(name: &str, config: &Utf8Path) -> Result<Endpoint, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Meta {
        endpoints: std::collections::BTreeMap<String, MetaEndpoint>,
    }
    #[derive(Deserialize)]
    struct MetaEndpoint {
        #[serde(rename = "Host")]
        host: Option<String>,
        #[serde(rename = "SkipTLSVerify", default)]
        skip_tls_verify: bool,
    }
    let fail = |why: String| EngineError::Context { name: name.to_owned(), why };
    let id = Digest::of(name).hex();
    let text = fs::read_to_string(config.join("contexts/meta").join(&id).join("meta.json"))
        .map_err(|error| fail(error.to_string()))?;
    let mut meta: Meta = serde_json::from_str(&text).map_err(|error| fail(error.to_string()))?;
    let docker =
        meta.endpoints.remove("docker").ok_or_else(|| fail("it has no Docker endpoint".to_owned()))?;
    let host = docker.host.filter(|host| !host.is_empty());
    let folder = config.join("contexts/tls").join(&id).join("docker");
    Ok(Endpoint {
        host: host.ok_or_else(|| fail("it names no host".to_owned()))?,
        chosen_by: format!("the docker context \"{name}\""),
        tls: folder.is_dir().then_some(TlsFiles { folder, verify: !docker.skip_tls_verify }),
    })
}

fn default_socket(env: &Env) -> Result<Endpoint, EngineError> {
    let rootless = env.path("XDG_RUNTIME_DIR").map(|folder| folder.join("docker.sock"));
    let desktop = env.in_home(".docker/run/docker.sock");
    let looked: Vec<_> =
        [Some("/var/run/docker.sock".into()), rootless, desktop].into_iter().flatten().collect();
    let socket = looked.iter().find(|path| path.exists()).cloned();
    let socket = socket.ok_or(EngineError::NotFound { looked })?;
    Ok(Endpoint { host: format!("unix://{socket}"), chosen_by: "the default".to_owned(), tls: None })
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
