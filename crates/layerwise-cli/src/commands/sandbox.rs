//! `sandbox …`: brings the sandbox up and down, and says how to reach it.

use std::cell::RefCell;

use layerwise_sandbox::{Emulation, Progress, Running, Sandbox, SandboxError, UpOptions};

use crate::args::{self, Emulate};
use crate::console::{Console, Tone, bytes, seconds};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::summary;

pub fn run(context: &Context<'_>, typed: &args::Sandbox) -> Result<Exit, CliError> {
    let console = context.console;
    let folder = Sandbox::default_folder()?;
    let sandbox = Sandbox::at(folder.clone());
    match typed {
        args::Sandbox::Up { emulate, aws } => {
            let emulate = emulate.iter().map(|Emulate::Arm64| Emulation::Arm64).collect();
            let running = up(console, &UpOptions { emulate, aws: *aws, ..UpOptions::default() })?;
            let mut message = format!("engine {}, registry {}", running.docker_host, running.registry);
            if let Some(aws) = &running.aws {
                message += &format!(", AWS {}", aws.endpoint);
            }
            console.status(Tone::Good, "Up", &message);
            console.hint("`cargo xtask build-lambdas --sandbox` uses it; `eval \"$(cargo xtask sandbox env)\"` makes docker use it");
        }
        args::Sandbox::Down => {
            sandbox.down()?;
            console.status(
                Tone::Good,
                "Down",
                &format!("nothing of the sandbox runs; its images stay in {folder}"),
            );
        }
        args::Sandbox::Purge => {
            sandbox.purge()?;
            console.status(Tone::Good, "Purged", &format!("nothing is left of the sandbox in {folder}"));
        }
        args::Sandbox::Status { json } => status(console, &sandbox, *json)?,
        args::Sandbox::Env => {
            for (name, value) in running(&sandbox)?.env() {
                console.result(&format!("export {name}={}", quoted(&value)));
            }
        }
    }
    Ok(Exit::Done)
}

/// The sandbox if it is up.
pub fn running(sandbox: &Sandbox) -> Result<Running, CliError> {
    sandbox.running()?.ok_or(CliError::SandboxDown)
}

/// Brings the user's own sandbox up and says what takes time. A sandbox that is up already says nothing.
pub fn up(console: &Console, options: &UpOptions) -> Result<Running, SandboxError> {
    let sandbox = Sandbox::at(Sandbox::default_folder()?);
    let live = console.live_size().is_some();
    let begun = RefCell::new(String::new());
    let told = sandbox.up(options, &|progress| match progress {
        Progress::Waiting { folder } => {
            console.status(Tone::Busy, "Waiting", &format!("another program works in {folder}"));
        }
        Progress::Started { step } if live => {
            step.clone_into(&mut begun.borrow_mut());
            console.draw(vec![console.status_line(Tone::Busy, "Sandbox", step)]);
        }
        Progress::Finished { step, took } => {
            console.draw(Vec::new());
            console.status(Tone::Good, "Sandbox", &format!("{step} ({})", seconds(took)));
        }
        _ => {}
    });
    console.restore();
    told
}

fn status(console: &Console, sandbox: &Sandbox, json: bool) -> Result<(), CliError> {
    let status = sandbox.status()?;
    if json {
        console.result(&summary::json(&status));
        return Ok(());
    }
    let line = |name: &str, value: &str| console.result(&format!("{name:<10} {value}"));
    line("sandbox", if status.up { "up" } else { "down" });
    line("folder", &format!("{} ({})", status.folder, bytes(status.disk_bytes)));
    line("downloads", &format!("{} ({})", status.downloads, bytes(status.downloads_bytes)));
    if let Some(port) = status.registry_port {
        line("registry", &format!("localhost:{port}"));
    }
    if let Some(port) = status.aws_port {
        line("aws", &format!("http://127.0.0.1:{port}"));
    }
    if status.emulates_arm64 {
        line("emulates", "arm64");
    }
    for (package, version) in &status.versions {
        line("package", &format!("{package} {version}"));
    }
    Ok(())
}

/// For a shell's `eval`.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
