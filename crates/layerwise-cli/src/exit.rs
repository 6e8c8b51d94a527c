//! What the program's exit code says. Never decides; errors and reports do.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All was done.
    Done = 0,
    /// A build failed, or a check found something.
    Failed = 1,
    /// The command line or a declaration is wrong.
    Usage = 2,
    /// The surroundings do not allow it: no engine, no network, records that cannot be written.
    Environment = 3,
    /// The user interrupted it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
