//! BuildKit through `docker-buildx`: one child process per build, called directly and never through `docker`
//! (one process instead of two, and half the CPU time). Knows nothing of plans and records.

mod arguments;
mod failure;
mod find;
mod gate;
#[cfg(test)]
mod law;
mod lines;
mod narrator;
mod rawjson;
mod redact;
mod time;

use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use serde::Deserialize;

pub use find::{FindError, find};

use crate::builder::{BuildError, BuildProgress, BuildRequest, Builder, Built, SecretSource, SecretValue};
use crate::digest::Digest;
use crate::fs::{Lock, remove_if_there};
use crate::process::{Cancel, Channel, Command, ProcessError};
use gate::Gate;
use narrator::Narrator;
use rawjson::Reader;
use redact::Redactor;

/// A `docker-buildx` program and which builder it shall use. Paths of a request are taken as they are: relative ones
/// from our working folder.
pub struct Buildx {
    program: Utf8PathBuf,
    builder: Option<String>,
    env: Vec<(String, String)>,
    gate: Gate,
}

impl Buildx {
    /// The program at `program` ([`find`] knows where), with the builder that Docker's settings choose.
    #[must_use]
    pub fn at(program: impl Into<Utf8PathBuf>) -> Self {
        Self { program: program.into(), builder: None, env: Vec::new(), gate: Gate::default() }
    }

    /// Uses the builder of this name (`docker buildx ls`).
    #[must_use]
    pub fn with_builder(mut self, name: impl Into<String>) -> Self {
        self.builder = Some(name.into());
        self
    }

    /// Sets a variable for the program, such as `DOCKER_HOST` or `DOCKER_CONFIG`; otherwise it has our environment.
    #[must_use]
    pub fn with_env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// What the program says of its own version: `github.com/docker/buildx v0.29.1 …`.
    ///
    /// # Errors
    /// [`ProcessError`] when it cannot be run.
    pub fn version(&self, cancel: &Cancel) -> Result<String, ProcessError> {
        let output = self.command(["version".to_owned()]).run(cancel)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn command(&self, args: impl IntoIterator<Item = String>) -> Command {
        let command = Command::new(self.program.clone(), ".").args(args);
        self.env.iter().fold(command, |command, (name, value)| command.env(name, value))
    }

    /// Runs the build and answers whether it succeeded; what it says goes to `narrator`.
    fn run(
        &self,
        request: &BuildRequest,
        args: Vec<String>,
        locks: [&Lock; 2],
        cancel: &Cancel,
        narrator: &mut Narrator<'_>,
    ) -> Result<bool, BuildError> {
        let mut command = self.command(args).holding(locks.map(Lock::file));
        for (name, value) in arguments::environment(request) {
            command = command.env(name, value);
        }
        let mut reader = Reader::default();
        let status = command.stream(cancel, &mut |channel, bytes| {
            if channel == Channel::Stderr {
                reader.read(bytes, &mut |item| narrator.take(item));
            }
        });
        reader.finish(&mut |item| narrator.take(item));
        let image = request.image.clone();
        match status {
            Ok(status) => Ok(status.success()),
            Err(ProcessError::Cancelled { .. }) => Err(BuildError::Cancelled { image }),
            Err(error) => {
                let hint = matches!(error, ProcessError::NotFound { .. })
                    .then(|| FindError::Nowhere(Vec::new()).hint().to_owned());
                Err(BuildError::Unavailable { image, message: error.to_string(), hint })
            }
        }
    }
}

/// How often a build is tried whose tag somebody else set in the same moment; its steps are in the cache by then.
const ATTEMPTS: usize = 3;

impl Builder for Buildx {
    fn build(
        &self,
        request: &BuildRequest,
        locks: [&Lock; 2],
        cancel: &Cancel,
        progress: &dyn Fn(BuildProgress),
    ) -> Result<Built, BuildError> {
        let unavailable =
            |message: String| BuildError::Unavailable { image: request.image.clone(), message, hint: None };
        refuse_empty_secrets(request)?;
        let cancelled = || BuildError::Cancelled { image: request.image.clone() };
        let _pass = self.gate.enter(&request.secrets, cancel).ok_or_else(cancelled)?;

        // Beside the log, whose folder is ours alone: a temporary folder would outlive us when we are killed.
        let metadata = request.log.with_extension("metadata.json");
        let args = arguments::arguments(request, self.builder.as_deref(), &metadata);

        let texts = texts(&request.secrets);
        let mut attempts = 0;
        loop {
            let log = remove_if_there(&metadata)
                .and_then(|()| open_log(&request.log, &self.program, &args))
                .map_err(|error| unavailable(error.to_string()))?;
            let mut narrator = Narrator::new(Box::new(log), progress, Redactor::new(&texts));
            if self.run(request, args.clone(), locks, cancel, &mut narrator)? {
                let (steps, cached) = narrator.counts();
                let (digest, config) = take_metadata(&metadata).map_err(unavailable)?;
                return Ok(Built { digest, config, steps, cached });
            }
            let failure = narrator.failure();
            attempts += 1;
            if attempts == ATTEMPTS || !failure::somebody_tagged_at_once(&failure) {
                return Err(failure::classify(request, failure));
            }
        }
    }
}

/// An empty secret is one that somebody forgot to set, and BuildKit would hand it over without a word.
fn refuse_empty_secrets(request: &BuildRequest) -> Result<(), BuildError> {
    let empty = |source: &SecretSource| match source {
        SecretSource::Text(text) => text.is_empty(),
        SecretSource::File(path) => !fs::metadata(path).is_ok_and(|file| file.is_file()),
    };
    match request.secrets.iter().find(|secret| empty(&secret.from)) {
        None => Ok(()),
        Some(secret) => Err(BuildError::Unavailable {
            image: request.image.clone(),
            message: match &secret.from {
                SecretSource::Text(_) => format!("the secret `{}` is empty", secret.id),
                SecretSource::File(path) => format!("the secret `{}` is not a file: `{path}`", secret.id),
            },
            hint: Some("set it, or leave the secret out".to_owned()),
        }),
    }
}

/// Bytes of a secret file that is read to be hidden; a larger one is a bundle of certificates.
const LARGEST: u64 = 64 << 10;

/// What may not be shown. A file that cannot be read has nothing that a build could print.
fn texts(secrets: &[SecretValue]) -> Vec<String> {
    let text = |secret: &SecretValue| match &secret.from {
        SecretSource::Text(text) => Some(text.clone()),
        SecretSource::File(path) if fs::metadata(path).ok()?.len() <= LARGEST => {
            Some(String::from_utf8_lossy(&fs::read(path).ok()?).into_owned())
        }
        SecretSource::File(_) => None,
    };
    secrets.iter().filter_map(text).collect()
}

/// A new log, which begins with the command: no secret is in its arguments. Written without a buffer, so that a
/// reader sees it grow.
fn open_log(path: &Utf8Path, program: &Utf8Path, args: &[String]) -> std::io::Result<fs::File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut log = fs::File::create(path)?;
    writeln!(log, "$ {program} {}", args.join(" "))?;
    Ok(log)
}

/// The digests that a finished build has left: the result's, and its configuration's.
fn take_metadata(path: &Utf8Path) -> Result<(Digest, Option<Digest>), String> {
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(rename = "containerimage.digest")]
        digest: Option<Digest>,
        #[serde(rename = "containerimage.config.digest")]
        config: Option<Digest>,
    }
    let text = fs::read_to_string(path).map_err(|error| format!("buildx left no metadata: {error}"))?;
    remove_if_there(path).map_err(|error| error.to_string())?;
    let metadata: Metadata = serde_json::from_str(&text)
        .map_err(|error| format!("buildx left metadata that cannot be read: {error}"))?;
    // Without manifests, as in the oldest engines, there is a configuration only.
    let digest = metadata.digest.or(metadata.config);
    Ok((digest.ok_or("buildx built, but names no digest of the result")?, metadata.config))
}

#[cfg(test)]
#[path = "buildx/tests.rs"]
mod tests;
