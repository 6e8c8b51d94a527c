//! The steps of `up` and `down`, in their order. Each step looks whether its work is done; so `up` after a crash, at
//! whatever moment, goes on from there.

use crate::{
    Emulation, Progress, Running, SandboxError, UpOptions,
    architecture::Architecture,
    aws,
    downloads::Downloads,
    emulation, engine,
    folder::Folder,
    host::Host,
    network::{self, Network},
    packages::PackageSet,
    processes::Role,
    registry, root, rootfs, stand_in,
    state::State,
};
use std::{thread, time::Instant};

/// A run of `up`.
struct Up<'a> {
    folder: &'a Folder,
    host: Host,
    state: State,
    /// The programs.
    sets: [PackageSet; 2],
    /// Of the base image.
    architectures: Vec<Architecture>,
    in_memory: bool,
    progress: &'a dyn Fn(Progress<'_>),
}

/// Brings the sandbox in `folder` up; whoever calls holds its lock.
pub(crate) fn up(
    folder: &Folder,
    host: Host,
    options: &UpOptions,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Running, SandboxError> {
    fs_err::create_dir_all(folder.tmp())?;
    let native = host.architecture;
    let mut state = match State::load(folder) {
        Some(state) => state,
        None => State {
            network: Network::choose(folder)?,
            registry_port: u16::try_from(folder.number() % 10_000).unwrap_or_default(),
            registry_password: registry::password()?,
            forwarding_was_off: false,
            emulate_arm64: false,
            aws: false,
            aws_port: 0,
        },
    };
    state.emulate_arm64 |= options.emulate.contains(&Emulation::Arm64) && native != Architecture::Arm64;
    state.aws |= options.aws;
    state.save(folder)?;
    let mut architectures = vec![native];
    architectures.extend(state.emulate_arm64.then_some(Architecture::Arm64));
    let sets = [PackageSet::engine(native), PackageSet::tools(native, host.release)];
    Up { folder, host, state, sets, architectures, in_memory: options.in_memory, progress }.run()
}

impl Up<'_> {
    fn run(mut self) -> Result<Running, SandboxError> {
        self.provision()?;
        self.start_engine()?;
        if !registry::answers(self.folder, &self.state) {
            step(self.progress, "start the registry", || registry::start(self.folder, &mut self.state))?;
            // It follows a registry that may have another port now.
            Role::Aws.stop(self.folder)?;
        }
        if self.state.aws && !aws::answers(self.folder, &self.state) {
            step(self.progress, "start S3, ECR and Lambda", || aws::start(self.folder, &mut self.state))?;
        }
        if self.state.emulate_arm64 {
            emulation::up(self.folder)?;
        }
        if !stand_in::is_built(self.folder, &self.architectures) {
            let build = || stand_in::build(self.folder, &self.architectures);
            step(self.progress, "build the stand-in for public.ecr.aws/lambda/python:3.13", build)?;
        }
        Ok(Running::of(self.folder, &self.state))
    }

    /// Downloads and unpacks what is missing.
    fn provision(&self) -> Result<(), SandboxError> {
        let (folder, programs, native) = (self.folder, &self.sets, self.host.architecture);
        let unpacked = root::is_unpacked(folder, programs);
        let is_missing = |architecture: &&Architecture| !rootfs::is_made(folder, **architecture);
        let archives: Vec<Architecture> = self.architectures.iter().filter(is_missing).copied().collect();
        let emulator = !self.state.emulate_arm64 || emulation::is_prepared(folder);
        let aws = !self.state.aws || aws::is_unpacked(folder);
        if unpacked && archives.is_empty() && emulator && aws {
            return Ok(());
        }
        let path = Downloads::default_folder()?;
        let downloads =
            Downloads::open(path.clone(), || (self.progress)(Progress::Waiting { folder: &path }))?;
        let mut sets = programs.to_vec();
        sets.push(PackageSet::pip(native));
        sets.extend(self.architectures.iter().map(|architecture| PackageSet::image(*architecture)));
        sets.extend(self.state.emulate_arm64.then(|| PackageSet::emulator(native)));
        if sets.iter().any(|set| downloads.get(&set.key()).is_none()) {
            let fetch = || downloads.fetch_packages(&sets, self.host.release);
            step(self.progress, "download packages from Debian", fetch)?;
        }
        if !unpacked {
            // An engine of another version may be running from there.
            stop(folder)?;
        }
        if !unpacked || !archives.is_empty() {
            step(self.progress, "unpack the engine and the base image", || {
                thread::scope(|scope| {
                    let unpack =
                        || if unpacked { Ok(()) } else { root::unpack(folder, &downloads, programs) };
                    let unpacking = scope.spawn(unpack);
                    rootfs::make(folder, &downloads, &archives)?;
                    unpacking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
            })?;
        }
        if !emulator {
            step(self.progress, "unpack the emulator", || emulation::prepare(folder, &downloads, native))?;
        }
        if !aws {
            let unpack = || aws::unpack(folder, &downloads);
            step(self.progress, "download and unpack what answers as S3, ECR and Lambda", unpack)?;
        }
        Ok(())
    }

    fn start_engine(&mut self) -> Result<(), SandboxError> {
        if engine::answers(self.folder) {
            return Ok(());
        }
        step(self.progress, "start the engine", || {
            // Parts of one that was killed.
            engine::stop(self.folder)?;
            let mut network = Network::of(self.folder, &self.state);
            network.delete_bridges(self.folder)?;
            if !network.is_free()? {
                self.state.network = Network::choose(self.folder)?;
                network = Network::of(self.folder, &self.state);
            }
            self.state.forwarding_was_off |= network::forwarding_is_off()?;
            self.state.save(self.folder)?;
            network.up(self.folder)?;
            engine::start(self.folder, &network, self.in_memory)
        })
    }
}

/// Stops everything and takes everything back; whoever calls holds the folder's lock.
pub(crate) fn down(folder: &Folder) -> Result<(), SandboxError> {
    stop(folder)?;
    let Some(mut state) = State::load(folder) else { return Ok(()) };
    Network::of(folder, &state).down(folder, state.forwarding_was_off)?;
    state.forwarding_was_off = false;
    if state.emulate_arm64 && emulation::is_prepared(folder) {
        emulation::down(folder)?;
    }
    state.emulate_arm64 = false;
    state.aws = false;
    Ok(state.save(folder)?)
}

/// How to reach the sandbox, if it is up.
pub(crate) fn running(folder: &Folder) -> Option<Running> {
    let state = State::load(folder)?;
    let answers = engine::answers(folder)
        && registry::answers(folder, &state)
        && (!state.aws || aws::answers(folder, &state));
    answers.then(|| Running::of(folder, &state))
}

fn stop(folder: &Folder) -> Result<(), SandboxError> {
    Role::Aws.stop(folder)?;
    Role::Registry.stop(folder)?;
    engine::stop(folder)
}

fn step<T>(
    progress: &dyn Fn(Progress<'_>),
    step: &str,
    work: impl FnOnce() -> Result<T, SandboxError>,
) -> Result<T, SandboxError> {
    progress(Progress::Started { step });
    let start = Instant::now();
    let done = work()?;
    progress(Progress::Finished { step, took: start.elapsed() });
    Ok(done)
}
