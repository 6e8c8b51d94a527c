//! How long builds take, against the same builds by hand.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use fs_err as fs;
use layerwise::builder::{SecretSource, SecretValue};
use layerwise::pip_secrets::pip_secrets;
use layerwise::process::Env;
use layerwise_bench::size::Size;
use layerwise_bench::{content, layout};

use crate::measure::{Case, in_turn};
use crate::place::Repository;
use crate::report;
use crate::sandboxed::Sandboxed;

/// Measures builds of a repository of each size.
pub fn run(sizes: &[Size], runs: Option<usize>) -> Result<()> {
    Sandboxed::with("Builds", |sandboxed| {
        sizes.iter().try_for_each(|&size| {
            let repository = Repository::to_build(size)?;
            let builds = Builds { repository, sandboxed, secrets: pip_secrets(&Env::current()) };
            builds.one_handler(runs.unwrap_or(10))?;
            builds.everything(runs.unwrap_or(3))
        })
    })
}

/// A repository to build, changed as it pleases.
struct Builds<'a> {
    repository: Repository,
    sandboxed: &'a Sandboxed,
    secrets: Vec<SecretValue>,
}

impl Builds<'_> {
    fn one_handler(&self, runs: usize) -> Result<()> {
        report::heading(&format!("One handler changed, {}", self.repository.size));
        let name = layout::lambda_name(0);
        let report = self.tool(&["build-lambdas", "--sandbox"])?.stderr_null().read()?;
        self.tool(&["generate"])?.stderr_null().run()?;
        // `<name> <reference>@<digest>`, for bases too.
        let base = report.lines().find_map(|line| line.strip_prefix("base-core "));
        let base = base.context("the tool does not say where base-core is")?;
        let by_hand = [
            "build",
            "--provenance=false",
            "--sbom=false",
            "--platform=linux/amd64",
            &format!("--file=target/images/{name}.Dockerfile"),
            &format!("--build-arg=BASE_IMAGE={base}"),
            "--tag=by-hand:local",
            "--load",
            ".",
        ]
        .map(str::to_owned);
        let tool = self.tool(&["build-lambdas", "--sandbox", &name])?;
        let cases = [
            Case::new("docker-buildx build, by hand", self.buildx(by_hand)).before(|| self.change_handler()),
            Case::new("build-lambdas", tool).before(|| self.change_handler()),
        ];
        let times = in_turn(&cases, runs)?;
        report::table(&cases, &times);
        let [by_hand, tool] = [&times[0], &times[1]].map(|times| times.median().as_secs_f64() * 1_000.0);
        report::line(format!("  overhead {:.1} ms", tool - by_hand));
        Ok(())
    }

    fn everything(&self, runs: usize) -> Result<()> {
        report::heading(&format!("Everything stale, layer cache empty, {}", self.repository.size));
        let bake = ["bake", "--file=target/images/docker-bake.json"].map(str::to_owned);
        let secrets = self.secrets.iter().enumerate().map(|(index, secret)| match &secret.from {
            SecretSource::Text(_) => format!("--set=*.secrets=id={},env={}", secret.id, variable(index)),
            SecretSource::File(path) => format!("--set=*.secrets=id={},src={path}", secret.id),
        });
        let tool = self.tool(&["build-lambdas", "--sandbox", "--force"])?;
        let prune = || {
            self.buildx(["prune", "--all", "--force"].map(str::to_owned)).stdout_null().run()?;
            Ok(())
        };
        let cases = [
            Case::new("docker-buildx bake, by hand", self.buildx(bake.into_iter().chain(secrets)))
                .before(prune),
            Case::new("build-lambdas --force", tool).before(prune),
        ];
        report::table(&cases, &in_turn(&cases, runs)?);
        Ok(())
    }

    /// Gives a handler a content that nobody has built yet.
    fn change_handler(&self) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let text = format!("{}# {now}\n", content::handler(0));
        Ok(fs::write(self.repository.root.join(layout::lambda(0)).join("handler.py"), text)?)
    }

    fn tool(&self, args: &[&str]) -> Result<duct::Expression> {
        Ok(self.sandboxed.with_env(self.repository.child(&self.repository.tool(args)?)))
    }

    fn buildx(&self, args: impl IntoIterator<Item = String>) -> duct::Expression {
        let child = self
            .sandboxed
            .with_env(duct::cmd(self.sandboxed.buildx.as_str(), args).dir(&self.repository.root));
        self.secrets.iter().enumerate().fold(child, |child, (index, secret)| match &secret.from {
            SecretSource::Text(text) => child.env(variable(index), text),
            SecretSource::File(_) => child,
        })
    }
}

/// The variable that hands over the text of a secret.
fn variable(index: usize) -> String {
    format!("BENCH_SECRET_{index}")
}
