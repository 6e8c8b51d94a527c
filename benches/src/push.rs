//! How long it takes until changed handlers are in a registry, against BuildKit's builds of the same images; and until large
//! layers are, against `tar | gzip -1` of the same files. The registry is on loopback and asks for no password.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use fs_err as fs;
use layerwise_bench::size::Size;
use layerwise_bench::{content, images, layout};

use crate::measure::{Case, in_turn};
use crate::memory;
use crate::open_registry::OpenRegistry;
use crate::place::{Repository, this};
use crate::report;
use crate::sandboxed::Sandboxed;

/// Measures a repository of each size, then the layers.
pub fn run(sizes: &[Size], runs: usize) -> Result<()> {
    Sandboxed::with("Pushing", |sandboxed| {
        for &size in sizes {
            let repository = Repository::to_build(size)?;
            let registry = OpenRegistry::start(&sandboxed.registry, repository.beside("registry"))?;
            let pushes = Pushes { repository, registry, sandboxed };
            pushes.handlers(runs)?;
        }
        layers(sandboxed, runs.min(3))
    })
}

struct Pushes<'a> {
    repository: Repository,
    registry: OpenRegistry,
    sandboxed: &'a Sandboxed,
}

impl Pushes<'_> {
    fn handlers(&self, runs: usize) -> Result<()> {
        // The bases need an engine; handlers do not.
        let built = self.tool(&["--sandbox"])?.stderr_null().read()?;
        let generate = self.repository.tool(&["generate"])?;
        self.sandboxed.with_env(self.repository.child(&generate)).stderr_null().run()?;
        let name = layout::lambda_name(0);
        // `<name> <reference>@<digest>`, for bases too.
        let base = built.lines().find_map(|line| line.strip_prefix("base-core "));
        let base = base.context("the tool does not say where base-core is")?;
        let own = [
            "build".to_owned(),
            "--provenance=false".to_owned(),
            "--platform=linux/amd64".to_owned(),
            format!("--file=target/images/{name}.Dockerfile"),
            format!("--build-arg=BASE_IMAGE={base}"),
            format!("--tag={}/by-hand:latest", self.registry.address),
            "--push".to_owned(),
            ".".to_owned(),
        ];
        report::heading(&format!("One handler changed, pushed, {}", self.repository.size));
        let one = |from: usize| move || self.change(from..from + 1);
        let cases = [
            Case::new("docker-buildx build --push, by hand", self.buildx(own)).before(one(0)),
            Case::new("build-lambdas --push, that one", self.tool(&[&name])?).before(one(0)),
            Case::new("build-lambdas --push", self.tool(&[])?).before(one(0)),
        ];
        report::table(&cases, &in_turn(&cases, runs)?);

        let lambdas = self.repository.size.lambdas();
        report::heading(&format!("All {lambdas} handlers changed, pushed, {}", self.repository.size));
        let all = || self.change(0..lambdas);
        let declared = images::images(self.repository.size).images.into_iter().map(|image| image.name);
        let tags = declared.chain(["base-core", "base-text"].map(str::to_owned));
        let tags = tags.map(|name| format!("--set={name}.tags={}/bake/{name}:latest", self.registry.address));
        let bake = ["bake", "--file=target/images/docker-bake.json", "--push"].map(str::to_owned);
        let cases = [
            Case::new("docker-buildx bake --push, by hand", self.buildx(bake.into_iter().chain(tags)))
                .before(all),
            Case::new("build-lambdas --push", self.tool(&[])?).before(all),
        ];
        report::table(&cases, &in_turn(&cases, runs)?);
        Ok(())
    }

    /// Gives handlers contents that nobody has built yet.
    fn change(&self, lambdas: std::ops::Range<usize>) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        for index in lambdas {
            let text = format!("{}# {now}\n", content::handler(index as u64));
            fs::write(self.repository.root.join(layout::lambda(index)).join("handler.py"), text)?;
        }
        Ok(())
    }

    fn tool(&self, options: &[&str]) -> Result<duct::Expression> {
        let args = [&["build-lambdas", "--push", "--registry", &self.registry.address], options].concat();
        Ok(self.sandboxed.with_env(self.repository.child(&self.repository.tool(&args)?)))
    }

    fn buildx(&self, args: impl IntoIterator<Item = String>) -> duct::Expression {
        self.sandboxed.with_env(duct::cmd(self.sandboxed.buildx.as_str(), args).dir(&self.repository.root))
    }
}

/// Many small files and one large one, half of it noise that no compressor makes smaller.
fn layers(sandboxed: &Sandboxed, runs: usize) -> Result<()> {
    for (name, files, bytes) in [("1,342 files of 4 kB", 1_342, 4 << 10), ("one file of 1 GB", 1, 1 << 30)] {
        report::heading(&format!("A layer of {name}, pushed"));
        let root = crate::place::target()?.join("bench/layer");
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        fs::create_dir_all(root.join("assets"))?;
        for index in 0..files {
            fs::write(root.join(format!("assets/{index}.bin")), noise(index, bytes))?;
        }
        let registry = OpenRegistry::start(&sandboxed.registry, root.with_extension("registry"))?;
        let parent = format!("{}/parent:1", registry.address);
        for command in [["tag", PARENT, &parent].as_slice(), &["push", "--quiet", &parent]] {
            sandboxed.with_env(duct::cmd(sandboxed.docker.as_str(), command)).stdout_null().run()?;
        }
        let tool = crate::place::tool()?;
        let push =
            ["build-lambdas", "--push", "--force", "--registry", &registry.address, "--root", root.as_str()];
        let push: Vec<String> = [tool.as_str()].iter().chain(&push).map(|&arg| arg.to_owned()).collect();
        let env = |child: duct::Expression| {
            sandboxed
                .with_env(child)
                .env("LAYERWISE_BENCH_PARENT", &parent)
                .env("LAYERWISE_RECORDS", root.join("records"))
        };
        // A layer that was pushed before is not made again.
        let change = || Ok(fs::write(root.join("assets/0.bin"), noise(now()?, bytes))?);
        let cases = [
            Case::new(
                "tar | gzip -1",
                duct::cmd!("sh", "-c", "tar -c assets | gzip -1 > layer.tar.gz").dir(&root),
            ),
            Case::new("build-lambdas --push", env(duct::cmd(&push[0], &push[1..]))).before(change),
        ];
        report::table(&cases, &in_turn(&cases, runs)?);
        change()?;
        let peak = [this()?.into(), memory::COMMAND.to_owned()].into_iter().chain(push).collect::<Vec<_>>();
        let peak: u64 = env(duct::cmd(&peak[0], &peak[1..])).stderr_null().read()?.parse()?;
        report::line(format!("  peak memory {:.1} MB", peak as f64 / 1_000_000.0));
        drop(registry);
        fs::remove_dir_all(&root)?;
    }
    Ok(())
}

const PARENT: &str = "public.ecr.aws/lambda/python:3.13";

fn now() -> Result<usize> {
    Ok(usize::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos())?)
}

/// Bytes of which half are zeros and half look random.
fn noise(seed: usize, bytes: usize) -> Vec<u8> {
    let mut state = seed as u64 | 1;
    let mut out = Vec::with_capacity(bytes);
    while out.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
        out.extend_from_slice(&[0; 8]);
    }
    out.truncate(bytes);
    out
}
