//! What the program finds around it: arguments, environment, current folder, outputs. Nothing else of this crate
//! reads them from the process, so that a test can say what there is.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use camino::Utf8PathBuf;
use layerwise::process::Env;
use terminal_size::{Height, Width};

/// Everything that a run of the program depends on besides files.
pub struct Surroundings {
    /// The arguments, without the program's name.
    pub args: Vec<OsString>,
    /// The environment.
    pub env: Env,
    /// The current folder.
    pub folder: Utf8PathBuf,
    /// For programs: results.
    pub stdout: Stream,
    /// For people: everything else.
    pub stderr: Stream,
    /// Whether Ctrl-C and SIGTERM are ours to handle.
    pub signals: bool,
}

/// An output.
pub struct Stream {
    /// Where the bytes go.
    pub writer: Box<dyn Write + Send>,
    /// When it is a terminal: asks for its size, which may change.
    pub terminal: Option<fn() -> Size>,
}

/// A terminal's size in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Surroundings {
    /// Those of this process.
    ///
    /// # Errors
    /// When the current folder is gone or its path is not UTF-8.
    pub fn of_process() -> io::Result<Self> {
        let folder = std::env::current_dir()?;
        let folder = Utf8PathBuf::from_path_buf(folder)
            .map_err(|path| io::Error::other(format!("`{}` is not UTF-8", path.display())))?;
        let stdout = Stream {
            terminal: io::stdout().is_terminal().then_some(|| size(terminal_size::terminal_size())),
            writer: Box::new(io::stdout()),
        };
        let stderr = Stream {
            terminal: io::stderr()
                .is_terminal()
                .then_some(|| size(terminal_size::terminal_size_of(io::stderr()))),
            writer: Box::new(io::stderr()),
        };
        let args = std::env::args_os().skip(1).collect();
        Ok(Self { args, env: Env::current(), folder, stdout, stderr, signals: true })
    }
}

fn size(known: Option<(Width, Height)>) -> Size {
    known.map_or(Size { width: 80, height: 24 }, |(width, height)| Size {
        width: width.0.into(),
        height: height.0.into(),
    })
}
