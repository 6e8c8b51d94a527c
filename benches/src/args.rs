//! `cargo xtask bench [gate-speed|confirm|memory|build|compile|all] [--size S|M|L]… [--runs N]`.

use anyhow::{Context as _, Result, bail};
use layerwise_bench::size::Size;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// How long it takes to learn that nothing changed, and what is touched for it.
    GateSpeed,
    /// How long it takes to confirm every image as well.
    Confirm,
    /// How much memory the gate takes.
    Memory,
    /// Building, against building by hand.
    Build,
    /// Compiling the tool from a clean checkout.
    Compile,
}

/// The command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Args {
    /// What is measured, in order.
    pub what: Vec<What>,
    /// The sizes to measure on; empty for each measurement's own.
    pub sizes: Vec<Size>,
    /// How often each case runs; `None` for each measurement's own.
    pub runs: Option<usize>,
}

/// How to call this program.
pub const USAGE: &str = "\
Usage: cargo xtask bench [gate-speed|confirm|memory|build|compile|all] [--size S|M|L]... [--runs N]

Without a name everything is measured, except compiling.";

impl Args {
    /// Reads the arguments; `None` when help is wanted.
    pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Option<Self>> {
        use What::{Build, Compile, Confirm, GateSpeed, Memory};
        let mut parsed = Self { what: Vec::new(), sizes: Vec::new(), runs: None };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "-h" | "--help" => return Ok(None),
                "--size" => parsed.sizes.push(value()?.parse()?),
                "--runs" => parsed.runs = Some(value()?.parse().context("--runs needs a number")?),
                "gate-speed" => parsed.what.push(GateSpeed),
                "confirm" => parsed.what.push(Confirm),
                "memory" => parsed.what.push(Memory),
                "build" => parsed.what.push(Build),
                "compile" => parsed.what.push(Compile),
                "all" => parsed.what.extend([GateSpeed, Confirm, Memory, Build, Compile]),
                _ => bail!("`{arg}` is not known\n\n{USAGE}"),
            }
        }
        if parsed.what.is_empty() {
            parsed.what.extend([GateSpeed, Confirm, Memory, Build]);
        }
        Ok(Some(parsed))
    }
}
