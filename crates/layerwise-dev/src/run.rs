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

use crate::desk::Desk;
use crate::error::DevError;
use crate::lambda::{Lambda, Tools};
use crate::message::{Key, Message};
use crate::session::{End, Options};
use crate::sources;
use crate::told::{Told, Why};
use crate::watch::{Seen, Watch};

mod operations;
mod questions;

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
        let before = self.inspection.sound();
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
}
