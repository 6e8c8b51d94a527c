//! This monorepo's images as a library, so that its own tests can build them elsewhere.

mod images;
#[cfg(test)]
mod snapshots;

pub use images::images;
