//! This program, compiled anew and started again in this process. Never starts it as a child.

use std::os::unix::process::CommandExt;

use camino::Utf8PathBuf;
use layerwise::process::{Cancel, Command, ProcessError};

use crate::context::Context;
use crate::error::CliError;

/// This program as a file.
pub struct Program {
    path: Utf8PathBuf,
}

impl Program {
    /// To be asked before it is compiled: afterwards the system says that the file is gone.
    ///
    /// # Errors
    /// [`CliError::External`] when it has no path that we can use.
    pub fn this() -> Result<Self, CliError> {
        let fail = |cause| CliError::External { program: "this program".to_owned(), cause };
        let path = std::env::current_exe().map_err(fail)?;
        let path = Utf8PathBuf::from_path_buf(path);
        let path = path.map_err(|_| fail(std::io::ErrorKind::InvalidFilename.into()))?;
        Ok(Self { path })
    }

    /// Compiles it, by the cargo that started it and into the same place.
    ///
    /// # Errors
    /// What the compiler said.
    pub fn compile(&self, context: &Context<'_>, cancel: &Cancel) -> Result<(), ProcessError> {
        let cargo = context.env.get("CARGO").unwrap_or("cargo");
        let mut command = Command::new(cargo, &context.root).args(["build", "--quiet", "--color", "never"]);
        if let Some(folder) = context.env.path("CARGO_MANIFEST_DIR") {
            command = command.args(["--manifest-path".to_owned(), folder.join("Cargo.toml").into_string()]);
        }
        // A profile has its folder's name, but for the one that everybody uses.
        let profile = self.path.parent().and_then(|folder| folder.file_name());
        if let Some(profile) = profile.filter(|profile| *profile != "debug") {
            command = command.args(["--profile", profile]);
        }
        command.run(cancel).map(drop)
    }

    /// Becomes the program again, with the arguments of this process. Comes back only when that failed.
    #[expect(clippy::disallowed_methods, reason = "no child is started: this process is replaced")]
    pub fn again(&self) -> CliError {
        let cause = std::process::Command::new(&self.path).args(std::env::args_os().skip(1)).exec();
        CliError::External { program: self.path.to_string(), cause }
    }
}
