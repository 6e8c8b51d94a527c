//! Why a container or an invocation could not be had. Every variant names the image, the container or the address.

/// Why a container could not be had, changed or asked.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// The engine is on another machine, or speaks TLS: what its containers publish cannot be reached from here.
    #[error(
        "functions cannot run in the engine at `{host}`, from {chosen_by}: their ports are on its own machine"
    )]
    NotHere {
        /// Its address.
        host: String,
        /// Who says so.
        chosen_by: String,
    },
    /// The engine does not answer, or not as it should.
    #[error("the engine at `{host}` does not {doing}: {cause}")]
    Engine {
        /// Its address.
        host: String,
        /// What it was asked for: `start ping:local`.
        doing: String,
        /// What it said.
        cause: String,
    },
    /// A container ended before it answered.
    #[error("the container of `{image}` has ended{}", .code.map(|code| format!(" with exit code {code}")).unwrap_or_default())]
    Ended {
        /// The image.
        image: String,
        /// Its exit code.
        code: Option<i64>,
        /// The last lines that it printed.
        output: Vec<String>,
    },
    /// A container runs, and nobody answers in it.
    #[error("nobody answers in the container of `{image}` after {seconds} seconds")]
    Silent {
        /// The image.
        image: String,
        /// How long it was waited.
        seconds: u64,
        /// The last lines that it printed.
        output: Vec<String>,
    },
    /// The emulator did not answer an invocation, or not in HTTP.
    #[error("`{name}` gave no answer: {cause}")]
    NoAnswer {
        /// The function.
        name: String,
        /// What became of the connection.
        cause: String,
    },
    /// Somebody said that it shall end.
    #[error("stopped")]
    Stopped,
    /// The system watches no more folders for us.
    #[error("no more folders can be watched: the system's limit for this user is reached")]
    Watches,
    /// Folders cannot be watched.
    #[error("cannot watch the sources: {cause}")]
    Watch {
        /// What the system said.
        cause: String,
    },
    /// A port is somebody else's.
    #[error("cannot listen on port {port} of this machine: {cause}")]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The debugger could not be fetched; why has been said.
    #[error("there is no debugger for `{name}`")]
    NoDebugger {
        /// The function.
        name: String,
    },
    /// Another loop runs for this checkout.
    #[error("the development loop runs already for this checkout, as process {pid}")]
    Twice {
        /// Its process.
        pid: String,
    },
    /// The system does not give what the loop itself needs.
    #[error("cannot {doing}: {cause}")]
    System {
        /// What.
        doing: &'static str,
        /// What the system said.
        cause: std::io::Error,
    },
}

impl DevError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotHere { .. } => Some("use an engine on this machine, or add --sandbox"),
            Self::Ended { .. } | Self::Silent { .. } => Some(
                "a function runs here when its image has the Runtime Interface Emulator at port 8080, as AWS's base \
                 images have; an ENTRYPOINT of its own must start it",
            ),
            Self::Watches => Some(
                "raise it: `sysctl fs.inotify.max_user_watches=524288`, and `fs.inotify.max_user_instances=512`",
            ),
            Self::Port { .. } => {
                Some("take other ports with --port N, or --debug-port N; any free ones with 0")
            }
            Self::Twice { .. } => {
                Some("`cargo xtask invoke NAME` asks the functions of that one; end it with q or Ctrl-C")
            }
            Self::NoDebugger { .. } => {
                Some("it is debugpy from PyPI, installed with pip on the image's own external base")
            }
            Self::Watch { .. } => None,
            Self::Engine { .. } | Self::NoAnswer { .. } | Self::Stopped | Self::System { .. } => None,
        }
    }

    /// The lines that show why, as the container printed them.
    #[must_use]
    pub fn output(&self) -> &[String] {
        match self {
            Self::Ended { output, .. } | Self::Silent { output, .. } => output,
            _ => &[],
        }
    }
}
