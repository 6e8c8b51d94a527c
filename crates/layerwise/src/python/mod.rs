//! Python packages of the monorepo: what a `pyproject.toml` declares, which files its build backend reads, which local
//! packages an image needs and in what order; requirements files; handlers.
//!
//! Never runs Python, never resolves versions, never guesses at what code imports. The disk is read in [`load`] alone.

pub mod closure;
mod credentials;
pub mod facts;
pub mod handler;
mod hatchling;
pub mod load;
mod name;
mod package;
mod pattern;
pub mod project;
mod pyproject;
mod reads;
pub mod requirement;
pub mod requirements_file;
mod setuptools;
pub mod workspace;

pub use name::{PackageName, PackageNameError};
pub use package::PythonPackage;
