//! Who builds a package's wheel ([PEP 517](https://peps.python.org/pep-0517/)).

use std::collections::BTreeMap;

use crate::python::pyproject::{BuildSystem, Pyproject};

/// A build backend, as far as it makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backend {
    Setuptools,
    Hatchling,
    /// Any other: what it reads is not known.
    Other,
}

impl Backend {
    /// The declared backend. Without one it is setuptools, in its old way.
    pub fn of(system: Option<&BuildSystem>) -> Self {
        if system.is_some_and(|system| system.backend_path.is_some()) {
            return Self::Other;
        }
        let name = system.and_then(|system| system.build_backend.as_deref()).unwrap_or("setuptools");
        match name.split(['.', ':']).next() {
            Some("setuptools") => Self::Setuptools,
            Some("hatchling") => Self::Hatchling,
            _ => Self::Other,
        }
    }

    /// Whether the version comes from git's tags alone. That cannot work in a build: `.git` is never an input.
    pub fn takes_version_from_git(self, pyproject: &Pyproject) -> bool {
        let has_fallback = |table: &BTreeMap<String, toml::Value>| table.contains_key("fallback_version");
        let tool = &pyproject.tool;
        let is_dynamic =
            pyproject.project.iter().flat_map(|project| &project.dynamic).any(|field| field == "version");
        is_dynamic
            && match self {
                Self::Hatchling => {
                    let version = &tool.hatch.version;
                    version.source.as_deref() == Some("vcs")
                        && version.fallback_version.is_none()
                        && !has_fallback(&version.raw_options)
                }
                Self::Setuptools => {
                    let requires = pyproject.build_system.iter().flat_map(|system| &system.requires);
                    let mut names = requires.map(|text| text.replace('_', "-").to_ascii_lowercase());
                    let scm = tool.setuptools_scm.as_ref();
                    (scm.is_some() || names.any(|name| name.starts_with("setuptools-scm")))
                        && !tool.setuptools.dynamic.contains_key("version")
                        && scm.and_then(|scm| scm.get("fallback_version")).is_none()
                }
                Self::Other => false,
            }
    }
}
