//! Where generated repositories and programs lie: below the target folder, where `cargo clean` finds them.

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use layerwise::destination::Destination;
use layerwise::store_dir::DirStore;
use layerwise_bench::generate::generate;
use layerwise_bench::images::images;
use layerwise_bench::record;
use layerwise_bench::size::Size;

use crate::report;

/// This program.
pub fn this() -> Result<Utf8PathBuf> {
    let this = std::env::current_exe()?;
    Utf8PathBuf::from_path_buf(this).ok().context("this program lies at a path that is not UTF-8")
}

/// The workspace.
pub fn workspace() -> &'static Utf8Path {
    let benches = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    benches.parent().unwrap_or(benches)
}

/// The target folder that this program was compiled to.
pub fn target() -> Result<Utf8PathBuf> {
    let this = this()?;
    Ok(this.ancestors().nth(2).context("this program lies nowhere")?.to_owned())
}

/// Cargo, as it called this program.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Compiles the tool under test as a user's `cargo xtask` would: in the dev profile, whatever this program is in.
pub fn compile_tool() -> Result<()> {
    let wanted = ["build", "--quiet", "--package", "layerwise-bench", "--bin", TOOL, "--target-dir"];
    let args = wanted.map(str::to_owned).into_iter().chain([target()?.into()]);
    duct::cmd(cargo(), args).dir(workspace()).run().context("the tool under test does not compile")?;
    Ok(())
}

const TOOL: &str = "layerwise-bench-repo";

/// The tool under test.
pub fn tool() -> Result<Utf8PathBuf> {
    Ok(target()?.join("debug").join(TOOL))
}

/// A generated repository with records of all its images.
pub struct Repository {
    /// Its size.
    pub size: Size,
    /// Where it is.
    pub root: Utf8PathBuf,
    /// Where its records are.
    records: Utf8PathBuf,
}

impl Repository {
    /// Generates it, unless that was done before, and records all its images as built in the local engine.
    pub fn of(size: Size) -> Result<Self> {
        let folder = target()?.join("bench");
        let (root, records) = (folder.join(size.to_string()), folder.join(format!("{size}.records")));
        if generate(size, &root)? {
            report::line(format!("  generated {root} ({} files)", size.files()));
        }
        let place = Destination::Local;
        record::everything(&root, &images(size), &place, &DirStore::new(records.join(place.slug())))?;
        Ok(Self { size, root, records })
    }

    /// Another one, to be built and changed; nothing is recorded.
    pub fn to_build(size: Size) -> Result<Self> {
        let root = target()?.join("bench").join(format!("{size}.build"));
        generate(size, &root)?;
        Ok(Self { size, records: root.join("target/layerwise/records"), root })
    }

    /// The tool under test, with arguments.
    pub fn tool(&self, args: &[&str]) -> Result<Vec<String>> {
        let tool = tool()?;
        let root = ["--root", self.root.as_str()];
        Ok([tool.as_str()].iter().chain(args).chain(&root).map(|&arg| arg.to_owned()).collect())
    }

    /// The least that a gate must do.
    pub fn floor(&self) -> Result<Vec<String>> {
        let command = crate::floor::COMMAND.to_owned();
        Ok(vec![this()?.into(), command, self.size.to_string(), self.root.to_string()])
    }

    /// A child that runs `command` and knows the size.
    pub fn child(&self, command: &[String]) -> duct::Expression {
        duct::cmd(&command[0], &command[1..])
            .env(Size::VARIABLE, self.size.to_string())
            .env("LAYERWISE_RECORDS", &self.records)
    }

    /// Where a measurement may write beside the repository.
    pub fn beside(&self, name: &str) -> Utf8PathBuf {
        self.root.with_extension(name)
    }
}
