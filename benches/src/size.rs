//! The three sizes of a generated repository. Plain numbers.

use std::fmt;
use std::str::FromStr;

/// How large a repository is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A small monorepo.
    S,
    /// A usual one.
    M,
    /// A large one.
    L,
}

impl Size {
    /// The environment variable that says it to `layerwise-bench-repo`.
    pub const VARIABLE: &str = "LAYERWISE_BENCH_SIZE";
    /// All of them.
    pub const ALL: [Self; 3] = [Self::S, Self::M, Self::L];

    /// Lambda images, besides the two bases that they stand on.
    #[must_use]
    pub fn lambdas(self) -> usize {
        match self {
            Self::S => 6,
            Self::M => 40,
            Self::L => 200,
        }
    }

    /// Files in all.
    #[must_use]
    pub fn files(self) -> usize {
        match self {
            Self::S => 2_000,
            Self::M => 50_000,
            Self::L => 300_000,
        }
    }

    /// Modules that Lambdas share, file by file.
    #[must_use]
    pub fn shared(self) -> usize {
        match self {
            Self::S => 6,
            Self::M => 20,
            Self::L => 40,
        }
    }

    /// Python modules of each of the two packages.
    #[must_use]
    pub fn modules(self) -> usize {
        match self {
            Self::S => 20,
            Self::M => 119,
            Self::L => 320,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::S => "S",
            Self::M => "M",
            Self::L => "L",
        })
    }
}

impl FromStr for Size {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|size| size.to_string() == text);
        found.ok_or_else(|| anyhow::anyhow!("`{text}` is not a size: expected S, M or L"))
    }
}
