//! A copy of the sample monorepo in a folder of a test's own, with a buildx that counts.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::process::Command;
use libtest_mimic::Failed;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;

use crate::world::{Said, World};

/// What stands before the fingerprint in a call of buildx.
const FINGERPRINT: &str = "--label=io.layerwise.fingerprint=";

pub struct Checkout<'a> {
    pub world: &'a World,
    pub root: Utf8PathBuf,
    program: &'static str,
    /// Where images go: a registry's prefix of the test's own, so that tests do not meet; the local store without.
    prefix: Option<String>,
    records: Utf8PathBuf,
    docker_config: Utf8PathBuf,
    /// Variables that win over all others.
    pub env: Vec<(String, String)>,
}

impl<'a> Checkout<'a> {
    /// The sample monorepo; images go below a prefix of the registry that is called like the test.
    pub fn pushing(world: &'a World, test: &str) -> Result<Self, Failed> {
        let prefix = format!("{}/{test}", world.running.registry);
        Self::sample(world, test, Some(prefix))
    }

    /// The sample monorepo, built by a program with AWS: the sandbox's. Records are in a bucket of the test's own.
    pub fn on_aws(world: &'a World, test: &str) -> Result<Self, Failed> {
        let aws = world.aws()?;
        let prefix = format!("{}/{test}", world.running.registry);
        let root = Self::copied(world, test)?;
        let mut checkout = Self::of(world, test, root, Some(prefix), env!("CARGO_BIN_EXE_aws"))?;
        checkout.records = format!("s3://{}/records", aws.bucket(test)?).into();
        checkout.env = aws.env();
        // Whatever CI this runs in.
        checkout.env.push(("LAYERWISE_RECORDS_ACCESS".to_owned(), "read-write".to_owned()));
        Ok(checkout)
    }

    /// The sample monorepo; images stay in the engine.
    pub fn local(world: &'a World, test: &str) -> Result<Self, Failed> {
        Self::sample(world, test, None)
    }

    /// The sample monorepo under other names and with files of its own: for tests that keep images in the engine, which
    /// all tests share, and must not meet each other's.
    pub fn renamed(world: &'a World, test: &str) -> Result<Self, Failed> {
        let root = Self::copied(world, test)?;
        for path in files(&root).iter().filter(|path| path.extension() == Some("py")) {
            fs::write(path, format!("{}\n# {test}\n", fs::read_to_string(path)?))?;
        }
        Self::of(world, test, root, None, env!("CARGO_BIN_EXE_renamed"))
    }

    fn sample(world: &'a World, test: &str, prefix: Option<String>) -> Result<Self, Failed> {
        Self::of(world, test, Self::copied(world, test)?, prefix, env!("CARGO_BIN_EXE_sample"))
    }

    fn copied(world: &World, test: &str) -> Result<Utf8PathBuf, Failed> {
        let root = world.folder(&format!("{test}/checkout"));
        let repository = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no parent")?;
        for folder in ["base-images", "lambdas"] {
            copy(&repository.join(folder), &root.join(folder))?;
        }
        Ok(root)
    }

    /// Another repository, built by `program`.
    pub fn of(
        world: &'a World,
        test: &str,
        root: Utf8PathBuf,
        prefix: Option<String>,
        program: &'static str,
    ) -> Result<Self, Failed> {
        let docker_config = world.folder(&format!("{test}/docker"));
        let plugins = world.folder(&format!("{test}/docker/cli-plugins"));
        fs::copy(world.running.docker_config.join("config.json"), docker_config.join("config.json"))?;
        let counting = plugins.join("docker-buildx");
        fs::write(
            &counting,
            format!(
                "#!/bin/sh\necho \"$@\" >> {docker_config}/calls\nexec {} \"$@\"\n",
                world.running.buildx
            ),
        )?;
        fs::set_permissions(&counting, std::fs::Permissions::from_mode(0o755))?;
        let records = world.folder(&format!("{test}/records"));
        world.folder(&format!("{test}/tmp"));
        Ok(Self { world, root, program, prefix, records, docker_config, env: Vec::new() })
    }

    /// Another checkout of the same files that shares records and destination.
    pub fn second(&self, test: &str) -> Result<Checkout<'a>, Failed> {
        self.second_of(test, &["base-images", "lambdas"])
    }

    /// As [`Checkout::second`], for a repository of these folders.
    pub fn second_of(&self, test: &str, folders: &[&str]) -> Result<Checkout<'a>, Failed> {
        let root = self.world.folder(&format!("{test}/second checkout ü"));
        for folder in folders {
            copy(&self.root.join(folder), &root.join(folder))?;
        }
        Ok(Checkout {
            world: self.world,
            root,
            program: self.program,
            prefix: self.prefix.clone(),
            records: self.records.clone(),
            docker_config: self.docker_config.clone(),
            env: self.env.clone(),
        })
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        self.with_arguments(self.world.command(self.program, &self.root), arguments)
    }

    /// The program as the last words of another one's arguments.
    pub fn below(&self, words: &[&str], arguments: &[&str]) -> Command {
        let command = self.world.command(words[0], &self.root).args(words[1..].iter().copied());
        self.with_arguments(command.args([self.program]), arguments)
    }

    fn with_arguments(&self, command: Command, arguments: &[&str]) -> Command {
        let command = command.env("DOCKER_CONFIG", self.docker_config.as_str());
        let command = command.env("LAYERWISE_RECORDS", self.records.as_str());
        let command = command.env("TMPDIR", self.temporary().as_str());
        // All tests share one engine: stable tags of their own.
        let test = self.records.parent().and_then(|folder| folder.file_name()).unwrap_or_default();
        let command = command.env("LAYERWISE_STATIC_BASE", format!("{{name}}-{test}:stable"));
        // As cargo says it to what it runs.
        let command = command.env("CARGO_MANIFEST_DIR", self.root.join("xtask").as_str());
        let command = self.env.iter().fold(command, |command, (name, value)| command.env(name, value));
        let place = self.prefix.iter().flat_map(|prefix| ["--push", "--registry", prefix]);
        let place: Vec<&str> =
            if arguments.first() == Some(&"build-lambdas") { place.collect() } else { Vec::new() };
        command.args(["--root", self.root.as_str()]).args(arguments.iter().copied()).args(place)
    }

    pub fn run(&self, arguments: &[&str]) -> Result<Said, Failed> {
        self.world.run(&self.command(arguments))
    }

    /// Runs, and sends `signal` to the program so long `after` its start, if at all. Answers its exit code, -1 when a
    /// signal ended it.
    pub fn interrupted(
        &self,
        arguments: &[&str],
        signal: &str,
        after: Option<Duration>,
    ) -> Result<i32, Failed> {
        let Some(after) = after else { return Ok(self.run(arguments)?.code) };
        let fifo = self.docker_config.join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, fifo.as_std_path(), rustix::fs::Mode::RWXU)?;
        // As a terminal does it: the signal goes to the program's process group, in which nobody else is.
        let script = "(read -r signal < \"$0\" && kill -s \"$signal\" 0) > /dev/null 2>&1 & exec \"$@\"";
        let command = self.below(&["/bin/sh", "-c", script, fifo.as_str()], arguments);
        let said = std::thread::scope(|scope| {
            let run = scope.spawn(|| self.world.run(&command));
            // Not a wait for something: any moment is as good as any other.
            std::thread::park_timeout(after);
            fs::write(&fifo, signal)?;
            run.join().map_err(|_| "the run panicked")?
        });
        fs::remove_file(&fifo)?;
        Ok(said?.code)
    }

    /// Builds, and answers the report.
    pub fn build(&self, arguments: &[&str]) -> Result<Report, Failed> {
        self.report(&self.command(&[&["build-lambdas", "--json"], arguments].concat()))
    }

    /// The report of a `command` that gives one.
    pub fn report(&self, command: &Command) -> Result<Report, Failed> {
        let said = self.world.run(command)?;
        let json =
            serde_json::from_str(&said.stdout).map_err(|_| format!("{}\n{}", said.stdout, said.stderr))?;
        let report = Report { code: said.code, json, stderr: said.stderr };
        let assembled = report.assembled().into_iter().map(|hex| format!("build {FINGERPRINT}{hex}\n"));
        let mut calls = fs::File::options().create(true).append(true).open(self.calls())?;
        calls.write_all(assembled.collect::<String>().as_bytes())?;
        Ok(report)
    }

    fn calls(&self) -> Utf8PathBuf {
        self.docker_config.join("calls")
    }

    /// How many builds there were since the last time: calls of `buildx build`, and images that a report calls assembled.
    pub fn builds(&self) -> usize {
        self.built().len()
    }

    /// The fingerprints of these builds.
    pub fn built(&self) -> Vec<String> {
        let calls = self.calls();
        let said = fs::read_to_string(&calls).unwrap_or_default();
        let _ = fs::remove_file(calls);
        let builds = said.lines().filter(|call| call.starts_with("build "));
        let label = |call: &str| call.split(FINGERPRINT).nth(1)?.get(..64).map(str::to_owned);
        builds.map(|call| label(call).unwrap_or_default()).collect()
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.root.join(path).parent().unwrap()).unwrap();
        fs::write(self.root.join(path), text).unwrap();
    }

    pub fn append(&self, path: &str, text: &str) {
        let old = fs::read_to_string(self.root.join(path)).unwrap();
        self.write(path, &(old + text));
    }

    pub fn records(&self) -> usize {
        files(&self.records).iter().filter(|path| path.extension() == Some("record")).count()
    }

    /// The same checkout, pushing to `prefix`.
    pub fn pushing_to(mut self, prefix: &str) -> Self {
        self.prefix = Some(prefix.to_owned());
        self
    }

    /// Where it pushes to.
    pub fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default()
    }

    pub fn docker_config(&self) -> &Utf8Path {
        &self.docker_config
    }

    /// Where its programs put temporary files.
    pub fn temporary(&self) -> Utf8PathBuf {
        self.docker_config.with_file_name("tmp")
    }

    pub fn records_folder(&self) -> &Utf8Path {
        &self.records
    }
}

/// What `build-lambdas --json` said.
pub struct Report {
    pub code: i32,
    pub json: Value,
    pub stderr: String,
}

impl Report {
    /// The images with this outcome (`fresh`, `built`, `failed`, `not-built`).
    pub fn with(&self, status: &str) -> BTreeSet<String> {
        let images = self.json["images"].as_array().unwrap();
        let found = images.iter().filter(|image| image["outcome"]["status"] == status);
        found.map(|image| image["label"].as_str().unwrap().to_owned()).collect()
    }

    /// The fingerprints of the images that were built without BuildKit.
    fn assembled(&self) -> Vec<&str> {
        let images = self.json["images"].as_array().into_iter().flatten();
        // What another run has built meanwhile counts as built too, but it took no steps.
        let assembled = images.filter(|image| {
            let outcome = &image["outcome"];
            outcome["status"] == "built" && outcome["assembled"] == true && outcome["steps"] != 0
        });
        assembled.filter_map(|image| image["fingerprint"].as_str()?.strip_prefix("sha256:")).collect()
    }

    pub fn outcome(&self, label: &str) -> &Value {
        let images = self.json["images"].as_array().unwrap();
        &images.iter().find(|image| image["label"] == label).unwrap()["outcome"]
    }
}

/// A set of names.
pub fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

pub fn files(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir_utf8().into_iter().flatten() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(entry.path()));
        } else {
            found.push(entry.into_path());
        }
    }
    found
}

fn copy(from: &Utf8Path, to: &Utf8Path) -> Result<(), Failed> {
    for path in files(from) {
        let relative = path.strip_prefix(from)?;
        if relative.as_str().contains("__pycache__") {
            continue;
        }
        let target = to.join(relative);
        fs::create_dir_all(target.parent().ok_or("no parent")?)?;
        fs::copy(&path, &target)?;
    }
    Ok(())
}
