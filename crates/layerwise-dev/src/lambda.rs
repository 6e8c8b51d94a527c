//! One Lambda of the development loop: its container, what is in it, and the operations on both. One operation at a time,
//! which the loop sees to; each runs on a thread of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use camino::Utf8Path;
use layerwise::difference::Change;
use layerwise::image_ref::ImageRef;
use layerwise::inspect::Inspection;

use crate::container::Container;
use crate::containers::Containers;
use crate::content::{Content, chain};
use crate::debug::{self, Debug};
use crate::decide::{Action, Decision, Put, Sync};
use crate::door::Door;
use crate::error::DevError;
use crate::function::Function;
use crate::message::Message;
use crate::reload::{Inside, archive};
use crate::session::Chosen;
use crate::told::{Host, Made, Told, Why};

mod heard;
mod start;

/// How long a question that is being answered may hold up a reload; then it is ended, as the code that answers it is old.
const PATIENCE: Duration = Duration::from_secs(2);

/// A container that ends before is taken for one that cannot run.
const SOON: Duration = Duration::from_secs(10);
/// How often in a row that may happen before it is left alone until the next save.
const ENDS: u32 = 3;

/// One Lambda.
pub(crate) struct Lambda {
    /// Which one, counted as it is served.
    pub(crate) number: usize,
    /// Its place in the graph.
    pub(crate) place: usize,
    pub(crate) name: String,
    pub(crate) base: String,
    pub(crate) door: Arc<Door>,
    debug: Option<Debug>,
    held: Mutex<Held>,
    /// Whether it has a container.
    runs: AtomicBool,
}

/// Its container and what that has.
#[derive(Default)]
struct Held {
    container: Option<Container>,
    image: Option<ImageRef>,
    content: Content,
    /// How its bases have drifted, as it was told.
    drift: Vec<Change>,
    /// Why its image is to be built.
    stale: Vec<Change>,
    /// The time of the newest files that were put into it.
    time: u64,
    started: Option<Instant>,
    /// How often in a row it has ended soon after its start.
    ends: u32,
}

/// What an operation needs besides its Lambda.
pub(crate) struct Tools<'a> {
    pub(crate) root: &'a Utf8Path,
    pub(crate) containers: &'a Containers,
    pub(crate) host: &'a dyn Host,
    pub(crate) messages: Sender<Message>,
}

/// A container that has taken over.
#[derive(Debug)]
pub(crate) struct Swapped {
    /// The image that it runs.
    pub(crate) image: ImageRef,
    /// Why, where no build has said it.
    pub(crate) because: Vec<Change>,
    /// How long it took, from its image to its answer.
    pub(crate) took: Duration,
}

/// What is to be done after an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing.
    Rest,
    /// Its image has to be built.
    Build,
    /// The engine does not answer.
    Engine,
}

impl Lambda {
    pub(crate) fn new(inspection: &Inspection, number: usize, chosen: &Chosen, debug: Option<Debug>) -> Self {
        let Chosen { place, number: _, base, debug: _ } = chosen;
        let target = &inspection.graph.targets[*place];
        let timeout = if debug.is_some() { debug::TIMEOUT } else { Function::timeout_of(target) };
        Self {
            number,
            place: *place,
            name: target.label.clone(),
            base: base.clone(),
            door: Arc::new(Door::new(timeout)),
            debug,
            held: Mutex::default(),
            runs: AtomicBool::new(false),
        }
    }

    /// Whether there is a container. Waits for no operation.
    pub(crate) fn runs(&self) -> bool {
        self.runs.load(Ordering::SeqCst)
    }

    /// Does what the sources ask for, after starting it anew when that is asked for. Answers also what is worth a second
    /// look.
    pub(crate) fn bring(
        &self,
        inspection: &Inspection,
        renew: Option<&Why>,
        tools: &Tools<'_>,
    ) -> (Then, Option<Doubt>) {
        let mut held = self.held();
        let done = renew.map_or(Ok(()), |why| self.renew(&mut held, inspection, why, tools));
        let given_up = held.ends > ENDS;
        if given_up {
            held.ends = 0;
            return (Then::Rest, None);
        }
        match done.and_then(|()| self.follow_sources(&mut held, inspection, tools)) {
            Ok(done) => done,
            Err(error) => (self.failed(&error, tools), None),
        }
    }

    /// Says what Python cannot compile of files that were put into a container: nobody has to invoke the function to see it.
    pub(crate) fn look_twice(&self, doubt: Doubt, tools: &Tools<'_>) {
        let paths = doubt.sources.keys().cloned().collect();
        let broken = tools.containers.driver().wait(doubt.inside.broken(paths));
        // What was put meanwhile has a look of its own.
        if self.held().time != doubt.time {
            return;
        }
        for broken in broken {
            if let Some(path) = doubt.sources.get(&broken.path) {
                let name = &self.name;
                tools.host.tell(Told::Broken { name, path, line: broken.line, why: &broken.why });
            }
        }
    }

    /// Lets a container of an image take over that was built from what `inspection` says. What is to be told of it is told
    /// once the loop knows of it.
    pub(crate) fn swap(
        &self,
        inspection: &Inspection,
        made: &Made,
        tools: &Tools<'_>,
    ) -> (Then, Option<Swapped>) {
        let Made { image, bases, fresh } = made;
        let mut held = self.held();
        let mut built = chain(inspection, self.place);
        for (label, ingredients) in &mut built {
            if let Some(then) = bases.get(label) {
                ingredients.clone_from(then);
            }
        }
        let unchanged =
            held.image.as_ref() == Some(image) && held.content.has == built && held.container.is_some();
        // Whoever has built it has said why.
        let because = std::mem::take(&mut held.stale);
        if unchanged {
            return (Then::Rest, None);
        }
        let because = if *fresh { because } else { Vec::new() };
        let begun = Instant::now();
        match self.start(&mut held, inspection, image.clone(), built, tools) {
            Ok(()) => {
                let swapped = Swapped { image: image.clone(), because, took: begun.elapsed() };
                (Then::Rest, Some(swapped))
            }
            Err(error) => (self.failed(&error, tools), None),
        }
    }

    /// Brings what runs up to what the sources say. What does not run is built, as something was saved or asked for.
    fn follow_sources(
        &self,
        held: &mut Held,
        inspection: &Inspection,
        tools: &Tools<'_>,
    ) -> Result<(Then, Option<Doubt>), DevError> {
        let begun = Instant::now();
        let Some(inside) = held.container.as_ref().map(Container::inside) else {
            return Ok((Then::Build, None));
        };
        let now = chain(inspection, self.place);
        let Decision { action, drift, reached } =
            held.content.decide(&now, &inside, tools.containers.driver());
        if drift != held.drift {
            if !drift.is_empty() {
                tools.host.tell(Told::Drifted { name: &self.name, changes: &drift });
            }
            held.drift = drift;
        }
        match action {
            Action::Nothing => Ok((Then::Rest, None)),
            Action::Rebuild { changes } => {
                held.stale = changes;
                Ok((Then::Build, None))
            }
            Action::Sync { sync, changes } => {
                if !self.sync(held, &inside, &sync, tools)? {
                    return Ok((Then::Rest, None));
                }
                held.content.has = reached;
                let took = begun.elapsed();
                tools.host.tell(Told::Synced { name: &self.name, changes: &changes, took });
                Ok((Then::Rest, Doubt::new(inside, &sync.put, held.time)))
            }
        }
    }

    /// Whether the files were there; if not, another change is on its way.
    fn sync(
        &self,
        held: &mut Held,
        inside: &Inside,
        sync: &Sync,
        tools: &Tools<'_>,
    ) -> Result<bool, DevError> {
        held.time = now_seconds().max(held.time + 1);
        let debugger = held.container.as_ref().and_then(|container| container.debugger);
        let Ok(archive) = archive(tools.root, sync, held.time) else { return Ok(false) };
        tools.containers.driver().wait(async {
            let mut behind = match self.door.close(PATIENCE).await {
                Some(behind) => behind,
                None => {
                    inside.remove_and_end_runtime(&[]).await?;
                    self.door.close_at_last().await
                }
            };
            if !sync.put.is_empty() {
                inside.put(archive).await?;
            }
            behind.killed |= inside.remove_and_end_runtime(&sync.remove).await?;
            if let (Some(debug), Some(emulator), Some(debugger)) = (&self.debug, behind.port, debugger) {
                debug.wake(inside, emulator, debugger).await?;
            }
            Ok(true)
        })
    }

    fn failed(&self, error: &DevError, tools: &Tools<'_>) -> Then {
        // One word on an engine that is gone is enough, however many functions it had.
        if tools.containers.ping().is_err() {
            return Then::Engine;
        }
        tools.host.tell(Told::Failed { name: &self.name, error });
        Then::Rest
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes its container.
    pub(crate) fn end(&self) {
        self.held().container = None;
    }
}

/// Python files that were put into a container and may not compile.
pub(crate) struct Doubt {
    inside: Inside,
    /// By their absolute path in the container the file of the repository.
    sources: BTreeMap<String, String>,
    /// When they were put.
    time: u64,
}

impl Doubt {
    fn new(inside: Inside, put: &[Put], time: u64) -> Option<Self> {
        let source = |put: &Put| Some((put.to.clone(), put.file.as_ref()?.0.to_string()));
        let sources: BTreeMap<_, _> =
            put.iter().filter(|put| put.to.ends_with(".py")).filter_map(source).collect();
        (!sources.is_empty()).then_some(Self { inside, sources, time })
    }
}

fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
