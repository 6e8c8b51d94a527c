//! Why a command could not do its work: what is said, the hint that goes with it, and the exit code. Never printed
//! here.

use std::io;

use camino::Utf8PathBuf;
use layerwise::builder::BuildError;
use layerwise::buildx::FindError;
use layerwise::cloud::{AddressError, CloudError};
use layerwise::engine::EngineError;
use layerwise::image_ref::ImageRefError;
use layerwise::inspect::Problem;
use layerwise::readable::ReadableError;
use layerwise::registry::RegistryError;
use layerwise::stable::StableError;
use layerwise::store::StoreError;
use layerwise::verdicts::VerdictError;
use layerwise_dev::{DevError, EventError};
use layerwise_sandbox::SandboxError;

use crate::console::{Console, plain};
use crate::exit::Exit;
use crate::root::RootError;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// There is no repository.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The declarations, or the files that they name, are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Problems(Vec<Problem>),
    /// No image has this name.
    #[error("no image matches `{pattern}`")]
    UnknownImage {
        /// What was typed.
        pattern: String,
        /// The name that is most like it.
        nearest: Option<String>,
    },
    /// No parent of somebody else has this name.
    #[error("no image stands on `{name}`")]
    UnknownParent {
        /// What was typed.
        name: String,
    },
    /// The image is none that a Lambda function runs.
    #[error("`{name}` is no Lambda image: there is nothing to invoke")]
    NotALambda {
        /// What was typed.
        name: String,
    },
    /// The pattern names several Lambdas where one is meant.
    #[error("`{pattern}` names {} Lambdas: {}", .names.len(), .names.join(", "))]
    ManyLambdas {
        /// What was typed.
        pattern: String,
        /// Their names.
        names: Vec<String>,
    },
    /// A Lambda that is not served has no debugger.
    #[error("`{name}` is to be debugged, but is not among those that were named")]
    NotServed {
        /// The Lambda.
        name: String,
    },
    /// There is no event to give.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A container cannot be had, or does not answer.
    #[error(transparent)]
    Dev(#[from] DevError),
    /// `--push` without a place to push to.
    #[error("no registry is said")]
    NoRegistry,
    /// Nobody shall deploy what stands on a base that may be anything.
    #[error("images that stand on stable bases are never pushed")]
    StaticPush,
    /// Bases are to be built again where nothing stands on their stable tags.
    #[error("--rebuild-bases is about stable bases, and needs --static-base")]
    NothingStable,
    /// What a stable tag names only the engine knows.
    #[error("--offline cannot say what stands on stable bases: only the engine knows what their tags name")]
    StaticOffline,
    /// A base cannot be had.
    #[error(transparent)]
    Base(BuildError),
    /// The place to push to is not one.
    #[error(transparent)]
    Destination(#[from] ImageRefError),
    /// A place in a cloud, and a program that was built without any.
    #[error("{what} needs AWS, which this program was built without")]
    NoCloud {
        /// The place.
        what: String,
    },
    /// The cloud says no, or does not answer.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// What only a cloud's own registry has is asked of another.
    #[error("{registry} is no registry of ECR")]
    NotTheClouds {
        /// The registry.
        registry: String,
    },
    /// One function cannot run several images.
    #[error("--function names the function of one image, and several images are chosen")]
    FunctionOfMany,
    /// What is to be deployed is not built.
    #[error("{} not built as the sources are now: {}", crate::wording::are(.images.len(), "image"), .images.join(", "))]
    Stale {
        /// Their names.
        images: Vec<String>,
    },
    /// The address of records is none.
    #[error(transparent)]
    Records(#[from] AddressError),
    /// No stack has this name.
    #[error("there is no stack `{name}`; there is {}", if .known.is_empty() { "none".to_owned() } else { .known.join(", ") })]
    UnknownStack {
        /// What was said.
        name: String,
        /// Those that are declared.
        known: Vec<String>,
    },
    /// Several stacks, and none was chosen.
    #[error("which stack? There is {}", if .known.is_empty() { "none".to_owned() } else { .known.join(", ") })]
    NoStack {
        /// Those that are declared.
        known: Vec<String>,
    },
    /// A value that is none of those that are known.
    #[error("{name} is `{value}`, which is not one of: {known}")]
    Setting {
        /// The variable or the setting.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        known: String,
    },
    /// Records cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The registry or the engine does not say what is there.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// There is no Docker engine, or it does not answer.
    #[error("{why}")]
    NoEngine {
        /// Where it was looked for.
        why: String,
        /// Whether a sandbox is up.
        sandbox: bool,
    },
    /// An engine is chosen that cannot be used.
    #[error(transparent)]
    Engine(EngineError),
    /// Nothing that builds.
    #[error(transparent)]
    NoBuildx(#[from] FindError),
    /// The sandbox is needed, and is not up.
    #[error("the sandbox is not up")]
    SandboxDown,
    /// The sandbox failed.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// Generated files are not those of the declarations.
    #[error("{} not what the declarations say", crate::wording::are(.files.len(), "generated file"))]
    Drift {
        /// Which, and how.
        files: Vec<String>,
        /// What writes them.
        command: &'static str,
    },
    /// A file of somebody else is in the way.
    #[error("`{path}` was not written by `cargo xtask sam`, and is left alone")]
    NotOurs {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A task that is another package cannot be started.
    #[error("cannot start `{program}`: {cause}")]
    External {
        /// The program.
        program: String,
        /// What the system said.
        cause: io::Error,
    },
    /// Results cannot be written.
    #[error("cannot write to standard output: {cause}")]
    Output {
        /// What the system said.
        cause: io::Error,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} `{path}`: {cause}")]
    File {
        /// `read`, `write` or `remove`.
        doing: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl From<VerdictError> for CliError {
    fn from(error: VerdictError) -> Self {
        match error {
            VerdictError::Store(error) => Self::Store(error),
            VerdictError::Registry(error) => Self::Registry(error),
        }
    }
}

impl From<StableError> for CliError {
    fn from(error: StableError) -> Self {
        match error {
            StableError::Name(error) => Self::Destination(error),
            StableError::Verdict(error) => error.into(),
        }
    }
}

impl From<ReadableError> for CliError {
    fn from(error: ReadableError) -> Self {
        match error {
            ReadableError::Registry(error) => Self::Registry(error),
            ReadableError::Name(error) => Self::Destination(error),
        }
    }
}

impl CliError {
    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Root(_)
            | Self::Problems(_)
            | Self::UnknownImage { .. }
            | Self::UnknownParent { .. }
            | Self::NotALambda { .. }
            | Self::ManyLambdas { .. }
            | Self::NotServed { .. }
            | Self::Event(_)
            | Self::NoRegistry
            | Self::StaticPush
            | Self::NothingStable
            | Self::StaticOffline
            | Self::NoCloud { .. }
            | Self::NotTheClouds { .. }
            | Self::FunctionOfMany
            | Self::Records(_)
            | Self::UnknownStack { .. }
            | Self::NoStack { .. }
            | Self::Setting { .. }
            | Self::Destination(_) => Exit::Usage,
            Self::Dev(DevError::Stopped) => Exit::Interrupted,
            Self::Drift { .. }
            | Self::NotOurs { .. }
            | Self::Base(_)
            | Self::Stale { .. }
            | Self::Dev(DevError::Ended { .. } | DevError::Silent { .. } | DevError::NoAnswer { .. }) => {
                Exit::Failed
            }
            Self::Store(_)
            | Self::Cloud(_)
            | Self::Registry(_)
            | Self::NoEngine { .. }
            | Self::Engine(_)
            | Self::NoBuildx(_)
            | Self::SandboxDown
            | Self::Sandbox(_)
            | Self::Dev(_)
            | Self::External { .. }
            | Self::Output { .. }
            | Self::File { .. } => Exit::Environment,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Root(_) => "say where it is with --root DIR or LAYERWISE_ROOT",
            Self::UnknownImage { nearest: Some(nearest), .. } => {
                return Some(format!("did you mean `{nearest}`?"));
            }
            Self::UnknownImage { nearest: None, .. } => "`cargo xtask list` names all images",
            Self::UnknownParent { .. } => "`cargo xtask graph` shows what stands on what",
            Self::NotALambda { .. } => "`cargo xtask list` says what every image is",
            Self::ManyLambdas { .. } => "name one of them",
            Self::NotServed { .. } => "name it twice: `cargo xtask dev NAME --debug NAME`",
            Self::Event(error) => return error.hint(),
            Self::Dev(error) => return error.hint().map(str::to_owned),
            Self::NoRegistry => {
                "say it with --registry PREFIX (registry.example.com/team), LAYERWISE_REGISTRY or `Settings::registry` in \
                 the xtask's code; --sandbox has one of its own"
            }
            Self::StaticPush => {
                "leave --static-base out, and unset USE_STATIC_BASE_IMAGE: then they stand on what the bases' sources say"
            }
            Self::NothingStable => "`cargo xtask build-lambdas --static-base --rebuild-bases`",
            Self::StaticOffline => "leave --offline out, or --static-base, and unset USE_STATIC_BASE_IMAGE",
            Self::Base(error) => return error.hint().map(str::to_owned),
            Self::NoCloud { .. } => {
                "switch it on in xtask/Cargo.toml: layerwise-cli = { …, features = [\"aws\"] }; in Layerwise's own \
                 repository call `cargo xtask-aws` instead of `cargo xtask`"
            }
            Self::UnknownStack { .. } => "stacks are declared with `Settings::stack` in the xtask's own code",
            Self::NoStack { .. } => "choose one with --stack NAME or LAYERWISE_STACK",
            Self::FunctionOfMany => "for example `deploy ping --function ping-of-mine`",
            Self::NotTheClouds { .. } => {
                "registries of ECR are known by their names; one behind another name is named by LAYERWISE_ECR"
            }
            Self::Stale { .. } => "build and push first: `cargo xtask build-lambdas --push`",
            Self::Cloud(error) => return error.hint.clone(),
            Self::Records(_) => "for example --records s3://bucket/prefix",
            Self::Store(StoreError { hint: Some(hint), .. }) => return Some(hint.clone()),
            Self::Store(_) => "another folder is chosen with --records DIR or LAYERWISE_RECORDS",
            Self::Registry(error) => return Some(error.hint()),
            Self::NoEngine { sandbox: true, .. } => {
                "the sandbox is up: add --sandbox to use its engine, or set DOCKER_HOST"
            }
            Self::NoEngine { .. } => {
                "start Docker or set DOCKER_HOST, or add --sandbox, which brings an engine of its own; \
                 `plan --offline` needs none"
            }
            Self::Engine(error) => error.hint(),
            Self::NoBuildx(error) => error.hint(),
            Self::SandboxDown => "bring it up with `cargo xtask sandbox up`",
            Self::Sandbox(error) => return error.hint().map(str::to_owned),
            Self::Drift { command, .. } => {
                return Some(format!("write them again with `cargo xtask {command}`"));
            }
            Self::NotOurs { .. } => "choose another file with --output FILE",
            Self::Problems(_)
            | Self::Setting { .. }
            | Self::Destination(_)
            | Self::External { .. }
            | Self::Output { .. }
            | Self::File { .. } => {
                return None;
            }
        };
        Some(hint.to_owned())
    }

    /// Says it: the message with its evidence, then the hint.
    pub fn report(&self, console: &Console) {
        if let Self::Problems(problems) = self {
            for problem in problems {
                console.error(&problem.to_string());
                if let Some(hint) = problem.hint() {
                    console.hint(&hint);
                }
            }
            return;
        }
        console.error(&self.to_string());
        if let Self::Dev(error) = self {
            error.output().iter().for_each(|line| console.evidence(&plain(line)));
        }
        if let Self::Drift { files, .. } = self {
            files.iter().for_each(|file| console.evidence(file));
        }
        if let Some(hint) = self.hint() {
            console.hint(&hint);
        }
    }
}
