//! `cargo run --example sandbox -- up|down|purge|status|env [--emulate arm64]`: the sandbox by hand.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use layerwise_sandbox::{Emulation, Progress, Sandbox, SandboxError, UpOptions};
use std::{env, process::ExitCode, time::Instant};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(hint) = error.hint() {
                eprintln!("hint: {hint}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), SandboxError> {
    let sandbox = Sandbox::at(Sandbox::default_folder()?);
    let start = Instant::now();
    match arguments {
        ["up", rest @ ..] => {
            let emulate = if rest == ["--emulate", "arm64"] { vec![Emulation::Arm64] } else { Vec::new() };
            let progress =
                |progress: Progress<'_>| eprintln!("{:>6} ms {progress:?}", start.elapsed().as_millis());
            sandbox.up(&UpOptions { emulate }, &progress)?;
        }
        ["down"] => sandbox.down()?,
        ["purge"] => sandbox.purge()?,
        ["status"] => println!("{:#?}", sandbox.status()?),
        ["env"] => {
            for (name, value) in sandbox.running()?.iter().flat_map(layerwise_sandbox::Running::env) {
                println!("export {name}='{value}'");
            }
        }
        _ => eprintln!("usage: sandbox up [--emulate arm64] | down | purge | status | env"),
    }
    eprintln!("{:>6} ms done", start.elapsed().as_millis());
    Ok(())
}
