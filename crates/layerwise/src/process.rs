//! The door to child processes. Nobody else starts one, and none that is started here outlives the call that
//! started it. Never a shell: a program and its arguments.

mod cancel;
mod command;
mod env;

pub use cancel::Cancel;
pub use command::{Channel, Command, Output, ProcessError};
pub use env::Env;
