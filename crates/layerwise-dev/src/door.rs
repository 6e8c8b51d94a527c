//! The door of one function: one question at a time gets through, and none while its container is changed or swapped.
//! Knows a port, never a container.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::{Mutex, MutexGuard};

use crate::answer::Answer;
use crate::invoke::{self, Failure};

/// The door of one function.
pub(crate) struct Door {
    timeout: u16,
    behind: Mutex<Behind>,
}

/// What is behind a door.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    /// Where the emulator is; nowhere while there is no container.
    pub(crate) port: Option<u16>,
    /// Whether a runtime was killed since the last question. The emulator notices that only when it is asked, and then
    /// answers once in the function's place, without handing over the event: that its runtime was killed, or what it
    /// remembers of a runtime that did not start long ago.
    pub(crate) killed: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no container.
    NotRunning,
    /// The emulator did not answer.
    Failed(Failure),
}

impl Door {
    /// A door with nothing behind it, for a function with this timeout in seconds.
    pub(crate) fn new(timeout: u16) -> Self {
        Self { timeout, behind: Mutex::default() }
    }

    /// Asks, when it is this question's turn. To be driven to its end: an emulator that is asked while it still works on
    /// an abandoned question breaks.
    pub(crate) async fn ask(self: Arc<Self>, event: Bytes) -> Result<Answer, Refused> {
        let mut behind = self.behind.lock().await;
        let port = behind.port.ok_or(Refused::NotRunning)?;
        let killed = std::mem::take(&mut behind.killed);
        let ask = || invoke::invoke(port, event.clone(), self.timeout);
        match ask().await {
            Ok(answer) if killed && answer.in_its_place => ask().await,
            answer => answer,
        }
        .map_err(Refused::Failed)
    }

    /// Closes the door until the guard is dropped; `None` when a question is still being answered after `patience`.
    pub(crate) async fn close(&self, patience: Duration) -> Option<MutexGuard<'_, Behind>> {
        tokio::time::timeout(patience, self.behind.lock()).await.ok()
    }

    /// As [`Door::close`], for as long as it takes.
    pub(crate) async fn close_at_last(&self) -> MutexGuard<'_, Behind> {
        self.behind.lock().await
    }
}
