//! The deciding thread of the development loop: one message after the other, from saves, questions, keys and ends of
//! operations to the next operations. Never waits for anything but its queue.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::Scope;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use layerwise::digest::Digest;
use layerwise::inspect::Inspection;
use layerwise::process::Cancel;
use tokio::sync::oneshot;

use crate::answer::Answer;
use crate::desk::Desk;
use crate::door::Refused;
use crate::error::DevError;
use crate::invoke::Failure;
use crate::lambda::{Lambda, Swapped, Then, Tools};
use crate::message::{Key, Message};
use crate::session::{End, Options, ask};
use crate::sources;
use crate::told::{Served, Told, Why};
use crate::watch::{Seen, Watch};

/// How often an engine that is gone is asked whether it is back.
const ENGINE_POLL: Duration = Duration::from_secs(1);

/// What the deciding thread knows.
pub(crate) struct Run<'scope, 'env> {
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
    /// Questions that wait until an operation has ended.
    waiting: Vec<Vec<oneshot::Sender<()>>>,
    /// Questions that wait for the watcher, with its marks.
    marks: Vec<(u64, usize, oneshot::Sender<()>)>,
    /// Lambdas whose operation is a build that has not begun.
    to_build: BTreeSet<usize>,
    /// Whether the next build takes the bases along.
    rebuild_bases: bool,
    /// Lambdas whose operation is the build that goes on.
    building: BTreeSet<usize>,
    /// Builds go one after the other, whoever is in them.
    build_goes_on: bool,
    engine_gone: bool,
    /// What is wrong with the sources, as it was told.
    unreadable: Vec<String>,
    /// The declarations' own crate as it was when somebody last looked.
    declarations: Option<Digest>,
    compiling: bool,
    /// Whether the sources were looked at once.
    begun: bool,
    /// Whether it was told that some folders are not watched.
    unwatched: bool,
    /// The last question and its function.
    last: Option<(usize, Bytes)>,
    /// Until the first build has ended: since when, and the ports.
    pub(crate) serving: Option<(Instant, u16, Vec<u16>)>,
}

impl<'scope, 'env: 'scope> Run<'scope, 'env> {
    pub(crate) fn new(
        scope: &'scope Scope<'scope, 'env>,
        options: &'env Options<'env>,
        tools: &'env Tools<'env>,
        lambdas: &'env [Lambda],
        cancel: &'env Cancel,
        inspection: Inspection,
        watch: Watch,
    ) -> Self {
        let count = lambdas.len();
        Self {
            scope,
            options,
            tools,
            lambdas,
            cancel,
            inspection: Arc::new(inspection),
            watch,
            desk: Desk::new(count),
            renew: vec![None; count],
            waiting: (0..count).map(|_| Vec::new()).collect(),
            marks: Vec::new(),
            to_build: BTreeSet::new(),
            rebuild_bases: options.rebuild_bases,
            building: BTreeSet::new(),
            build_goes_on: false,
            engine_gone: false,
            unreadable: Vec::new(),
            declarations: options.declarations.as_deref().map(sources::digest_of),
            compiling: false,
            begun: false,
            unwatched: false,
            last: None,
            serving: None,
        }
    }

    /// Goes on until somebody quits.
    pub(crate) fn go_on(&mut self, messages: &Receiver<Message>) -> Result<End, DevError> {
        self.look_again()?;
        self.begun = true;
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
                Ok(Message::Key(Key::Quit)) | Err(RecvTimeoutError::Disconnected) => return Ok(End::Quit),
                Ok(Message::Compiled(true)) => return Ok(End::Again),
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
            Message::Swapped { lambda, then, swapped } => self.swapped(lambda, then, swapped),
            Message::Built { lambdas } => self.built(&lambdas),
            Message::Printed { lambda, line } => {
                let name = &self.lambdas[lambda].name;
                self.tools.host.tell(Told::Printed { function: lambda, name, line: &line });
            }
            Message::Ended { lambda, id } => self.start_anew(lambda, Why::Ended { id }),
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
                self.rebuild_bases = true;
                for lambda in 0..self.lambdas.len() {
                    if self.desk.wanted(lambda) {
                        self.to_build.insert(lambda);
                    }
                }
                self.build_next();
            }
            Message::Key(Key::Invoke) => self.repeat(),
            Message::Key(Key::Renew) => self.compile(),
            Message::Compiled(_) => self.compiling = false,
            Message::Key(Key::Quit) => {}
        }
        Ok(())
    }

    /// Something was saved, perhaps nothing that counts.
    fn saved(&mut self) -> Result<(), DevError> {
        let now = self.options.declarations.as_deref().map(sources::digest_of);
        if now != self.declarations {
            self.declarations = now;
            self.tools.host.tell(Told::Declarations);
        }
        let before = self.inspection.clone();
        if !self.look_again()? {
            return Ok(());
        }
        for lambda in 0..self.lambdas.len() {
            let place = self.lambdas[lambda].place;
            if before.targets[place].fingerprint != self.inspection.targets[place].fingerprint {
                self.want(lambda);
            }
        }
        Ok(())
    }

    /// Looks at the sources and watches what they are now. Whether they can be read.
    fn look_again(&mut self) -> Result<bool, DevError> {
        loop {
            self.watch.looking();
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
            let grown = match self.watch.set(folders.into_iter().chain(own)) {
                Ok(grown) => grown,
                // A loop that serves goes on; what it cannot watch is looked at with everything else.
                Err(error) if self.begun => {
                    if !std::mem::replace(&mut self.unwatched, true) {
                        self.tools.host.tell(Told::Unwatched(&error));
                    }
                    false
                }
                Err(error) => return Err(error),
            };
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
            Then::Engine => self.lose_engine(),
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
        if self.build_goes_on || self.to_build.is_empty() {
            return;
        }
        self.build_goes_on = true;
        let batch = std::mem::take(&mut self.to_build);
        self.building.clone_from(&batch);
        let rebuild_bases = std::mem::take(&mut self.rebuild_bases);
        let inspection = self.inspection.clone();
        let (lambdas, tools, cancel) = (self.lambdas, self.tools, self.cancel);
        self.scope.spawn(move || {
            let places = batch.iter().map(|&lambda| lambdas[lambda].place).collect();
            let images = tools.host.build(&inspection, &places, rebuild_bases, cancel);
            std::thread::scope(|scope| {
                for &lambda in &batch {
                    let Some(made) = images.get(&lambdas[lambda].place) else { continue };
                    let inspection = &inspection;
                    scope.spawn(move || {
                        let (then, swapped) = lambdas[lambda].swap(inspection, made, tools);
                        let _ = tools.messages.send(Message::Swapped { lambda, then, swapped });
                    });
                }
            });
            let is_there = |lambda: &usize| images.contains_key(&lambdas[*lambda].place);
            let failed = batch.into_iter().filter(|lambda| !is_there(lambda)).collect();
            let _ = tools.messages.send(Message::Built { lambdas: failed });
        });
    }

    fn swapped(&mut self, lambda: usize, then: Then, swapped: Option<Swapped>) {
        if then == Then::Engine {
            self.lose_engine();
        }
        if let Some(Swapped { image, because, took }) = swapped {
            let (name, image, because) = (&self.lambdas[lambda].name, &image, because.as_slice());
            self.tools.host.tell(Told::Swapped { name, image, because, took });
        }
        self.building.remove(&lambda);
        self.rest(lambda);
    }

    fn built(&mut self, lambdas: &BTreeSet<usize>) {
        self.build_goes_on = false;
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
            self.building.remove(&lambda);
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

    /// Compiles the declarations; what runs goes on meanwhile, and altogether when that fails.
    fn compile(&mut self) {
        if std::mem::replace(&mut self.compiling, true) {
            return;
        }
        let (tools, cancel) = (self.tools, self.cancel);
        self.scope.spawn(move || {
            let compiled = tools.host.compile(cancel);
            let _ = tools.messages.send(Message::Compiled(compiled));
        });
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

    /// The engine does not answer; it is asked again until it does.
    fn lose_engine(&mut self) {
        if !self.engine_gone
            && let Err(error) = self.tools.containers.ping()
        {
            self.engine_gone = true;
            self.tools.host.tell(Told::EngineGone(&error));
        }
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
                self.want(lambda);
            }
        }
    }
}
