//! A child process: what to run, and running it to its end. Never inherits our terminal: output is captured or
//! streamed, input is empty or given.

use std::fmt;
use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;

use super::cancel::{Cancel, Running};

/// A program and everything it gets. Its environment is ours with the changes named here.
#[derive(Clone)]
pub struct Command {
    program: Utf8PathBuf,
    args: Vec<String>,
    cwd: Utf8PathBuf,
    /// Additions, and removals (`None`), in order.
    env: Vec<(String, Option<String>)>,
    stdin: Vec<u8>,
    held: Option<[Arc<File>; 2]>,
    deadline: Option<Duration>,
}

/// Which of the two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a child that ended well has written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

/// Why a child did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is no such program.
    #[error("`{program}` is not found")]
    NotFound {
        /// The program, as it was asked for.
        program: String,
    },
    /// The folder to run it in is missing.
    #[error("`{program}` cannot run in `{cwd}`: there is no such folder")]
    NoFolder {
        /// The program.
        program: String,
        /// The missing folder.
        cwd: Utf8PathBuf,
    },
    /// The system refused to start it, or to let us read from it.
    #[error("`{program}` cannot be run: {source}")]
    Io {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ended with a failure.
    #[error("`{program}` failed ({status}): {said}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it said, on standard error or else on standard output.
        said: String,
    },
    /// It was killed because its time was over.
    #[error("`{program}` did not end within {} ms", after.as_millis())]
    TimedOut {
        /// The program.
        program: String,
        /// The time it had.
        after: Duration,
    },
    /// It was killed, or not even started, because of a cancellation.
    #[error("`{program}` was cancelled")]
    Cancelled {
        /// The program.
        program: String,
    },
}

/// Bytes of a failed child's output that its error repeats.
const SAID: usize = 2_000;
/// How long an output may stay open after the child has ended: somebody whom it left behind may hold it forever.
const AFTERMATH: Duration = Duration::from_secs(1);

enum Message {
    Chunk(Channel, Vec<u8>),
    Ended,
}

impl Command {
    /// `program` (a path, or a name that `PATH` resolves), run in the folder `cwd`.
    #[must_use]
    pub fn new(program: impl Into<Utf8PathBuf>, cwd: impl Into<Utf8PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            cwd: cwd.into(),
            env: Vec::new(),
            stdin: Vec::new(),
            held: None,
            deadline: None,
        }
    }

    /// More arguments. Anyone on the machine can read them: never a secret.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// A variable more. Secrets go this way, or through [`Command::stdin`].
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), Some(value.into())));
        self
    }

    /// A variable less.
    #[must_use]
    pub fn env_remove(mut self, name: impl Into<String>) -> Self {
        self.env.push((name.into(), None));
        self
    }

    /// What it reads; nothing at all otherwise.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Files that it keeps open as long as it lives, whatever becomes of us: a lock on one of them lasts until then. It has
    /// them for its standard input and output, which nothing else is to be had from, because programs do not hand those on
    /// to helpers of theirs, that may outlive them.
    #[must_use]
    pub fn holding(mut self, files: [Arc<File>; 2]) -> Self {
        self.held = Some(files);
        self
    }

    /// It is killed when it runs longer than this.
    #[must_use]
    pub fn deadline(mut self, after: Duration) -> Self {
        self.deadline = Some(after);
        self
    }

    /// Runs it to its end and answers what it wrote.
    ///
    /// # Errors
    /// [`ProcessError`], also when it ends with a failure.
    pub fn run(&self, cancel: &Cancel) -> Result<Output, ProcessError> {
        let mut output = Output::default();
        let status = self.stream(cancel, &mut |channel, bytes| match channel {
            Channel::Stdout => output.stdout.extend_from_slice(bytes),
            Channel::Stderr => output.stderr.extend_from_slice(bytes),
        })?;
        if status.success() {
            return Ok(output);
        }
        let said = [&output.stderr, &output.stdout].into_iter().find(|said| !said.trim_ascii().is_empty());
        let said = said.map_or(&[][..], |said| said.trim_ascii());
        let said = String::from_utf8_lossy(&said[said.len().saturating_sub(SAID)..]).into_owned();
        Err(ProcessError::Failed { program: self.name(), status, said })
    }

    /// Runs it to its end and hands on what it writes while it does, on the calling thread. A failure is an answer.
    ///
    /// # Errors
    /// [`ProcessError`], but never [`ProcessError::Failed`].
    pub fn stream(
        &self,
        cancel: &Cancel,
        sink: &mut dyn FnMut(Channel, &[u8]),
    ) -> Result<ExitStatus, ProcessError> {
        let (child, messages) = self.start(cancel)?;
        let until = self.deadline.map(|after| Instant::now() + after);
        let mut timed_out = false;
        let mut close = until;
        loop {
            let message = match close {
                None => messages.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
                Some(at) => messages.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(Message::Chunk(channel, bytes)) => sink(channel, &bytes),
                Ok(Message::Ended) => close = Some(Instant::now() + AFTERMATH),
                Err(mpsc::RecvTimeoutError::Timeout) if close == until && !timed_out => {
                    timed_out = true;
                    close = None;
                    child.kill();
                }
                Err(_) => break,
            }
        }
        let status = child.reap().map_err(|source| self.io(source))?;
        match self.deadline {
            _ if cancel.is_cancelled() && !status.success() => {
                Err(ProcessError::Cancelled { program: self.name() })
            }
            Some(after) if timed_out => Err(ProcessError::TimedOut { program: self.name(), after }),
            _ => Ok(status),
        }
    }

    fn start(&self, cancel: &Cancel) -> Result<(Running, mpsc::Receiver<Message>), ProcessError> {
        // macOS cannot make a pipe and mark it as ours in one step: a child started in between would hold it open.
        static STARTING: Mutex<()> = Mutex::new(());
        let starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let (stdout, to_stdout) = self.stdout().map_err(|source| self.io(source))?;
        let (stderr, to_stderr) = io::pipe().map_err(|source| self.io(source))?;
        let child = cancel
            .start(|| self.expression()?.stdout_file(to_stdout).stderr_file(to_stderr).start())
            .map_err(|source| self.io(source))?
            .ok_or_else(|| ProcessError::Cancelled { program: self.name() })?;
        drop(starting);

        let (send, messages) = mpsc::channel();
        let stdout = stdout.map(|pipe| (Channel::Stdout, pipe));
        for (channel, mut pipe) in stdout.into_iter().chain([(Channel::Stderr, stderr)]) {
            let send = send.clone();
            std::thread::spawn(move || {
                let mut buffer = vec![0; 16 * 1024];
                loop {
                    match pipe.read(&mut buffer) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Ok(read) if read > 0 => {
                            if send.send(Message::Chunk(channel, buffer[..read].to_vec())).is_err() {
                                break;
                            }
                        }
                        // The end, or an output that cannot be read any more: the exit status tells the rest.
                        Ok(_) | Err(_) => break,
                    }
                }
            });
        }
        child.when_ended(move || drop(send.send(Message::Ended)));
        Ok((child, messages))
    }

    /// What its standard output is, and where we read it.
    fn stdout(&self) -> io::Result<(Option<PipeReader>, OwnedFd)> {
        if let Some([_, file]) = &self.held {
            return Ok((None, file.try_clone()?.into()));
        }
        let (stdout, to_stdout) = io::pipe()?;
        Ok((Some(stdout), to_stdout.into()))
    }

    fn expression(&self) -> io::Result<duct::Expression> {
        // As a text, not as a path: duct would take the path `sh` for `./sh`.
        let mut expression =
            duct::cmd(self.program.as_str(), &self.args).dir(&self.cwd).unchecked().before_spawn(|command| {
                command.process_group(0);
                Ok(())
            });
        // Of several changes to one variable duct applies the first one last.
        for (name, value) in self.env.iter().rev() {
            expression = match value {
                Some(value) => expression.env(name, value),
                None => expression.env_remove(name),
            };
        }
        Ok(match (&self.held, self.stdin.as_slice()) {
            (Some([file, _]), _) => expression.stdin_file(file.try_clone()?),
            (None, []) => expression.stdin_null(),
            (None, bytes) => expression.stdin_bytes(bytes),
        })
    }

    /// The program's name without its folder.
    fn name(&self) -> String {
        self.program.file_name().unwrap_or(self.program.as_str()).to_owned()
    }

    fn io(&self, source: io::Error) -> ProcessError {
        match source.kind() {
            io::ErrorKind::NotFound if !self.cwd.is_dir() => {
                ProcessError::NoFolder { program: self.name(), cwd: self.cwd.clone() }
            }
            io::ErrorKind::NotFound => ProcessError::NotFound { program: self.program.to_string() },
            _ => ProcessError::Io { program: self.name(), source },
        }
    }
}

/// Shows the names of variables, not their values, and nothing of what it reads.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let env: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        f.debug_struct("Command")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("cwd", &self.cwd)
            .field("env", &env)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
