//! One sandbox for all tests, and the programs under test in it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::process::{Cancel, Channel, Command};
use layerwise_sandbox::{Running, Sandbox, UpOptions};
use libtest_mimic::Failed;

use crate::aws::Aws;

/// What a program said.
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// Its results.
    pub stdout: String,
    /// What it told people.
    pub stderr: String,
}

impl Said {
    /// Its results, when it ended well.
    pub fn ok(self) -> Result<String, Failed> {
        if self.code == 0 {
            Ok(self.stdout)
        } else {
            Err(format!("exit code {}:\n{}", self.code, self.stderr).into())
        }
    }
}

/// A sandbox that is up.
pub struct World {
    sandbox: Sandbox,
    pub running: Running,
    folder: tempfile::TempDir,
    aws: OnceLock<Aws>,
}

impl World {
    pub fn new() -> Result<Self, Failed> {
        let folder = tempfile::Builder::new().prefix("e2e-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let sandbox = Sandbox::at(Utf8Path::from_path(folder.path()).ok_or("not UTF-8")?.join("sandbox"));
        let running = sandbox.up(&UpOptions::default(), &|_| {})?;
        Ok(Self { sandbox, running, folder, aws: OnceLock::new() })
    }

    /// Takes it down and deletes its folder: it lives in a static, which is never dropped.
    pub fn end(&self) {
        self.sandbox.purge().unwrap();
        fs::remove_dir_all(self.folder.path()).unwrap();
    }

    /// A library by which programs see another time of day.
    pub fn clock(&self) -> Result<Utf8PathBuf, Failed> {
        Ok(self.sandbox.clock()?)
    }

    /// What answers as AWS, from the first time on that it is asked for.
    pub fn aws(&self) -> Result<&Aws, Failed> {
        if self.aws.get().is_none() {
            let running = self.sandbox.up(&UpOptions { aws: true, ..UpOptions::default() }, &|_| {})?;
            let _ = self.aws.set(Aws::of(&running)?);
        }
        self.aws.get().ok_or_else(|| "no AWS".into())
    }

    /// Where the sandbox keeps everything.
    pub fn sandbox_folder(&self) -> Utf8PathBuf {
        self.folder("sandbox")
    }

    /// A new folder that is gone with the world.
    pub fn folder(&self, name: &str) -> Utf8PathBuf {
        let folder = Utf8Path::from_path(self.folder.path()).unwrap().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// The environment of programs: this one's, without anything that could lead them elsewhere, and the sandbox.
    pub fn command(&self, program: impl Into<Utf8PathBuf>, cwd: &Utf8Path) -> Command {
        let mut command = Command::new(program, cwd);
        for name in
            ["DOCKER_CONTEXT", "LAYERWISE_ROOT", "LAYERWISE_RECORDS", "LAYERWISE_REGISTRY", "NO_COLOR"]
        {
            command = command.env_remove(name);
        }
        command = command.env_remove("USE_STATIC_BASE_IMAGE");
        self.running.env().into_iter().fold(command, |command, (name, value)| command.env(name, value))
    }

    pub fn run(&self, command: &Command) -> Result<Said, Failed> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let status = command.stream(&Cancel::default(), &mut |channel, bytes| match channel {
            Channel::Stdout => stdout.extend_from_slice(bytes),
            Channel::Stderr => stderr.extend_from_slice(bytes),
        })?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Said { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) })
    }

    pub fn docker(&self, arguments: &[&str]) -> Result<String, Failed> {
        let cwd = self.folder("docker");
        let command = self.command(self.running.bin.join("docker"), &cwd);
        self.run(&command.args(arguments.iter().copied()))?.ok()
    }

    /// The paths of an image's files with type, mode, owner and content, and its configuration; what differs between
    /// two builds of the same thing (times) left out.
    pub fn contents(&self, image: &str) -> Result<BTreeMap<String, String>, Failed> {
        let script = "find / -xdev -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o -path /etc/hosts -o \
                      -path /etc/hostname -o -path /etc/resolv.conf -o -print | sort | while IFS= read -r f; do \
                      if [ -L \"$f\" ]; then echo \"$f|link|$(readlink \"$f\")\"; \
                      elif [ -f \"$f\" ]; then echo \"$f|$(stat -c '%F %a %u:%g' \"$f\")|$(sha256sum < \"$f\")\"; \
                      else echo \"$f|$(stat -c '%F %a %u:%g' \"$f\")|\"; fi; done";
        let listing = self.docker(&["run", "--rm", "--user=0", "--entrypoint=sh", image, "-c", script])?;
        let mut contents: BTreeMap<String, String> = listing
            .lines()
            .filter_map(|line| line.split_once('|'))
            .map(|(path, rest)| (path.into(), rest.into()))
            .collect();
        let format = "{{json .Config.Env}} {{json .Config.Cmd}} {{json .Config.Entrypoint}} {{json .Config.WorkingDir}} \
                      {{json .Config.User}} {{json .Config.ExposedPorts}}";
        contents.insert("config".into(), self.docker(&["image", "inspect", "--format", format, image])?);
        Ok(contents)
    }
}
