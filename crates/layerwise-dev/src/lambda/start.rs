//! How a Lambda gets a container, another one, or none.

use std::sync::atomic::Ordering;
use std::time::Instant;

use layerwise::image_ref::ImageRef;
use layerwise::inspect::Inspection;

use super::{ENDS, Held, Lambda, PATIENCE, SOON, Tools, now_seconds};
use crate::container::Container;
use crate::containers::Role;
use crate::content::{Content, chain};
use crate::debug::{self, Debug};
use crate::decide::{Action, Chain, Decision};
use crate::door::Behind;
use crate::error::DevError;
use crate::function::Function;
use crate::lambda::heard::Heard;
use crate::layout::Layout;
use crate::reload::archive;
use crate::told::{Told, Why};

impl Lambda {
    pub(super) fn renew(
        &self,
        held: &mut Held,
        inspection: &Inspection,
        why: &Why,
        tools: &Tools<'_>,
    ) -> Result<(), DevError> {
        if let Why::Ended { id } = why {
            let is_it = |container: &Container| container.id == *id;
            if held.container.as_ref().is_some_and(|container| !is_it(container)) {
                // It was replaced, and ended because of that.
                return Ok(());
            }
            self.gone(held, tools);
            let soon = held.started.is_some_and(|started| started.elapsed() < SOON);
            held.ends = if soon { held.ends + 1 } else { 1 };
            if let Some(image) = held.image.as_ref().filter(|_| held.ends > ENDS) {
                let error = DevError::Ended { image: image.to_string(), code: None, output: Vec::new() };
                tools.host.tell(Told::Failed { name: &self.name, error: &error });
                held.image = None;
            }
        }
        let Some(image) = held.image.clone() else { return Ok(()) };
        let begun = Instant::now();
        let built = held.content.built.clone();
        self.start(held, inspection, image, built, tools)?;
        tools.host.tell(Told::Restarted { name: &self.name, why, took: begun.elapsed() });
        Ok(())
    }

    /// Starts a container, puts into it what was saved since its image was built, where that is possible, and opens the door
    /// to it; the one before serves until then.
    pub(super) fn start(
        &self,
        held: &mut Held,
        inspection: &Inspection,
        image: ImageRef,
        built: Chain,
        tools: &Tools<'_>,
    ) -> Result<(), DevError> {
        let target = &inspection.graph.targets[self.place];
        let function = Function::of(target, image.clone());
        let function = if self.debug.is_some() { function.debugged() } else { function };
        let mut container = tools.containers.start(&function, Role::Dev)?;
        let driver = tools.containers.driver();
        let variables = driver.wait(container.variables())?;
        let dockerfile = &inspection.targets[self.place].dockerfile;
        let layout = Layout::new(dockerfile, target.image.target.as_deref(), &variables);
        let (mut content, inside) = (Content::new(built, layout), container.inside());
        let now = chain(inspection, self.place);
        let Decision { action, drift, reached } = content.decide(&now, &inside, driver);
        // Whoever has built the image has told it.
        held.drift = drift;
        held.time = now_seconds().max(held.time + 1);
        if let Action::Sync { sync, changes } = action
            && let Ok(archive) = archive(tools.root, &sync, held.time)
        {
            let begun = Instant::now();
            driver.wait(async {
                inside.put(archive).await?;
                inside.remove_and_end_runtime(&sync.remove).await
            })?;
            content.has = reached;
            tools.host.tell(Told::Synced { name: &self.name, changes: &changes, took: begun.elapsed() });
        }
        if let Some(debug) = &self.debug {
            self.debug(debug, held.image.is_none(), &mut content, &container, tools)?;
        }
        let heard = Heard { messages: tools.messages.clone(), number: self.number, id: container.id.clone() };
        container.follow(move |line| heard.line(line));
        let mut behind = match driver.wait(self.door.close(PATIENCE)) {
            Some(behind) => behind,
            None => {
                held.container = None;
                driver.wait(self.door.close_at_last())
            }
        };
        // A runtime that was woken may have failed since, and has then been told of nobody.
        *behind = Behind { port: Some(container.port), killed: self.debug.is_some() };
        drop(behind);
        held.container = Some(container);
        self.runs.store(true, Ordering::SeqCst);
        held.image = Some(image);
        held.content = content;
        held.started = Some(Instant::now());
        Ok(())
    }

    /// Lets a new container's runtime start under the debugger; says once how to reach it.
    pub(super) fn debug(
        &self,
        debug: &Debug,
        first: bool,
        content: &mut Content,
        container: &Container,
        tools: &Tools<'_>,
    ) -> Result<(), DevError> {
        let (inside, driver) = (container.inside(), tools.containers.driver());
        driver.wait(async {
            debug.equip(&inside).await?;
            debug.wake(&inside, container.port, container.debugger.unwrap_or_default()).await
        })?;
        if first {
            let (name, port) = (&self.name, debug.port);
            let configuration = debug::configuration(name, port, &content.mappings(&inside, driver));
            tools.host.tell(Told::Debugging { name, port, configuration: &configuration });
        }
        Ok(())
    }

    /// There is no container any more.
    pub(super) fn gone(&self, held: &mut Held, tools: &Tools<'_>) {
        held.container = None;
        self.runs.store(false, Ordering::SeqCst);
        *tools.containers.driver().wait(self.door.close_at_last()) = Behind::default();
    }
}
