//! Finds and ends the processes of a sandbox. A process belongs to a sandbox when its environment says so, which the
//! children of the engine inherit: there are no pid files that could be stale after a crash or a reboot.
//! Never signals a process without that mark.

use crate::{command::Command, folder::Folder, wait};
use camino::Utf8Path;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::BTreeMap,
    io,
    time::{Duration, Instant},
};

const MARK: &str = "LAYERWISE_SANDBOX_PROCESS";

/// A long-running part of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Engine,
    Registry,
    Aws,
}

/// A running process of a sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    /// The name of its program, as the kernel keeps it: 15 bytes.
    pub(crate) program: String,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Registry => "registry",
            Self::Aws => "aws",
        }
    }

    /// The one among its processes that does the work, and that ends the others when it is told to end.
    fn main_program(self) -> &'static str {
        match self {
            Self::Engine => "dockerd",
            Self::Registry => "docker-registry",
            Self::Aws => "python3",
        }
    }

    fn mark(self, folder: &Folder) -> String {
        format!("{}:{}", self.name(), folder.path())
    }

    /// Starts this part of the sandbox in `folder`, to stay.
    pub(crate) fn start(
        self,
        folder: &Folder,
        arguments: &[&str],
        mut environment: BTreeMap<String, String>,
    ) -> Result<(), crate::SandboxError> {
        environment.insert(MARK.to_owned(), self.mark(folder));
        let log = folder.log(self.name());
        fs_err::create_dir_all(log.parent().unwrap_or(folder.path()))?;
        let [program, arguments @ ..] = arguments else { return Ok(()) };
        Command::with_environment(*program, environment).args(arguments.iter().copied()).detach(&log)?;
        Ok(())
    }

    /// Its running processes.
    pub(crate) fn processes(self, folder: &Folder) -> Vec<Process> {
        let mark = format!("{MARK}={}", self.mark(folder));
        let Ok(entries) = fs_err::read_dir("/proc") else { return Vec::new() };
        entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let pid = entry.file_name().to_str()?.parse().ok()?;
                // A process that has just ended, or is someone else's, cannot be read: it is not ours.
                let environment = fs_err::read(entry.path().join("environ")).ok()?;
                environment.split(|byte| *byte == 0).find(|variable| *variable == mark.as_bytes())?;
                let program = fs_err::read_to_string(entry.path().join("comm")).ok()?.trim_end().to_owned();
                Some(Process { pid, program })
            })
            .collect()
    }

    /// The process that does the work, if it runs.
    pub(crate) fn main_process(self, folder: &Folder) -> Option<Process> {
        self.processes(folder).into_iter().find(|process| process.program == self.main_program())
    }

    /// Waits for `answers` after a start, as long as there is hope.
    pub(crate) fn wait_until(self, folder: &Folder, answers: impl Fn() -> bool) -> bool {
        let mut last_seen = Instant::now();
        wait::until(Duration::from_secs(60), || {
            if !self.processes(folder).is_empty() {
                last_seen = Instant::now();
            }
            // A process that is just becoming another program has no environment for a moment: it has not ended.
            answers() || last_seen.elapsed() > Duration::from_secs(1)
        });
        answers()
    }

    /// Ends its processes: politely, then by force. Returns when none is left.
    pub(crate) fn stop(self, folder: &Folder) -> Result<(), io::Error> {
        if let Some(main) = self.main_process(folder) {
            signal(&main, Signal::TERM);
            // Enough for all but containers that ignore signals, as a shell's `sleep` does: for those Docker waits longer.
            wait::until(Duration::from_secs(5), || self.processes(folder).is_empty());
        }
        let gone = wait::until(Duration::from_secs(10), || {
            let left = self.processes(folder);
            left.iter().for_each(|process| signal(process, Signal::KILL));
            left.is_empty()
        });
        if gone {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "a process of the {} cannot be ended: {:?}",
            self.name(),
            self.processes(folder)
        )))
    }

    /// The end of what it wrote.
    pub(crate) fn last_words(self, folder: &Folder) -> String {
        let log: &Utf8Path = &folder.log(self.name());
        crate::command::last_lines(&fs_err::read_to_string(log).unwrap_or_default(), 8)
    }
}

fn signal(process: &Process, signal: Signal) {
    // It may have ended meanwhile; whoever signals looks again.
    if let Some(pid) = Pid::from_raw(process.pid) {
        let _ = kill_process(pid, signal);
    }
}
