//! One running container of a function: asked, listened to, removed when it is dropped. Knows nothing of source files.

use std::collections::BTreeMap;

use bollard::container::LogOutput;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{KillContainerOptions, LogsOptionsBuilder};
use futures_util::StreamExt as _;
use hyper::body::Bytes;
use layerwise::process::Cancel;
use tokio::sync::oneshot;

use crate::answer::Answer;
use crate::containers::{Engine, remove};
use crate::error::DevError;
use crate::function::Function;
use crate::invoke::{self, Failure};
use crate::lines::Lines;
use crate::reload::Inside;

/// Lines that are shown of a container that failed.
const SHOWN: usize = 20;

/// A running container; removed when it is dropped, which waits for the engine.
pub struct Container {
    engine: Engine,
    name: String,
    image: String,
    timeout: u16,
    pub(crate) id: String,
    /// Where its emulator answers on this machine.
    pub(crate) port: u16,
    /// Where its debugger will, if it has one.
    pub(crate) debugger: Option<u16>,
    /// Says when nothing more can be heard of it.
    followed: Option<oneshot::Receiver<()>>,
}

impl Container {
    pub(crate) fn new(engine: Engine, function: &Function, id: String) -> Self {
        Self {
            engine,
            name: function.name.clone(),
            image: function.image.to_string(),
            timeout: function.timeout,
            id,
            port: 0,
            debugger: None,
            followed: None,
        }
    }

    /// Asks the function. One question at a time: the emulator has one runtime, and breaks when it is asked two at once.
    ///
    /// # Errors
    /// [`DevError::NoAnswer`], [`DevError::Stopped`] when `cancel` says so first. What the function itself says of an error
    /// is an [`Answer`].
    pub fn invoke(&mut self, event: &[u8], cancel: &Cancel) -> Result<Answer, DevError> {
        let asked = invoke::invoke(self.port, Bytes::copy_from_slice(event), self.timeout);
        match self.engine.driver.wait(invoke::unless_cancelled(asked, cancel))? {
            Ok(answer) | Err(Failure::Stuck(answer)) => Ok(answer),
            Err(Failure::Broken(cause)) => Err(DevError::NoAnswer { name: self.name.clone(), cause }),
        }
    }

    /// Hands over every line that the function prints from now on until the container ends; earlier ones first.
    pub fn follow(&mut self, mut heard: impl FnMut(String) + Send + 'static) {
        let (ended, followed) = oneshot::channel();
        self.followed = Some(followed);
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).follow(true).build();
        let mut printed = self.engine.docker.logs(&self.id, Some(options));
        self.engine.driver.spawn(async move {
            let mut lines = [Lines::default(), Lines::default()];
            while let Some(Ok(output)) = printed.next().await {
                let stream = usize::from(matches!(output, LogOutput::StdErr { .. }));
                lines[stream].take(&output.into_bytes()).into_iter().for_each(&mut heard);
            }
            lines.into_iter().filter_map(Lines::rest).for_each(heard);
            // Nobody may be waiting for it.
            let _ = ended.send(());
        });
    }

    /// Ends it, and returns when all that it has printed was heard.
    pub fn finish(mut self) {
        let followed = self.followed.take();
        self.engine.driver.wait(async {
            let killed = self.engine.docker.kill_container(&self.id, None::<KillContainerOptions>).await;
            if let (Ok(()), Some(followed)) = (killed, followed) {
                // Its output ends with it; an error says that nobody listens any more.
                let _ = followed.await;
            }
        });
    }

    /// Where a port of it is published; `None` when it has ended already.
    pub(crate) async fn published_port(&self, port: &str) -> Result<Option<u16>, DevError> {
        let ports = self.inspect().await?.network_settings.and_then(|network| network.ports);
        let bindings = ports.and_then(|mut ports| ports.remove(port)?);
        Ok(bindings.into_iter().flatten().find_map(|binding| binding.host_port?.parse().ok()))
    }

    pub(crate) async fn is_running(&self) -> Result<bool, DevError> {
        Ok(self.inspect().await?.state.and_then(|state| state.running).unwrap_or(false))
    }

    /// Its inside.
    pub(crate) fn inside(&self) -> Inside {
        Inside { engine: self.engine.clone(), id: self.id.clone(), image: self.image.clone() }
    }

    /// The environment of its first process, as it is declared.
    pub(crate) async fn variables(&self) -> Result<BTreeMap<String, String>, DevError> {
        let config = self.inspect().await?.config.unwrap_or_default();
        let variables = config.env.unwrap_or_default().into_iter();
        let pair = |variable: String| {
            variable.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        Ok(variables.filter_map(pair).collect())
    }

    pub(crate) async fn inspect(&self) -> Result<ContainerInspectResponse, DevError> {
        let inspected = self.engine.docker.inspect_container(&self.id, None).await;
        inspected
            .map_err(|cause| self.engine.error(format!("describe the container of `{}`", self.image), &cause))
    }

    pub(crate) async fn ended(&self) -> DevError {
        let code = self.inspect().await.ok().and_then(|inspected| inspected.state?.exit_code);
        DevError::Ended { image: self.image.clone(), code, output: self.output().await }
    }

    pub(crate) async fn silent(&self, seconds: u64) -> DevError {
        DevError::Silent { image: self.image.clone(), seconds, output: self.output().await }
    }

    /// The last lines that it printed.
    async fn output(&self) -> Vec<String> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&SHOWN.to_string()).build();
        let mut printed = self.engine.docker.logs(&self.id, Some(options));
        let mut lines = Lines::default();
        let mut output = Vec::new();
        while let Some(Ok(piece)) = printed.next().await {
            output.extend(lines.take(&piece.into_bytes()));
        }
        output.extend(lines.rest());
        output
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // An engine that is gone has taken it along; in any other case the next start finds it by its label.
        let _ = self.engine.driver.wait(remove(&self.engine.docker, &self.id));
    }
}
