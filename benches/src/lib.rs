//! Repositories to measure on: generated from nothing but a size, declared, and recorded as if built.

pub mod content;
pub mod generate;
pub mod images;
pub mod layout;
pub mod noise;
pub mod record;
pub mod size;
