//! Benchmarks of the gate and the builds. Each figure stands beside a baseline of the same run: on a busy machine the
//! ratio tells more than the milliseconds.

mod args;
mod builds;
mod compile;
mod confirm;
mod dev;
mod floor;
mod gate;
mod judges;
mod machine;
mod measure;
mod memory;
mod open_registry;
mod place;
mod push;
mod report;
mod sandboxed;
mod trace;

use anyhow::Result;
use args::{Args, What};
use layerwise_bench::size::Size;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [floor::COMMAND, size, root] => {
            report::line(floor::run((*root).into(), size.parse()?)?.to_string());
            Ok(())
        }
        [confirm::COMMAND, place, ..] => {
            report::line(confirm::ask(place, &args[2..])?.to_string());
            Ok(())
        }
        [memory::COMMAND, ..] => {
            report::line(memory::of_child(&args[1..])?.to_string());
            Ok(())
        }
        _ => measure(args),
    }
}

fn measure(args: Vec<String>) -> Result<()> {
    let Some(args) = Args::parse(args)? else {
        report::line(args::USAGE);
        return Ok(());
    };
    if args.what.iter().any(|what| !matches!(what, What::Gate | What::Ignore | What::Conformance)) {
        place::compile_tool()?;
    }
    report::line(machine::line());
    let sizes = |own: &'static [Size]| if args.sizes.is_empty() { own } else { args.sizes.as_slice() };
    for what in &args.what {
        match what {
            What::GateSpeed => gate::run(sizes(&Size::ALL), args.runs.unwrap_or(20))?,
            What::Confirm => confirm::run(sizes(&[Size::S, Size::M]), args.runs.unwrap_or(20))?,
            What::Memory => memory::run(sizes(&[Size::M, Size::L]))?,
            What::Build => builds::run(sizes(&[Size::S]), args.runs)?,
            What::Push => push::run(sizes(&[Size::M]), args.runs.unwrap_or(10))?,
            What::Dev => dev::run(args.runs.unwrap_or(20), args.sam.as_deref())?,
            What::Compile => compile::run()?,
            What::Gate => judges::gate(args.cases.unwrap_or(1_000), args.seed)?,
            What::Ignore => judges::ignore(args.cases.unwrap_or(2_000), args.seed)?,
            What::Conformance => judges::conformance(args.cases.unwrap_or(500), args.seed)?,
        }
        report::line(machine::line());
    }
    Ok(())
}
