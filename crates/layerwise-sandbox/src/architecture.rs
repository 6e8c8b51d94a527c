//! The two processor architectures of AWS Lambda, under each name that Debian, Docker, Python and AWS have for them.
//! Never asks the system anything beyond what this program was compiled for.

use std::env::consts::ARCH;

/// A processor architecture of AWS Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    Amd64,
    Arm64,
}

impl Architecture {
    /// The one this program runs on; `None` where Lambda has no such.
    pub(crate) fn native() -> Option<Self> {
        match ARCH {
            "x86_64" => Some(Self::Amd64),
            "aarch64" => Some(Self::Arm64),
            _ => None,
        }
    }

    /// Debian's name, which is Docker's too.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// AWS's name: in the tags of the Lambda base images and in the emulator's file name.
    pub(crate) fn aws_name(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// The folder below `/usr/lib` with Debian's libraries.
    pub(crate) fn library_folder(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-linux-gnu",
            Self::Arm64 => "aarch64-linux-gnu",
        }
    }

    /// The oldest platform tag of the wheels that are taken.
    pub(crate) fn wheel_platform(self) -> &'static str {
        match self {
            Self::Amd64 => "manylinux2014_x86_64",
            Self::Arm64 => "manylinux2014_aarch64",
        }
    }
}
