//! What makes builds fail, leak or differ: findings, each with a remedy. The checks of declarations are pure; those of
//! the machine ask it and change nothing.

use std::fmt;

use serde::Serialize;

pub mod cloud;
pub mod machine;
pub mod modes;
pub mod pins;
pub mod secrets;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was looked at: `engine`, `secrets`.
    pub topic: &'static str,
    /// What was found.
    pub message: String,
    /// What to do about it; none where all is well.
    pub remedy: Option<String>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// All is well.
    Ok,
    /// Builds work, but something is not as it should be.
    Warning,
    /// Builds cannot work.
    Error,
}

impl Finding {
    /// All is well.
    #[must_use]
    pub fn ok(topic: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, topic, message: message.into(), remedy: None }
    }

    /// Something is not as it should be.
    #[must_use]
    pub fn warning(topic: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (message, remedy) = (message.into(), Some(remedy.into()));
        Self { severity: Severity::Warning, topic, message, remedy }
    }

    /// Builds cannot work.
    #[must_use]
    pub fn error(topic: &'static str, message: impl Into<String>, remedy: Option<String>) -> Self {
        Self { severity: Severity::Error, topic, message: message.into(), remedy }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}
