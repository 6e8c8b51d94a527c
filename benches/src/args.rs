//! `cargo xtask bench [gate-speed|confirm|memory|build|push|dev|compile|gate|ignore|conformance|all] [--size S|M|L]…
//! [--runs N] [--sam PROGRAM] [-n N] [--seed N]`.

use anyhow::{Context as _, Result, bail};
use camino::Utf8PathBuf;
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
    /// Pushing changed handlers and large layers, without a builder and with one.
    Push,
    /// From a save to an answer of the new code.
    Dev,
    /// Compiling the tool from a clean checkout.
    Compile,
    /// Not how fast the gate is, but whether it is right: random steps, with the builder as the judge.
    Gate,
    /// Whether our ignore rules are the builder's: random patterns and trees.
    Ignore,
    /// Whether assembled images are what the builder builds: random declarations and trees.
    Conformance,
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
    /// The SAM CLI's program, to be measured beside `dev`.
    pub sam: Option<Utf8PathBuf>,
    /// How many random cases to judge; `None` for each judge's own.
    pub cases: Option<usize>,
    /// What the random cases follow from; `None` for the clock, so that every run judges others.
    pub seed: Option<u64>,
}

/// How to call this program.
pub const USAGE: &str = "\
Usage: cargo xtask bench [gate-speed|confirm|memory|build|push|dev|compile|all] [--size S|M|L]... [--runs N]
       cargo xtask bench dev [--runs N] [--sam VENV/bin/sam]
       cargo xtask bench gate|ignore|conformance [-n CASES] [--seed N]

Without a name everything is measured, except compiling. `gate`, `ignore` and `conformance` measure nothing: they
hold the gate's verdicts, the ignore rules and assembled images against the real builder, in random cases that follow
from a seed.";

impl Args {
    /// Reads the arguments; `None` when help is wanted.
    pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Option<Self>> {
        use What::{Build, Compile, Confirm, Conformance, Dev, Gate, GateSpeed, Ignore, Memory, Push};
        let (what, sizes) = (Vec::new(), Vec::new());
        let mut parsed = Self { what, sizes, runs: None, sam: None, cases: None, seed: None };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "-h" | "--help" => return Ok(None),
                "--size" => parsed.sizes.push(value()?.parse()?),
                "--runs" => parsed.runs = Some(value()?.parse().context("--runs needs a number")?),
                "--sam" => parsed.sam = Some(value()?.into()),
                "-n" => parsed.cases = Some(value()?.parse().context("-n needs a number")?),
                "--seed" => parsed.seed = Some(value()?.parse().context("--seed needs a number")?),
                "gate" => parsed.what.push(Gate),
                "ignore" => parsed.what.push(Ignore),
                "conformance" => parsed.what.push(Conformance),
                "gate-speed" => parsed.what.push(GateSpeed),
                "confirm" => parsed.what.push(Confirm),
                "memory" => parsed.what.push(Memory),
                "build" => parsed.what.push(Build),
                "push" => parsed.what.push(Push),
                "dev" => parsed.what.push(Dev),
                "compile" => parsed.what.push(Compile),
                "all" => parsed.what.extend([GateSpeed, Confirm, Memory, Build, Push, Dev, Compile]),
                _ => bail!("`{arg}` is not known\n\n{USAGE}"),
            }
        }
        if parsed.what.is_empty() {
            parsed.what.extend([GateSpeed, Confirm, Memory, Build, Push, Dev]);
        }
        Ok(Some(parsed))
    }
}
