//! The development loop, put together: its claim on the checkout, its Lambdas behind their doors and ports, its watcher.
//! One thread decides and waits for one queue (`run`); operations, builds, the watcher and the server run beside it and
//! only send messages.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use hyper::body::Bytes;
use layerwise::inspect::Inspection;
use layerwise::process::Cancel;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::answer::Answer;
use crate::containers::{Containers, Role, is_alive};
use crate::debug::{self, Debug};
use crate::door::{Door, Refused};
use crate::error::DevError;
use crate::lambda::{Lambda, Tools};
use crate::message::{Key, Message};
use crate::run::Run;
use crate::running::{Claim, Running};
use crate::server::{Functions, bind, serve};
use crate::told::{Host, Told};
use crate::watch::Watch;

/// How long a question waits for the watcher's word that all saves are known; local file systems need a millisecond.
const SETTLE: Duration = Duration::from_secs(5);

/// A Lambda to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Its place in the graph.
    pub place: usize,
    /// The number of its port after the first.
    pub number: u16,
    /// What it stands on, for people.
    pub base: String,
    /// The port of its debugger on this machine, any free one for 0; without one it runs as it is.
    pub debug: Option<u16>,
}

/// What the loop is to do.
pub struct Options<'a> {
    /// The repository's root.
    pub root: &'a Utf8Path,
    /// Our own folder below it.
    pub work: &'a Utf8Path,
    /// The Lambdas to serve.
    pub chosen: Vec<Chosen>,
    /// Whether the first build takes the bases along.
    pub rebuild_bases: bool,
    /// The port of all functions by name; each one's own follow it. Any free ones for 0.
    pub port: u16,
    /// The folder of the declarations' own crate, where it is known.
    pub declarations: Option<Utf8PathBuf>,
}

/// How a loop has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Somebody wanted it to.
    Quit,
    /// The declarations were compiled: whoever started it shall start it again.
    Again,
}

/// Says to a loop from outside what to do. Clones are the same.
#[derive(Clone)]
pub struct Control(Sender<Message>);

/// A loop that does not go on yet.
pub struct Session {
    messages: (Sender<Message>, Receiver<Message>),
}

impl Control {
    /// A key was pressed. Ignored when the loop has ended.
    pub fn press(&self, key: Key) {
        let _ = self.0.send(Message::Key(key));
    }
}

impl Default for Session {
    fn default() -> Self {
        Self { messages: channel() }
    }
}

impl Session {
    /// What the loop can be told with.
    #[must_use]
    pub fn control(&self) -> Control {
        Control(self.messages.0.clone())
    }

    /// Goes on until it is told to quit or `cancel` is set and a key is pressed; then no container is left.
    ///
    /// # Errors
    /// [`DevError`] when it cannot even start.
    pub fn run(
        self,
        options: &Options<'_>,
        inspection: Inspection,
        containers: &Containers,
        host: &dyn Host,
        cancel: &Cancel,
    ) -> Result<End, DevError> {
        let begun = Instant::now();
        let claim = Claim::take(options.work)?;
        // Whoever has the claim is alone, so every container of another loop is a leftover.
        let leftovers = containers.remove_leftovers(Role::Dev, |_| false)?;
        if !leftovers.is_empty() {
            host.tell(Told::Leftovers(&leftovers));
        }
        containers.remove_leftovers(Role::Invoke, is_alive)?;
        let (send, receive) = self.messages;

        let lambdas: Vec<Lambda> = options
            .chosen
            .iter()
            .enumerate()
            .map(|(number, chosen)| {
                let debug = debugger(containers, host, &inspection, chosen, cancel)?;
                Ok(Lambda::new(&inspection, number, chosen, debug))
            })
            .collect::<Result<_, DevError>>()?;
        let (port, ports) = serve_all(options, &lambdas, containers, &send)?;
        let seen = send.clone();
        let marks = options.work.join("dev/marks");
        let watch = Watch::start(&marks, move |what| drop(seen.send(Message::Seen(what))))?;
        let functions = lambdas.iter().map(|lambda| lambda.name.clone()).collect();
        claim.say(&Running { pid: std::process::id(), port, functions })?;

        let tools = Tools { root: options.root, containers, host, messages: send };
        let end = std::thread::scope(|scope| {
            let mut run = Run::new(scope, options, &tools, &lambdas, cancel, inspection, watch);
            run.serving = Some((begun, port, ports));
            let ended = run.go_on(&receive);
            cancel.cancel();
            ended
        })?;
        // All at once: each waits for its engine.
        std::thread::scope(|scope| {
            for lambda in &lambdas {
                scope.spawn(|| lambda.end());
            }
        });
        // Those of an engine that was gone for a while are still there; where it is gone now, the next start finds them.
        let _ = containers.remove_leftovers(Role::Dev, |_| false);
        Ok(end)
    }
}

/// The debugger of a Lambda that shall have one, behind its port.
fn debugger(
    containers: &Containers,
    host: &dyn Host,
    inspection: &Inspection,
    chosen: &Chosen,
    cancel: &Cancel,
) -> Result<Option<Debug>, DevError> {
    let Some(port) = chosen.debug else { return Ok(None) };
    let fail = |cause| DevError::Port { port, cause };
    let listener = bind(port).map_err(fail)?;
    let name = || inspection.graph.targets[chosen.place].label.clone();
    let image = host.debugger(inspection, chosen.place, cancel);
    let image = image.ok_or_else(|| DevError::NoDebugger { name: name() })?;
    let files = containers.take_out(&image, debug::FOLDER)?;
    Debug::serve(containers.driver(), listener, files.into()).map(Some).map_err(fail)
}

/// Opens every port; answers the common one and each function's own.
fn serve_all(
    options: &Options<'_>,
    lambdas: &[Lambda],
    containers: &Containers,
    messages: &Sender<Message>,
) -> Result<(u16, Vec<u16>), DevError> {
    let driver = containers.driver();
    let functions: Arc<dyn Functions> = Arc::new(Doors {
        doors: lambdas.iter().map(|lambda| (lambda.name.clone(), lambda.door.clone())).collect(),
        messages: messages.clone(),
        handle: driver.handle(),
    });
    let open = |number: u16, only: Option<usize>| -> Result<u16, DevError> {
        let port = if options.port == 0 { 0 } else { options.port.saturating_add(number) };
        let fail = |cause| DevError::Port { port, cause };
        let listener = bind(port).map_err(fail)?;
        let port = listener.local_addr().map_err(fail)?.port();
        serve(driver, listener, functions.clone(), only);
        Ok(port)
    };
    let common = open(0, None)?;
    let own = options.chosen.iter().enumerate();
    let own = own.map(|(lambda, chosen)| open(chosen.number, Some(lambda))).collect::<Result<_, _>>()?;
    Ok((common, own))
}

/// The functions behind their doors.
struct Doors {
    doors: Vec<(String, Arc<Door>)>,
    messages: Sender<Message>,
    handle: Handle,
}

impl Functions for Doors {
    fn find(&self, name: &str) -> Option<usize> {
        self.doors.iter().position(|(own, _)| own == name)
    }

    fn ask(
        &self,
        function: usize,
        event: Bytes,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, Refused>> + Send>> {
        let (door, messages) = (self.doors[function].1.clone(), self.messages.clone());
        let asked = self.handle.spawn(ask(door, messages, function, event, false));
        Box::pin(async move { asked.await.unwrap_or(Err(Refused::NotRunning)) })
    }
}

/// Asks a function once all that was saved until now is in its container.
pub(crate) async fn ask(
    door: Arc<Door>,
    messages: Sender<Message>,
    lambda: usize,
    event: Bytes,
    from_here: bool,
) -> Result<Answer, Refused> {
    let (settled, settles) = oneshot::channel();
    if messages.send(Message::Settle { lambda, settled }).is_ok() {
        // Dropped or late, it goes on.
        let _ = tokio::time::timeout(SETTLE, settles).await;
    }
    let answer = door.ask(event.clone()).await;
    let _ = messages.send(Message::Invoked { lambda, event, answer: answer.clone(), from_here });
    answer
}
