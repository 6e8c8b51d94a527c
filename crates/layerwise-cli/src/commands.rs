//! One file for each command; here is only which is which.

mod build;
pub mod completions;
mod deploy;
mod dev;
mod doctor;
mod explain;
pub mod external;
mod generate;
mod graph;
mod invoke;
mod list;
mod lock;
mod outputs;
mod pinned;
mod plan;
mod registry;
mod rollback;
mod sam;
pub mod sandbox;

use crate::args::Command;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Runs `command`.
///
/// # Errors
/// [`CliError`] when it could not do its work.
pub fn run(context: &Context<'_>, command: Command) -> Result<Exit, CliError> {
    match command {
        Command::Plan(typed) => plan::run(context, &typed),
        Command::Explain(typed) => explain::run(context, &typed),
        Command::Generate(typed) => generate::run(context, &typed),
        Command::Lock(typed) => lock::run(context, &typed),
        Command::List(typed) => list::run(context, &typed),
        Command::Graph(typed) => graph::run(context, &typed),
        Command::BuildLambdas(typed) => build::run(context, &typed),
        Command::Dev(typed) => dev::run(context, &typed),
        Command::Invoke(typed) => invoke::run(context, &typed),
        Command::Sam(typed) => sam::run(context, &typed),
        Command::Doctor(typed) => doctor::run(context, &typed),
        Command::Outputs(typed) => outputs::run(context, &typed),
        Command::Deploy(typed) => deploy::run(context, &typed),
        Command::Rollback(typed) => rollback::run(context, &typed),
        Command::Registry(typed) => registry::run(context, &typed),
        Command::Sandbox(typed) => sandbox::run(context, &typed),
        // `app` has seen to it: it needs no repository.
        Command::Completions { .. } => Ok(Exit::Done),
    }
}
