//! Containers of Lambda images on this machine's engine: started, found again by label, removed. Never builds and never
//! pulls an image.

mod take_out;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HostConfig, PortBinding};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use camino::Utf8Path;
use layerwise::engine::Endpoint;

use crate::container::Container;
use crate::debug;
use crate::driver::Driver;
use crate::error::DevError;
use crate::function::Function;
use crate::invoke;

/// The emulator's port in a container.
pub(crate) const EMULATOR: &str = "8080/tcp";
/// Seconds for one answer of the engine.
const PATIENCE: u64 = 60;
/// How long a new container may take until its emulator answers.
const START: Duration = Duration::from_secs(30);
/// How long until a new container is asked again.
const POLL: Duration = Duration::from_millis(5);

/// The checkout whose images a container runs.
const CHECKOUT: &str = "io.layerwise.checkout";
/// Which function it is.
const FUNCTION: &str = "io.layerwise.function";
/// The process that started it.
const OWNER: &str = "io.layerwise.owner";
/// What it was started for.
const ROLE: &str = "io.layerwise.role";

/// What a container is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// One invocation, or one load.
    Invoke,
    /// The development loop.
    Dev,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Dev => "dev",
        }
    }
}

/// The containers of one checkout.
#[derive(Clone)]
pub struct Containers {
    engine: Engine,
    checkout: String,
}

/// A connection to the engine, and who drives it.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) docker: Docker,
    pub(crate) driver: Arc<Driver>,
    host: String,
}

impl Engine {
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn error(&self, doing: impl Into<String>, cause: &Error) -> DevError {
        DevError::Engine { host: self.host.clone(), doing: doing.into(), cause: why(cause) }
    }
}

impl Containers {
    /// Whether what an engine at `endpoint` publishes could be reached from here; asks nobody.
    ///
    /// # Errors
    /// [`DevError::NotHere`].
    pub fn check(endpoint: &Endpoint) -> Result<(), DevError> {
        if endpoint.tls.is_none() && is_here(&endpoint.host) {
            return Ok(());
        }
        let (host, chosen_by) = (endpoint.host.clone(), endpoint.chosen_by.clone());
        Err(DevError::NotHere { host, chosen_by })
    }

    /// Those of the checkout at `root`, in the engine at `endpoint`; it answers.
    ///
    /// # Errors
    /// [`DevError::NotHere`] for an engine whose ports cannot be reached, [`DevError::Engine`] when it does not answer.
    pub fn connect(endpoint: &Endpoint, root: &Utf8Path) -> Result<Self, DevError> {
        Self::check(endpoint)?;
        let driver = Driver::start()
            .map_err(|cause| DevError::System { doing: "start a thread for the engine", cause })?;
        let host = endpoint.host.clone();
        let connect = if host.starts_with("unix://") {
            Docker::connect_with_unix(&host, PATIENCE, API_DEFAULT_VERSION)
        } else {
            Docker::connect_with_http(&host, PATIENCE, API_DEFAULT_VERSION)
        };
        // An older engine refuses what is said in a newer version of its API.
        let docker = connect.and_then(|docker| driver.wait(docker.negotiate_version()));
        let docker = docker.map_err(|cause| DevError::Engine {
            host: host.clone(),
            doing: "answer".to_owned(),
            cause: why(&cause),
        })?;
        let engine = Engine { docker, driver: Arc::new(driver), host };
        Ok(Self { engine, checkout: root.to_string() })
    }

    /// Whether the engine answers.
    ///
    /// # Errors
    /// [`DevError::Engine`].
    pub fn ping(&self) -> Result<(), DevError> {
        let pong = self.engine.driver.wait(self.engine.docker.ping());
        pong.map(drop).map_err(|cause| self.engine.error("answer", &cause))
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.engine.driver
    }

    /// Starts `function` and waits until its emulator answers. Nothing is left when that fails.
    ///
    /// # Errors
    /// [`DevError`].
    pub fn start(&self, function: &Function, role: Role) -> Result<Container, DevError> {
        // Nothing that is async may hold it: when something fails it is removed here, and that waits.
        let mut container = self.engine.driver.wait(self.create(function, role))?;
        self.engine.driver.wait(self.set_going(&mut container, function))?;
        Ok(container)
    }

    async fn create(&self, function: &Function, role: Role) -> Result<Container, DevError> {
        let options = CreateContainerOptionsBuilder::new();
        let options = options.platform(&format!("linux/{}", function.platform.architecture())).build();
        let created =
            self.engine.docker.create_container(Some(options), body(function, role, &self.checkout));
        let created = created.await.map_err(|cause| {
            self.engine.error(format!("make a container of `{}`", function.image), &cause)
        })?;
        Ok(Container::new(self.engine.clone(), function, created.id))
    }

    async fn set_going(&self, container: &mut Container, function: &Function) -> Result<(), DevError> {
        let docker = &self.engine.docker;
        let started = docker.start_container(&container.id, None::<StartContainerOptions>).await;
        started.map_err(|cause| self.engine.error(format!("start `{}`", function.image), &cause))?;
        container.port = match container.published_port(EMULATOR).await? {
            Some(port) => port,
            None => return Err(container.ended().await),
        };
        if function.debug {
            container.debugger = container.published_port(debug::PORT).await?;
        }
        let begun = Instant::now();
        while !invoke::answers(container.port).await {
            if !container.is_running().await? {
                return Err(container.ended().await);
            }
            if begun.elapsed() > START {
                return Err(container.silent(START.as_secs()).await);
            }
            // Docker's proxy accepts before the emulator listens, so there is nothing that could be waited for.
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Removes this checkout's containers of `role` whose process is gone, as `is_alive` says, and answers which
    /// functions they ran.
    ///
    /// # Errors
    /// [`DevError::Engine`].
    pub fn remove_leftovers(
        &self,
        role: Role,
        is_alive: impl Fn(u32) -> bool,
    ) -> Result<Vec<String>, DevError> {
        self.engine.driver.wait(async {
            let labels = vec![format!("{CHECKOUT}={}", self.checkout), format!("{ROLE}={}", role.as_str())];
            let filters = HashMap::from([("label", labels)]);
            let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
            let listed = self.engine.docker.list_containers(Some(options)).await;
            let listed = listed.map_err(|cause| self.engine.error("list its containers", &cause))?;
            let mut removed = Vec::new();
            for container in listed {
                let labels = container.labels.unwrap_or_default();
                let owner = labels.get(OWNER).and_then(|owner| owner.parse().ok());
                let (Some(id), false) = (container.id, owner.is_some_and(&is_alive)) else { continue };
                remove(&self.engine.docker, &id)
                    .await
                    .map_err(|cause| self.engine.error("remove what an earlier run left", &cause))?;
                removed.extend(labels.get(FUNCTION).cloned());
            }
            removed.sort();
            Ok(removed)
        })
    }
}

/// What the engine is told of a container.
fn body(function: &Function, role: Role, checkout: &str) -> ContainerCreateBody {
    let labels = [
        (CHECKOUT, checkout.to_owned()),
        (FUNCTION, function.name.clone()),
        (OWNER, std::process::id().to_string()),
        (ROLE, role.as_str().to_owned()),
    ];
    let ports = [EMULATOR].into_iter().chain(function.debug.then_some(debug::PORT));
    let binding = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: None };
    ContainerCreateBody {
        image: Some(function.image.to_string()),
        env: Some(function.environment()),
        labels: Some(labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        exposed_ports: Some(ports.clone().map(str::to_owned).collect()),
        host_config: Some(HostConfig {
            port_bindings: Some(ports.map(|port| (port.to_owned(), Some(vec![binding.clone()]))).collect()),
            memory: function.memory.map(|megabytes| i64::from(megabytes) << 20),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// Whether a process with this id is there: somebody else's counts, so that nothing of it is taken for a leftover.
#[must_use]
pub fn is_alive(process: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let id = i32::try_from(process).ok().and_then(Pid::from_raw);
    id.is_some_and(|id| test_kill_process(id) != Err(rustix::io::Errno::SRCH))
}

/// What the engine said, or the innermost reason why it said nothing: the outer ones name libraries.
fn why(error: &Error) -> String {
    if let Error::DockerResponseServerError { message, .. } = error {
        return message.clone();
    }
    let reasons = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    reasons.last().map_or_else(String::new, ToString::to_string)
}

/// Removes a container, unless it is gone already or on its way.
pub(crate) async fn remove(docker: &Docker, id: &str) -> Result<(), Error> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match docker.remove_container(id, Some(options)).await {
        Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) => Ok(()),
        result => result,
    }
}

/// Whether what an engine publishes on its own loopback can be reached from here.
fn is_here(host: &str) -> bool {
    let tcp = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("http://"));
    host.starts_with("unix://")
        || tcp.is_some_and(|address| {
            let name = address.trim_end_matches('/').rsplit_once(':').map_or(address, |(name, _)| name);
            ["localhost", "127.0.0.1", "[::1]"].contains(&name)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_engine_on_this_machine_will_do() {
        let endpoint =
            |host: &str| Endpoint { host: host.to_owned(), chosen_by: "DOCKER_HOST".to_owned(), tls: None };
        for (host, here) in [
            ("unix:///var/run/docker.sock", true),
            ("tcp://localhost:2375", true),
            ("tcp://127.0.0.1:2375/", true),
            ("tcp://10.0.0.7:2375", false),
            ("tcp://localhost.example.com:2375", false),
            ("ssh://me@far", false),
        ] {
            assert_eq!(is_here(host), here, "{host}");
        }
        let refused = Containers::connect(&endpoint("tcp://10.0.0.7:2375"), "/repo".into());
        let refused = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains("10.0.0.7") && refused.contains("DOCKER_HOST"), "{refused}");
    }
}
