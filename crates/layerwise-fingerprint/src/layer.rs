//! The layer classes: what kinds of layers an image is made of, in the order in which they are stacked.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of layer. The order is the order in the image: what changes least comes first, so a change in one class
/// leaves every class before it in BuildKit's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerClass {
    /// The parent image.
    Base,
    /// Packages of the operating system, compilers, and what `run` says.
    System,
    /// Third-party Python distributions.
    Requirements,
    /// The monorepo's own Python packages.
    Packages,
    /// The function's own files.
    Handler,
    /// Environment, labels, user, entry point, command: metadata, no files.
    Configuration,
}

impl LayerClass {
    /// All classes, first to last.
    pub const ALL: [Self; 6] =
        [Self::Base, Self::System, Self::Requirements, Self::Packages, Self::Handler, Self::Configuration];

    /// The word that reports use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::System => "system",
            Self::Requirements => "requirements",
            Self::Packages => "packages",
            Self::Handler => "handler",
            Self::Configuration => "configuration",
        }
    }
}

impl fmt::Display for LayerClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
