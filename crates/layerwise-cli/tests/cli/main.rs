//! The whole command line on small repositories: exit code, stdout and stderr of each command. Needs no engine; what
//! needs one is tested on the sandbox.

mod commands;
mod house;
mod mistakes;
mod project;
mod redactor;
