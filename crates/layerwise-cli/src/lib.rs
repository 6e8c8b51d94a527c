//! The command line of Layerwise. A monorepo's `xtask` declares its images and calls [`main`]; everything else is here:
//! arguments, wiring of the engine with its adapters, the console and the reports. Never decides what is stale and
//! never builds: the engine does.
//!
//! ```no_run
//! use layerwise::image::Images;
//! use layerwise::platform::Platform;
//!
//! fn main() -> std::process::ExitCode {
//!     layerwise_cli::main(Images::new(Platform::LinuxAmd64))
//! }
//! ```
//!
//! The way of a command: `args` (what was typed) → `wiring` (stores, registries, builders) → `commands` (one file
//! each) → `reporter` and `summary` (what is said) → `console` (how it is written).

mod again;
mod app;
mod args;
mod branch;
mod builder;
mod building;
mod commands;
mod console;
mod context;
mod doctor;
mod error;
mod exit;
mod interrupt;
mod latency;
mod live;
mod local;
mod machine;
mod records;
mod reporter;
mod repositories;
mod root;
mod settings;
mod standing;
mod summary;
mod surroundings;
mod telling;
mod terminal;
mod wiring;
mod wording;

use std::process::ExitCode;

use layerwise::image::Images;

pub use app::App;
pub use exit::Exit;
pub use settings::Settings;
pub use surroundings::{Size, Stream, Surroundings};

/// Runs the command line on the monorepo's `images`.
pub fn main(images: Images) -> ExitCode {
    App::new(images).run()
}
