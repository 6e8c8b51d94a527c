//! The tables of a `pyproject.toml` that matter here, as TOML gives them. Nothing is checked beyond their shape.
//!
//! [The specification](https://packaging.python.org/en/latest/specifications/pyproject-toml/) gives `[project]` and
//! `[build-system]`; each tool documents its own table.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Value;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Pyproject {
    pub project: Option<ProjectTable>,
    pub build_system: Option<BuildSystem>,
    pub tool: Tools,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct ProjectTable {
    pub name: Option<String>,
    pub version: Option<String>,
    pub dependencies: Vec<String>,
    pub optional_dependencies: BTreeMap<String, Vec<String>>,
    pub readme: Option<TextOrTable>,
    pub license: Option<TextOrTable>,
    pub license_files: Option<LicenseFiles>,
    pub dynamic: Vec<String>,
}

/// `readme = "README.md"` and `readme = { file = "README.md" }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum TextOrTable {
    Text(String),
    Table { file: Option<String> },
}

/// PEP 639's list, and the table of its drafts that hatchling still takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum LicenseFiles {
    Globs(Vec<String>),
    Table {
        #[serde(default)]
        paths: Vec<String>,
        #[serde(default)]
        globs: Vec<String>,
    },
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct BuildSystem {
    pub requires: Vec<String>,
    pub build_backend: Option<String>,
    pub backend_path: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tools {
    pub setuptools: Setuptools,
    pub setuptools_scm: Option<Value>,
    pub hatch: Hatch,
    pub uv: Uv,
    pub poetry: Option<Poetry>,
}

/// <https://setuptools.pypa.io/en/latest/userguide/pyproject_config.html>
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Setuptools {
    pub packages: Option<SetuptoolsPackages>,
    pub py_modules: Option<Vec<String>>,
    pub package_dir: BTreeMap<String, String>,
    pub package_data: BTreeMap<String, Vec<String>>,
    pub license_files: Option<Vec<String>>,
    pub script_files: Vec<String>,
    pub data_files: BTreeMap<String, Vec<String>>,
    pub ext_modules: Option<Value>,
    pub cmdclass: Option<Value>,
    pub dynamic: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum SetuptoolsPackages {
    List(Vec<String>),
    Find {
        #[serde(alias = "find-namespace")]
        find: Find,
    },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Find {
    #[serde(rename = "where")]
    pub below: Vec<String>,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    pub namespaces: bool,
}

impl Default for Find {
    fn default() -> Self {
        Self { below: vec![".".into()], include: vec!["*".into()], exclude: vec![], namespaces: true }
    }
}

/// <https://hatch.pypa.io/latest/config/build/>
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Hatch {
    pub build: HatchBuild,
    pub version: HatchVersion,
    pub metadata: HatchMetadata,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct HatchMetadata {
    pub hooks: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct HatchVersion {
    pub source: Option<String>,
    pub path: Option<String>,
    pub raw_options: BTreeMap<String, Value>,
    pub fallback_version: Option<Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct HatchBuild {
    #[serde(flatten)]
    pub selection: HatchSelection,
    pub targets: HatchTargets,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct HatchTargets {
    pub wheel: HatchSelection,
}

/// What both `[tool.hatch.build]` and `[tool.hatch.build.targets.wheel]` may say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct HatchSelection {
    pub packages: Option<Vec<String>>,
    pub include: Option<Vec<String>>,
    pub only_include: Option<Vec<String>>,
    pub artifacts: Option<Vec<String>>,
    pub force_include: BTreeMap<String, Value>,
    pub shared_data: BTreeMap<String, Value>,
    pub shared_scripts: BTreeMap<String, Value>,
    pub extra_metadata: BTreeMap<String, Value>,
    pub bypass_selection: bool,
    pub ignore_vcs: bool,
    pub hooks: BTreeMap<String, Value>,
}

/// <https://docs.astral.sh/uv/concepts/projects/dependencies/#dependency-sources>
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Uv {
    pub sources: BTreeMap<String, UvSources>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum UvSources {
    One(UvSource),
    Many(Vec<UvSource>),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct UvSource {
    pub path: Option<String>,
    pub workspace: bool,
}

/// Poetry's own dependency table, read for its `path` entries alone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Poetry {
    pub dependencies: BTreeMap<String, Value>,
}
