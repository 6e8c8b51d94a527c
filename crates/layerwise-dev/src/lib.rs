//! The development loop: Lambda images as local containers with AWS's own Runtime Interface Emulator, asked for their
//! answers. Never decides what is stale and never builds an image: the engine crate does.
//!
//! From outside everything is synchronous; the runtime that bollard needs is hidden in `driver`.

mod answer;
mod container;
mod containers;
mod content;
mod debug;
mod decide;
mod desk;
mod door;
mod driver;
mod error;
mod events;
mod function;
mod invoke;
mod lambda;
mod layout;
mod lines;
mod message;
mod packages;
mod reload;
mod run;
mod running;
pub mod sam;
mod server;
mod session;
mod sources;
#[cfg(test)]
mod testing;
mod told;
mod watch;

pub use answer::{Answer, FunctionError};
pub use container::Container;
pub use containers::{Containers, Role, is_alive};
pub use debug::configuration;
pub use error::DevError;
pub use events::{EventError, Sample, find_samples, read_event};
pub use function::{DEFAULT_TIMEOUT, Function};
pub use lines::is_of_the_emulator;
pub use message::Key;
pub use running::Running;
pub use session::{Chosen, Control, End, Options, Session};
pub use told::{Host, Made, Served, Told, Why};
