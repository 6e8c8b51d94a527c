//! Starts child processes: those that are waited for, and those that stay after this program has ended.
//! Never shows a child's output on the terminal, and never puts a secret into an error (arguments are shown, the
//! environment is not).

use camino::{Utf8Path, Utf8PathBuf};
use std::{collections::BTreeMap, env, io};

/// A command about to be run.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    program: String,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    folder: Option<Utf8PathBuf>,
    input: Option<String>,
}

/// A child process that could not be started, or that failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The program is missing or may not be run.
    #[error("`{command}` could not be started")]
    NotStarted {
        /// The command line.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ran and ended with an error.
    #[error("`{command}` failed ({status}){}{output}", if output.is_empty() { "" } else { ":\n" })]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        output: String,
    },
}

impl CommandError {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        let (Self::NotStarted { command, .. } | Self::Failed { command, .. }) = self;
        if command.starts_with("apt-get") {
            Some("packages come from the mirror that apt is configured for: does `apt-get update` work?")
        } else if command.contains(" download --quiet") {
            Some(
                "wheels come from the index that pip is configured for: does `pip download pip` work? It needs Debian's whole package python3, not python3-minimal alone",
            )
        } else {
            None
        }
    }
}

impl Command {
    /// Runs `program` with this program's own environment.
    pub(crate) fn new(program: impl Into<String>) -> Self {
        let environment = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self::with_environment(program, environment)
    }

    /// Runs `program` with `environment` and nothing else.
    pub(crate) fn with_environment(
        program: impl Into<String>,
        environment: BTreeMap<String, String>,
    ) -> Self {
        let (program, arguments) = (program.into(), Vec::new());
        Self { program, arguments, environment, folder: None, input: None }
    }

    pub(crate) fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn args<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Runs in `folder`.
    pub(crate) fn dir(mut self, folder: &Utf8Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// What the child reads; nothing, unless told.
    pub(crate) fn input(mut self, text: impl Into<String>) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Runs to the end and gives what it wrote to its standard output.
    pub(crate) fn run(&self) -> Result<String, CommandError> {
        let output = self
            .expression()
            .stdout_capture()
            .stderr_capture()
            .unchecked()
            .run()
            .map_err(|source| CommandError::NotStarted { command: self.shown(), source })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        let said = text(&output.stderr) + &text(&output.stdout);
        let status = output.status.to_string();
        Err(CommandError::Failed { command: self.shown(), status, output: last_lines(&said, 12) })
    }

    /// Starts it in a session of its own, not as a child of this program: neither Ctrl-C nor the end of this program
    /// reaches it. All that it writes goes to `log`.
    pub(crate) fn detach(mut self, log: &Utf8Path) -> Result<(), CommandError> {
        self.arguments.splice(0..0, ["--fork".to_owned(), self.program]);
        self.program = "setsid".to_owned();
        let not_started = |source| CommandError::NotStarted { command: self.shown(), source };
        let log = fs_err::File::create(log).map_err(not_started)?.into_parts().0;
        self.expression().stderr_to_stdout().stdout_file(log).run().map_err(not_started)?;
        Ok(())
    }

    fn expression(&self) -> duct::Expression {
        let mut expression = duct::cmd(&self.program, &self.arguments).full_env(&self.environment);
        if let Some(folder) = &self.folder {
            expression = expression.dir(folder);
        }
        match &self.input {
            Some(text) => expression.stdin_bytes(text.as_bytes()),
            None => expression.stdin_null(),
        }
    }

    fn shown(&self) -> String {
        let mut words = vec![self.program.as_str()];
        words.extend(self.arguments.iter().map(String::as_str));
        words.join(" ")
    }
}

/// The end of `text`: what a person needs of a long log.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_output() {
        let said = Command::new("sh").args(["-c", "cat; echo $A"]).input("x").env("A", "y").run();
        assert_eq!(said.unwrap_or_default(), "xy\n");
    }

    #[test]
    fn an_error_names_the_command_and_its_last_words() {
        let failed = Command::new("sh").args(["-c", "echo no >&2; exit 3"]).run().unwrap_err();
        assert_eq!(failed.to_string(), "`sh -c echo no >&2; exit 3` failed (exit status: 3):\nno");
        let missing = Command::new("no-such-program-here").run().unwrap_err();
        assert_eq!(missing.to_string(), "`no-such-program-here` could not be started");
    }

    #[test]
    fn keeps_the_end_of_a_log() {
        assert_eq!(last_lines("a\n\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("", 2), "");
    }
}
