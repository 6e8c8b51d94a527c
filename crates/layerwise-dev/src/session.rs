//! The development loop: from saves, questions and keys to operations on Lambdas. One thread decides and waits for one
//! queue; operations, builds, the watcher and the server run beside it and only send messages.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Scope;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use hyper::body::Bytes;
use layerwise::digest::Digest;
use layerwise::inspect::Inspection;
use layerwise::process::Cancel;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::answer::Answer;
use crate::containers::{Containers, Role, is_alive};
use crate::desk::Desk;
use crate::door::{Door, Refused};
use crate::error::DevError;
use crate::invoke::Failure;
use crate::lambda::{Lambda, Then, Tools};
use crate::message::{Key, Message};
use crate::running::{Claim, Running};
use crate::server::{Functions, bind, serve};
use crate::sources;
use crate::told::{Host, Served, Told, Why};
use crate::watch::{Seen, Watch};

/// How often an engine that is gone is asked whether it is back.
const ENGINE_POLL: Duration = Duration::from_secs(1);
/// How long a question waits for the watcher's word that all saves are known; local file systems need a millisecond.
const SETTLE: Duration = Duration::from_secs(5);
/// How often a container may end by itself before it is left alone until the next save.
const ENDS: u32 = 3;

/// What the loop is to do.
pub struct Options<'a> {
    /// The repository's root.
    pub root: &'a Utf8Path,
    /// Our own folder below it.
    pub work: &'a Utf8Path,
    /// The places of the Lambdas to serve, each with the number of its port after the first.
    pub places: Vec<(usize, u16)>,
    /// The port of all functions by name; each one's own follow it. Any free ones for 0.
    pub port: u16,
    /// The folder of the declarations' own crate, where it is known.
    pub declarations: Option<Utf8PathBuf>,
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
    ) -> Result<(), DevError> {
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
            .places
            .iter()
            .enumerate()
            .map(|(number, (place, _))| Lambda::new(&inspection, number, *place))
            .collect();
        let (port, ports) = serve_all(options, &lambdas, containers, &send)?;
        let seen = send.clone();
        let marks = options.work.join("dev/marks");
        let watch = Watch::start(&marks, move |what| drop(seen.send(Message::Seen(what))))?;
        let functions = lambdas.iter().map(|lambda| lambda.name.clone()).collect();
        claim.say(&Running { pid: std::process::id(), port, functions })?;

        let tools = Tools { root: options.root, containers, host, messages: send };
        let count = lambdas.len();
        std::thread::scope(|scope| {
            let mut run = Run {
                scope,
                options,
                tools: &tools,
                lambdas: &lambdas,
                cancel,
                inspection: Arc::new(inspection),
                watch,
                desk: Desk::new(count),
                renew: vec![None; count],
                ends: vec![0; count],
                waiting: (0..count).map(|_| Vec::new()).collect(),
                marks: Vec::new(),
                to_build: BTreeSet::new(),
                building: BTreeSet::new(),
                engine_gone: false,
                unreadable: Vec::new(),
                declarations: options.declarations.as_deref().map(sources::digest_of),
                last: None,
                serving: Some((begun, port, ports)),
            };
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
        Ok(())
    }
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
    let own = options.places.iter().enumerate();
    let own = own.map(|(lambda, (_, number))| open(*number, Some(lambda))).collect::<Result<_, _>>()?;
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
async fn ask(
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

/// What the deciding thread knows.
struct Run<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    options: &'env Options<'env>,
    tools: &'env Tools<'env>,
    lambdas: &'env [Lambda],
    cancel: &'env Cancel,
    /// The newest readable state of the sources.
    inspection: Arc<Inspection>,
    watch: Watch,
    desk: Desk,
    /// Why a Lambda's container is to be started anew by its next operation.
    renew: Vec<Option<Why>>,
    /// How often a container has ended by itself since the last save or answer.
    ends: Vec<u32>,
    /// Questions that wait until an operation has ended.
    waiting: Vec<Vec<oneshot::Sender<()>>>,
    /// Questions that wait for the watcher, with its marks.
    marks: Vec<(u64, usize, oneshot::Sender<()>)>,
    /// Lambdas whose operation is a build that has not begun.
    to_build: BTreeSet<usize>,
    /// Lambdas whose operation is the build that goes on.
    building: BTreeSet<usize>,
    engine_gone: bool,
    /// What is wrong with the sources, as it was told.
    unreadable: Vec<String>,
    /// The declarations' own crate as it was when the loop began, until a change of it was told.
    declarations: Option<Digest>,
    /// The last question and its function.
    last: Option<(usize, Bytes)>,
    /// Until the first build has ended: since when, and the ports.
    serving: Option<(Instant, u16, Vec<u16>)>,
}

impl<'scope, 'env: 'scope> Run<'scope, 'env> {
    fn go_on(&mut self, messages: &Receiver<Message>) -> Result<(), DevError> {
        self.look_again()?;
        for lambda in 0..self.lambdas.len() {
            self.desk.wanted(lambda);
            self.to_build.insert(lambda);
        }
        self.build_next();
        loop {
            let message = match self.engine_gone {
                true => messages.recv_timeout(ENGINE_POLL),
                false => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Key(Key::Quit)) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Ok(message) => self.take(message)?,
                Err(RecvTimeoutError::Timeout) => self.ask_engine(),
            }
        }
    }

    fn take(&mut self, message: Message) -> Result<(), DevError> {
        match message {
            Message::Seen(Seen::Changed) => self.saved()?,
            Message::Seen(Seen::Mark(mark)) => self.marked(mark),
            Message::Seen(Seen::Lost(why)) => {
                self.tools.host.tell(Told::Lost(&why));
                self.saved()?;
            }
            Message::Done { lambda, then } => self.done(lambda, then),
            Message::Built { lambdas, engine_gone } => self.built(&lambdas, engine_gone),
            Message::Printed { lambda, line } => {
                let name = &self.lambdas[lambda].name;
                self.tools.host.tell(Told::Printed { function: lambda, name, line: &line });
            }
            Message::Ended { lambda, id } => {
                self.ends[lambda] += 1;
                if self.ends[lambda] <= ENDS {
                    self.start_anew(lambda, Why::Ended { id });
                }
            }
            Message::Settle { lambda, settled } => {
                if let Some(mark) = self.watch.mark() {
                    self.marks.push((mark, lambda, settled));
                }
            }
            Message::Invoked { lambda, event, answer, from_here } => {
                self.invoked(lambda, event, answer, from_here);
            }
            Message::Key(Key::Restart) => {
                (0..self.lambdas.len()).for_each(|lambda| self.start_anew(lambda, Why::Asked));
            }
            Message::Key(Key::Build) => {
                for lambda in 0..self.lambdas.len() {
                    if self.desk.wanted(lambda) {
                        self.to_build.insert(lambda);
                    }
                }
                self.build_next();
            }
            Message::Key(Key::Invoke) => self.repeat(),
            Message::Key(Key::Quit) => {}
        }
        Ok(())
    }

    /// Something was saved, perhaps nothing that counts.
    fn saved(&mut self) -> Result<(), DevError> {
        let now = self.options.declarations.as_deref().map(sources::digest_of);
        if self.declarations.is_some() && now != self.declarations {
            self.declarations = None;
            self.tools.host.tell(Told::Declarations);
        }
        let before = self.inspection.clone();
        if !self.look_again()? {
            return Ok(());
        }
        for lambda in 0..self.lambdas.len() {
            let place = self.lambdas[lambda].place;
            if before.targets[place].fingerprint != self.inspection.targets[place].fingerprint {
                self.ends[lambda] = 0;
                self.want(lambda);
            }
        }
        Ok(())
    }

    /// Looks at the sources and watches what they are now. Whether they can be read.
    fn look_again(&mut self) -> Result<bool, DevError> {
        loop {
            let inspection = match self.tools.host.inspect() {
                Ok(inspection) => inspection,
                Err(problems) => {
                    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
                    if told != self.unreadable {
                        self.tools.host.tell(Told::Problems(&problems));
                        self.unreadable = told;
                    }
                    return Ok(false);
                }
            };
            if !std::mem::take(&mut self.unreadable).is_empty() {
                self.tools.host.tell(Told::Readable);
            }
            let places = self.lambdas.iter().map(|lambda| lambda.place);
            let folders = sources::folders(self.options.root, &inspection, places);
            let own = self.options.declarations.iter().flat_map(|folder| sources::all_folders(folder));
            let grown = self.watch.set(folders.into_iter().chain(own))?;
            self.inspection = Arc::new(inspection);
            if !grown {
                return Ok(true);
            }
        }
    }

    /// Begins an operation, or remembers that one is wanted.
    fn want(&mut self, lambda: usize) {
        if self.desk.wanted(lambda) {
            self.begin(lambda);
        }
    }

    fn start_anew(&mut self, lambda: usize, why: Why) {
        self.renew[lambda] = Some(why);
        self.want(lambda);
    }

    fn begin(&mut self, lambda: usize) {
        let (inspection, renew) = (self.inspection.clone(), self.renew[lambda].take());
        let (lambdas, tools) = (self.lambdas, self.tools);
        self.scope.spawn(move || {
            let (then, doubt) = lambdas[lambda].bring(&inspection, renew.as_ref(), tools);
            let _ = tools.messages.send(Message::Done { lambda, then });
            // Nobody has to wait for that.
            if let Some(doubt) = doubt {
                lambdas[lambda].look_twice(doubt, tools);
            }
        });
    }

    fn done(&mut self, lambda: usize, then: Then) {
        match then {
            Then::Rest => {}
            Then::Engine => self.engine_gone = true,
            Then::Build => {
                self.to_build.insert(lambda);
                // The old container serves until the new one is there.
                self.waiting[lambda].clear();
                self.build_next();
                return;
            }
        }
        self.rest(lambda);
    }

    /// An operation has ended: the next one begins, or whoever waited goes on.
    fn rest(&mut self, lambda: usize) {
        if self.desk.ended(lambda) {
            self.begin(lambda);
        } else {
            self.waiting[lambda].clear();
        }
    }

    /// Builds what is to be built, together, and starts it, unless a build goes on already.
    fn build_next(&mut self) {
        if !self.building.is_empty() || self.to_build.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.to_build);
        self.building.clone_from(&batch);
        let inspection = self.inspection.clone();
        let (lambdas, tools, cancel) = (self.lambdas, self.tools, self.cancel);
        self.scope.spawn(move || {
            let places = batch.iter().map(|&lambda| lambdas[lambda].place).collect();
            let images = tools.host.build(&inspection, &places, cancel);
            let gone = std::thread::scope(|scope| {
                let started: Vec<_> = batch
                    .iter()
                    .filter_map(|&lambda| Some((&lambdas[lambda], images.get(&lambdas[lambda].place)?)))
                    .map(|(lambda, image)| scope.spawn(|| lambda.swap(&inspection, image, tools)))
                    .collect();
                started
                    .into_iter()
                    .fold(false, |gone, thread| gone | thread.join().is_ok_and(|then| then == Then::Engine))
            });
            let _ = tools.messages.send(Message::Built { lambdas: batch, engine_gone: gone });
        });
    }

    fn built(&mut self, lambdas: &BTreeSet<usize>, engine_gone: bool) {
        self.building.clear();
        self.engine_gone |= engine_gone;
        if let Some((begun, port, ports)) = self.serving.take() {
            let served = self.lambdas.iter().zip(ports).map(|(lambda, port)| Served {
                name: lambda.name.clone(),
                port,
                base: lambda.base.clone(),
                runs: lambda.runs(),
            });
            let functions: Vec<_> = served.collect();
            self.tools.host.tell(Told::Serving { port, functions: &functions, took: begun.elapsed() });
        }
        for &lambda in lambdas {
            self.rest(lambda);
        }
        self.build_next();
    }

    /// All that was saved before this mark is known: who waits for no operation goes on.
    fn marked(&mut self, mark: u64) {
        for (number, lambda, settled) in std::mem::take(&mut self.marks) {
            if number > mark {
                self.marks.push((number, lambda, settled));
            } else if self.desk.is_busy(lambda) && !self.is_built(lambda) {
                self.waiting[lambda].push(settled);
            }
        }
    }

    /// Whether a Lambda's operation is a build, which nobody waits for.
    fn is_built(&self, lambda: usize) -> bool {
        self.to_build.contains(&lambda) || self.building.contains(&lambda)
    }

    fn invoked(&mut self, lambda: usize, event: Bytes, answer: Result<Answer, Refused>, from_here: bool) {
        let name = &self.lambdas[lambda].name;
        match answer {
            Ok(answer) => {
                self.ends[lambda] = 0;
                self.tools.host.tell(Told::Invoked { name, answer: &answer, from_here });
            }
            Err(Refused::NotRunning) => {}
            Err(Refused::Failed(Failure::Stuck(answer))) => {
                self.tools.host.tell(Told::Invoked { name, answer: &answer, from_here });
                self.start_anew(lambda, Why::Stuck);
            }
            Err(Refused::Failed(Failure::Broken(cause))) => {
                let error = DevError::NoAnswer { name: name.clone(), cause };
                self.tools.host.tell(Told::Failed { name, error: &error });
                self.start_anew(lambda, Why::Stuck);
            }
        }
        self.last = Some((lambda, event));
    }

    /// Asks the last question again.
    fn repeat(&mut self) {
        let Some((lambda, event)) = self.last.clone() else {
            self.tools.host.tell(Told::NothingToRepeat);
            return;
        };
        let (door, messages) = (self.lambdas[lambda].door.clone(), self.tools.messages.clone());
        self.tools.containers.driver().spawn(async move {
            drop(ask(door, messages, lambda, event, true).await);
        });
    }

    /// An engine that was gone may be back.
    fn ask_engine(&mut self) {
        if self.tools.containers.ping().is_err() {
            return;
        }
        self.engine_gone = false;
        self.tools.host.tell(Told::EngineBack);
        for lambda in 0..self.lambdas.len() {
            if !self.lambdas[lambda].runs() {
                self.ends[lambda] = 0;
                self.want(lambda);
            }
        }
    }
}
