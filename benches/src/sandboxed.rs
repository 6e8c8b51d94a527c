//! A sandbox of the benchmarks' own, which is down again afterwards.

use anyhow::{Context as _, Result};
use camino::Utf8PathBuf;
use layerwise_sandbox::{Sandbox, UpOptions};

use crate::place::target;
use crate::report;

/// A sandbox that is up.
pub struct Sandboxed {
    /// The environment of programs that are to use it.
    pub env: Vec<(String, String)>,
    /// The program `docker-buildx`.
    pub buildx: Utf8PathBuf,
    /// The program `docker`.
    pub docker: Utf8PathBuf,
    /// The program `docker-registry`.
    pub registry: Utf8PathBuf,
}

impl Sandboxed {
    /// Does `work` in a sandbox. Where none can be had, says that `what` is not measured.
    pub fn with(what: &str, work: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        Self::of(what, &UpOptions::default(), work)
    }

    /// As [`Sandboxed::with`], with the engine's images in memory: where it is not the time of builds that is wanted.
    pub fn in_memory(what: &str, work: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        Self::of(what, &UpOptions { in_memory: true, ..UpOptions::default() }, work)
    }

    fn of(what: &str, options: &UpOptions, work: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        if let Err(why) = Sandbox::supported() {
            report::heading(&format!("{what} not measured, for want of a sandbox: {why}"));
            return Ok(());
        }
        let folder = target()?.join("bench/sandbox");
        let sandbox = Sandbox::at(folder.clone());
        let running = sandbox.up(options, &|_| {}).context("the sandbox does not come up")?;
        let mut env = running.env();
        env.push(("LAYERWISE_SANDBOX_DIR".to_owned(), folder.clone().into()));
        // What the tool says to buildx too: attestations and questions to git cost time.
        env.extend([("BUILDX_NO_DEFAULT_ATTESTATIONS", "1"), ("BUILDX_GIT_INFO", "false")].map(owned));
        let registry = folder.join("root/usr/bin/docker-registry");
        let (buildx, docker) = (running.buildx.clone(), running.bin.join("docker"));
        let measured = work(&Self { env, buildx, docker, registry });
        sandbox.down().context("the sandbox does not go down")?;
        measured
    }

    /// `child`, as it has to be called to use the sandbox.
    pub fn with_env(&self, child: duct::Expression) -> duct::Expression {
        self.env.iter().fold(child, |child, (name, value)| child.env(name, value))
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
