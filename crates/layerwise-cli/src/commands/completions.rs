//! `completions SHELL`: a shell's completions for the alias `xtask`.

use clap_complete::Shell;

use crate::console::Console;
use crate::exit::Exit;

pub fn run(mut command: clap::Command, shell: Shell, console: &Console) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "xtask", &mut script);
    console.result(String::from_utf8_lossy(&script).trim_end());
    Exit::Done
}
