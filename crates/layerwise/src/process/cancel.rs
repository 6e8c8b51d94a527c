//! Cancellation: one token for many children. Never waits itself; whoever runs a child does.

use std::io;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use duct::Handle;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

/// Says "stop" to everything that was started with it. Clones are the same token.
///
/// Each child leads a process group of its own, and cancelling kills the group: a credential helper or a shell's
/// child goes with it. SIGKILL is right for buildx: measured, the engine stops the running step within a third of a
/// second, as it does for SIGTERM. It also means that a terminal's Ctrl-C reaches only us; our program has to turn it
/// into [`Cancel::cancel`].
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    /// Leaders that are not reaped yet, so that their ids cannot belong to anybody else.
    running: Vec<Pid>,
}

impl Cancel {
    /// Kills what runs and lets nothing start any more. Returns at once: the calls that started the children return
    /// when those have ended.
    pub fn cancel(&self) {
        let mut state = self.lock();
        state.cancelled = true;
        for &leader in &state.running {
            kill_group(leader);
        }
    }

    /// Whether [`Cancel::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Starts a child under this token; `None` when it is cancelled already. The lock is held meanwhile, so that no
    /// child slips between a cancellation and its registration.
    pub(super) fn start(&self, start: impl FnOnce() -> io::Result<Handle>) -> io::Result<Option<Running>> {
        let mut state = self.lock();
        if state.cancelled {
            return Ok(None);
        }
        let handle = start()?;
        let leader = handle.pids().first().and_then(|&id| Pid::from_raw(id.cast_signed()));
        let leader = leader.ok_or_else(|| io::Error::other("the child has no process id"))?;
        state.running.push(leader);
        Ok(Some(Running { handle, leader, cancel: self.clone(), reaped: false }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here can be half done: a poisoned state is as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A child that has not been reaped. Dropping it kills it, and waits.
pub(super) struct Running {
    handle: Handle,
    leader: Pid,
    cancel: Cancel,
    reaped: bool,
}

impl Running {
    /// Waits, in a thread of its own, until the child has ended, then calls `ended`. The child stays unreaped.
    pub fn when_ended(&self, ended: impl FnOnce() + Send + 'static) {
        let leader = self.leader;
        std::thread::spawn(move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) = rustix::process::waitid(WaitId::Pid(leader), options) {}
            ended();
        });
    }

    pub fn kill(&self) {
        kill_group(self.leader);
    }

    /// Waits for the end, reaps and lets go of the token.
    pub fn reap(mut self) -> io::Result<ExitStatus> {
        self.finish()
    }

    fn finish(&mut self) -> io::Result<ExitStatus> {
        self.reaped = true;
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = rustix::process::waitid(WaitId::Pid(self.leader), options) {}
        // From here on the id may be given to another process: nobody may kill it any more.
        let mut state = self.cancel.lock();
        state.running.retain(|&leader| leader != self.leader);
        self.handle.wait().map(|output| output.status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            let _ = self.finish();
        }
    }
}

fn kill_group(leader: Pid) {
    // The leader is not reaped, so the group exists; an error can only say that all of it has ended.
    let _ = rustix::process::kill_process_group(leader, Signal::KILL);
}
