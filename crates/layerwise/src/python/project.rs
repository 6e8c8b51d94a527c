//! A local package, as its `pyproject.toml` and a few facts about its folder give it. Never reads the disk, never runs a
//! build backend, never guesses at what code imports.

use std::collections::BTreeMap;

use super::name::PackageName;
use super::requirement::Requirement;
use crate::inputs::Source;
use crate::repo_path::RepoPath;

mod backend;
mod error;
mod manifest;

pub use error::ProjectError;
pub use manifest::{Manifest, declared_name};

/// What is never an input of a Python package, as `.dockerignore` patterns relative to any of its folders.
pub const PACKAGE_JUNK: &[&str] = &[
    "**/tests",
    "**/__pycache__",
    "**/*.pyc",
    "**/*.pyo",
    "**/.env",
    "**/.env.*",
    "**/.venv",
    "**/venv",
    "**/node_modules",
    "**/dist",
    "**/*.egg-info",
    "**/.git",
    "**/.DS_Store",
    "**/.pytest_cache",
    "**/.mypy_cache",
    "**/.ruff_cache",
    "**/.tox",
    "**/.nox",
    "**/.idea",
    "**/.vscode",
    "**/*~",
    "**/.*.sw?",
    "**/.#*",
];

/// A local package with everything that its installation needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The folder.
    pub path: RepoPath,
    /// The distribution's name.
    pub name: PackageName,
    /// The version, where the file says it.
    pub version: Option<String>,
    /// What it always needs.
    pub dependencies: Vec<Requirement>,
    /// What it needs with each extra.
    pub extras: BTreeMap<PackageName, Vec<Requirement>>,
    /// What its build backend needs.
    pub build: Vec<Requirement>,
    /// Every file that its build backend reads.
    pub sources: Vec<Source>,
    /// Dependencies that are this repository's own, as far as its file or the folders beside it show, and where they
    /// lie if that is known.
    pub local: BTreeMap<PackageName, Option<RepoPath>>,
}

impl Project {
    /// Every requirement, with all extras.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.dependencies.iter().chain(self.extras.values().flatten())
    }
}

#[cfg(test)]
pub(super) mod tests;
