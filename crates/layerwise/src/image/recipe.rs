//! What is done to a parent image, as plain data. Sequences keep the order of their declaration.

use std::collections::BTreeMap;

use crate::layer::LayerClass;
use crate::python::PythonPackage;

/// What one image or stage does to its parent. Whoever adds a field decides in `dockerfile` where it is rendered:
/// the recipe is taken apart there without `..`, so forgetting it does not compile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipe {
    /// Build arguments with their values, in order.
    pub args: Vec<(String, String)>,
    /// Environment that the build's own steps need, set before them.
    pub build_env: Vec<(String, String)>,
    /// Packages of the operating system, in order.
    pub system: Vec<SystemPackages>,
    /// Commands, each in the layer class that it belongs to; those of [`LayerClass::Handler`] are in `handler`.
    pub runs: Vec<(LayerClass, Run)>,
    /// Third-party distributions, in order: what must come first is declared first.
    pub pip: Vec<Pip>,
    /// What compiles distributions that have no wheel.
    pub compilers: Option<Compilers>,
    /// Local packages, in order.
    pub packages: Vec<PythonPackage>,
    /// Files and commands of the function, in order.
    pub handler: Vec<HandlerStep>,
    /// Working directory, set before files are copied.
    pub workdir: Option<String>,
    /// Environment of the finished image.
    pub env: Vec<(String, String)>,
    /// Labels: a set.
    pub labels: BTreeMap<String, String>,
    /// Ports.
    pub expose: Vec<u16>,
    /// The user that the image runs as.
    pub user: Option<String>,
    /// The entry point, in exec form.
    pub entrypoint: Option<Vec<String>>,
    /// The command: for a Lambda its handler.
    pub cmd: Option<Cmd>,
    /// Build secrets that `run` commands may mount.
    pub secrets: Vec<Secret>,
}

/// Packages of the operating system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemPackages {
    /// Who installs them.
    pub manager: PackageManager,
    /// Their names: a set, rendered sorted.
    pub names: Vec<String>,
}

/// The package managers of the images that Lambdas stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageManager {
    /// Amazon Linux 2023 (full), Fedora.
    Dnf,
    /// Amazon Linux 2023 minimal, which AWS's Lambda images are made of.
    Microdnf,
    /// Debian, Ubuntu.
    Apt,
}

/// A shell command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The command, for `/bin/sh -c`.
    pub command: String,
    /// Ids of secrets that are mounted at `/run/secrets/<id>` while it runs.
    pub secrets: Vec<String>,
}

impl Run {
    /// Runs `command`.
    #[must_use]
    pub fn new(command: impl Into<String>) -> Self {
        Self { command: command.into(), secrets: Vec::new() }
    }

    /// Mounts a declared secret at `/run/secrets/<id>` while it runs.
    #[must_use]
    pub fn secret(mut self, id: impl Into<String>) -> Self {
        self.secrets.push(id.into());
        self
    }
}

impl From<&str> for Run {
    fn from(command: &str) -> Self {
        Self::new(command)
    }
}

impl From<String> for Run {
    fn from(command: String) -> Self {
        Self::new(command)
    }
}

/// Third-party distributions, installed by one call of pip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pip {
    /// What to install.
    pub from: PipSource,
    /// An index to use instead of the configured one. Credentials belong into `pip.conf`, never here.
    pub index_url: Option<String>,
    /// Indexes to use besides.
    pub extra_index_urls: Vec<String>,
}

/// Where pip learns what to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PipSource {
    /// Requirement specifiers (PEP 508), as written; quoting for the shell is ours.
    Inline(Vec<String>),
    /// A requirements file, with the files that it includes.
    File(String),
}

impl Pip {
    /// Installs the given requirement specifiers.
    #[must_use]
    pub fn inline<S: Into<String>>(requirements: impl IntoIterator<Item = S>) -> Self {
        Self::new(PipSource::Inline(requirements.into_iter().map(Into::into).collect()))
    }

    /// Installs what a requirements file lists.
    #[must_use]
    pub fn file(path: impl Into<String>) -> Self {
        Self::new(PipSource::File(path.into()))
    }

    fn new(from: PipSource) -> Self {
        Self { from, index_url: None, extra_index_urls: Vec::new() }
    }

    /// Uses this index instead of the configured one.
    #[must_use]
    pub fn index_url(mut self, url: impl Into<String>) -> Self {
        self.index_url = Some(url.into());
        self
    }

    /// Uses this index besides.
    #[must_use]
    pub fn extra_index_url(mut self, url: impl Into<String>) -> Self {
        self.extra_index_urls.push(url.into());
        self
    }
}

/// Compilers for distributions without a wheel: they live in a stage of their own, and only what was installed
/// there is copied out, without tests and byte code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compilers(pub SystemPackages);

impl Compilers {
    /// Compilers from dnf.
    #[must_use]
    pub fn dnf<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(SystemPackages::new(PackageManager::Dnf, names))
    }

    /// Compilers from microdnf.
    #[must_use]
    pub fn microdnf<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(SystemPackages::new(PackageManager::Microdnf, names))
    }

    /// Compilers from apt.
    #[must_use]
    pub fn apt<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(SystemPackages::new(PackageManager::Apt, names))
    }
}

impl SystemPackages {
    /// `names` from `manager`.
    #[must_use]
    pub fn new<S: Into<String>>(manager: PackageManager, names: impl IntoIterator<Item = S>) -> Self {
        Self { manager, names: names.into_iter().map(Into::into).collect() }
    }
}

/// A step of the handler class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandlerStep {
    /// Copies something into the image.
    Copy(Copy),
    /// Runs a command.
    Run(Run),
}

/// Something that is copied into the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// From where.
    pub from: CopySource,
    /// To where; `None` keeps the name. A relative path is below the task root (Lambdas) or the working directory.
    pub to: Option<String>,
    /// Patterns, relative to a folder, of what stays behind besides the usual junk.
    pub exclude: Vec<String>,
}

/// Where something is copied from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopySource {
    /// One file of the repository.
    File(String),
    /// A folder of the repository with all that lies below it.
    Folder(String),
    /// The files of the repository that match a pattern: `*`, `?` and `[…]` in its last part, the folder before it
    /// spelled out. At least one must match.
    Glob(String),
    /// A path of an earlier stage, or of an image named by reference.
    Stage {
        /// The stage.
        stage: String,
        /// The path in it.
        path: String,
    },
}

/// A Lambda's handler or another command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cmd {
    /// In exec form.
    pub words: Vec<String>,
    /// Whether the handler is looked for in the sources.
    pub checked: bool,
}

impl Cmd {
    /// A handler that comes from a third-party distribution, so that our sources cannot prove it.
    #[must_use]
    pub fn unchecked(handler: impl Into<String>) -> Self {
        Self { words: vec![handler.into()], checked: false }
    }
}

impl From<&str> for Cmd {
    fn from(handler: &str) -> Self {
        Self { words: vec![handler.to_owned()], checked: true }
    }
}

impl<const N: usize> From<[&str; N]> for Cmd {
    fn from(words: [&str; N]) -> Self {
        Self { words: words.map(str::to_owned).to_vec(), checked: true }
    }
}

/// A build secret: mounted while a command runs, in no layer, no argument and no fingerprint but by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// The value of an environment variable.
    Env {
        /// The id.
        id: String,
        /// The variable.
        variable: String,
    },
    /// The content of a file; `~/` is the home directory, a relative path is below the repository's root.
    File {
        /// The id.
        id: String,
        /// The file.
        path: String,
    },
}

impl Secret {
    /// The value of the environment variable `variable`.
    #[must_use]
    pub fn env(id: impl Into<String>, variable: impl Into<String>) -> Self {
        Self::Env { id: id.into(), variable: variable.into() }
    }

    /// The content of the file `path`.
    #[must_use]
    pub fn file(id: impl Into<String>, path: impl Into<String>) -> Self {
        Self::File { id: id.into(), path: path.into() }
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Env { id, .. } | Self::File { id, .. } => id,
        }
    }
}
