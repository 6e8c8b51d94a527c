//! The two platforms that Lambda runs. Never guesses: a platform is always said.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an image is built for. Lambda runs Linux on x86-64 and on arm64
/// ([Lambda instruction set architectures](https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Platform {
    /// `linux/amd64`, Lambda's `x86_64`.
    #[serde(rename = "linux/amd64")]
    LinuxAmd64,
    /// `linux/arm64`, Lambda's `arm64` (Graviton).
    #[serde(rename = "linux/arm64")]
    LinuxArm64,
}

impl Platform {
    /// The form BuildKit and the OCI specification use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "linux/amd64",
            Self::LinuxArm64 => "linux/arm64",
        }
    }

    /// The architecture alone, in the OCI image configuration's words (`GOARCH`).
    #[must_use]
    pub fn architecture(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "amd64",
            Self::LinuxArm64 => "arm64",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
