//! What answers as AWS: S3, ECR and Lambda by moto, in a process of its own. Its ECR has the images that the sandbox's
//! registry has, and gives that registry's login. Listens on the loopback interface only; checks no signature.

use crate::{
    SandboxError,
    command::Command,
    downloads::{Downloads, digest},
    engine::NoAnswer,
    folder::Folder,
    http, port,
    processes::Role,
    registry::{self, NoFreePort},
    root::remove,
    state::State,
    wheels,
};
use camino::Utf8PathBuf;
use serde::Serialize;
use std::collections::BTreeMap;

const SERVER: &str = include_str!("../assets/aws.py");
const REQUIREMENTS: &str = include_str!("../assets/aws-wheels.txt");

/// Debian's own, whose version the wheels are for; another may come first in `PATH`.
const PYTHON: &str = "/usr/bin/python3";
/// Beside the registry's port, so that the first wish of each is free.
const AFTER_REGISTRY: u32 = 1;

/// How to reach what answers as AWS: everything in one account, `123456789012`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Aws {
    /// For `AWS_ENDPOINT_URL`.
    pub endpoint: String,
    /// The region.
    pub region: String,
}

impl Aws {
    pub(crate) fn of(state: &State) -> Self {
        Self { endpoint: format!("http://127.0.0.1:{}", state.aws_port), region: "us-east-1".to_owned() }
    }

    /// The environment of a program that is to take it for AWS. No profile of the user's and no metadata service is asked.
    pub(crate) fn env(&self) -> [(&'static str, String); 7] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_DEFAULT_REGION", self.region.clone()),
            ("AWS_ACCESS_KEY_ID", "sandbox".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned()),
            ("AWS_SESSION_TOKEN", String::new()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }
}

/// Whether its packages are there.
pub(crate) fn is_unpacked(folder: &Folder) -> bool {
    packages(folder).is_dir()
}

/// Fetches its packages, if need be, and unpacks them.
pub(crate) fn unpack(folder: &Folder, downloads: &Downloads) -> Result<(), SandboxError> {
    let (partial, place) = (folder.tmp().join("aws"), packages(folder));
    remove(&partial)?;
    let version = Command::new(PYTHON)
        .args(["-c", "import sys; print(f'{sys.version_info[0]}.{sys.version_info[1]}')"])
        .run()?;
    let key = format!("wheels-aws-{}-{}", version.trim(), digest(REQUIREMENTS));
    let work = folder.tmp().join(&key);
    let fetched = downloads
        .get_or_fetch(&key, |into| wheels::download(downloads, PYTHON, REQUIREMENTS, into, &work, &[]))?;
    fs_err::create_dir_all(&partial)?;
    wheels::unpack(&fetched, &partial)?;
    // Of an earlier version of ours.
    if let Some(all) = place.parent() {
        remove(all)?;
        fs_err::create_dir_all(all)?;
    }
    Ok(fs_err::rename(partial, place)?)
}

/// Whether it answers.
pub(crate) fn answers(folder: &Folder, state: &State) -> bool {
    Role::Aws.main_process(folder).is_some()
        && http::status_at_port(state.aws_port, "/moto-api/") == Some(200)
}

/// Starts it and waits until it answers; on another port, if its own is taken by now. The registry runs.
pub(crate) fn start(folder: &Folder, state: &mut State) -> Result<(), SandboxError> {
    Role::Aws.stop(folder)?;
    let script = folder.path().join("aws.py");
    fs_err::write(&script, SERVER)?;
    let password = ("LAYERWISE_SANDBOX_REGISTRY_PASSWORD".to_owned(), state.registry_password.clone());
    let environment = BTreeMap::from([
        password,
        ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
        ("HOME".to_owned(), folder.path().to_string()),
        ("TMPDIR".to_owned(), folder.tmp().to_string()),
    ]);
    for _ in 0..3 {
        let wish = match state.aws_port {
            0 => u32::from(state.registry_port) + AFTER_REGISTRY,
            port => u32::from(port),
        };
        state.aws_port = port::free(wish).ok_or(NoFreePort)?;
        state.save(folder)?;
        let (packages, journal) = (packages(folder), folder.path().join("aws.journal"));
        let (port, registry) = (state.aws_port.to_string(), registry::address(state));
        // Isolated: the user's own packages and variables of Python are not its business.
        let arguments =
            [PYTHON, "-I", script.as_str(), packages.as_str(), &port, &registry, journal.as_str()];
        Role::Aws.start(folder, &arguments, environment.clone())?;
        if Role::Aws.wait_until(folder, || answers(folder, state)) {
            return Ok(());
        }
    }
    let error = NoAnswer::of(Role::Aws, "AWS", "aws", folder);
    Role::Aws.stop(folder)?;
    Err(error.into())
}

fn packages(folder: &Folder) -> Utf8PathBuf {
    folder.path().join("aws").join(digest(REQUIREMENTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wheel_is_pinned() {
        let lines = REQUIREMENTS.replace("\\\n", " ");
        let requirements: Vec<_> = lines.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(requirements.iter().any(|line| line.starts_with("moto==")));
        assert!(requirements.iter().all(|line| line.contains("==") && line.contains("--hash=sha256:")));
    }
}
