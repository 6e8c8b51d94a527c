//! What was typed, and nothing more: clap's structures. `wiring` turns them into what commands work with.

mod build;
mod declared;
mod deployed;
mod here;
mod machine;

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use build::{Build, Explain, Plan};
pub use declared::{Generate, Graph, GraphFormat, List, Lock};
pub use deployed::{Deploy, OutputFormat, Outputs, Pushed, Registry, Rollback};
pub use here::{Dev, Here, Invoke, Sam};
pub use machine::{Doctor, Emulate, Sandbox};

use crate::console::ColorChoice;

/// Build the monorepo's Lambda container images, and only those whose inputs changed.
#[derive(Debug, Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  cargo xtask plan                          what is stale, why, and what it costs
  cargo xtask build-lambdas                 build what is stale into the local engine
  cargo xtask build-lambdas --sandbox       the same on a host without Docker
  cargo xtask build-lambdas 'poll-*' --push --registry registry.example.com/team
  cargo xtask invoke ping                   what a Lambda answers, on this machine
  cargo xtask dev                           all Lambdas, up to date with every save
  cargo xtask explain submit-openai         every ingredient of one image's fingerprint

Exit codes: 0 done, 1 a build or a check failed, 2 wrong usage or declaration,
            3 the surroundings do not allow it, 130 interrupted."
)]
pub struct Typed {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The repository's root [env: LAYERWISE_ROOT] [default: the nearest folder upwards with .git or an xtask]
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<Utf8PathBuf>,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    #[arg(help = "When to use colours: auto, always, never")]
    pub color: ColorChoice,
    /// Say nothing but errors and results
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: every build step, off a terminal too
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build every stale image, in parallel, bases first
    #[command(visible_alias = "build")]
    BuildLambdas(Build),
    /// Say which images are fresh or stale, why, and what building them costs
    Plan(Plan),
    /// Show everything that one image is made of, and what changed since its nearest build
    Explain(Explain),
    /// Run a Lambda on this machine, give it an event and print its answer
    Invoke(Invoke),
    /// Run Lambdas on this machine and keep them up to date with every save
    Dev(Dev),
    /// Write the Dockerfiles, their ignore files and a docker-bake.json to target/images
    Generate(Generate),
    /// Write down which digests the images of others stand for, in images.lock
    Lock(Lock),
    /// Write a template.yaml of the Lambdas for AWS's SAM CLI
    Sam(Sam),
    /// List the declared images
    List(List),
    /// Show what stands on what
    Graph(Graph),
    /// Check this machine and the declarations for what makes builds fail, leak or differ
    Doctor(Doctor),
    /// Say what images are there, pinned by digest, for infrastructure code
    Outputs(Outputs),
    /// Let functions run the pushed images, and wait until they do
    Deploy(Deploy),
    /// Let a function run again what it ran before
    Rollback(Rollback),
    /// Look at and set up the repositories of a registry of ECR
    #[command(subcommand)]
    Registry(Registry),
    /// A private engine and registry, where there is no Docker
    #[command(subcommand)]
    Sandbox(Sandbox),
    /// Print a shell's completions
    #[command(after_help = "\
The completions are for the alias `xtask`:
  alias xtask='cargo xtask'
  source <(cargo xtask completions bash)")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Where images and records are.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Where")]
pub struct Where {
    /// Use the sandbox's engine, and with --push its registry
    #[arg(long)]
    pub sandbox: bool,
    /// Images go to a registry, not to the engine's local store
    #[arg(long)]
    pub push: bool,
    /// The stack, of those that the xtask's settings declare [env: LAYERWISE_STACK]
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// The registry, and what comes before an image's name there [env: LAYERWISE_REGISTRY]
    #[arg(long, value_name = "PREFIX", requires = "push")]
    pub registry: Option<String>,
    /// Where finished builds are remembered: a folder, or s3://bucket/prefix [env: LAYERWISE_RECORDS] [default: target/layerwise/records]
    #[arg(long, value_name = "PLACE")]
    pub records: Option<Utf8PathBuf>,
    /// What may be done to shared records [env: LAYERWISE_RECORDS_ACCESS] [default: read-only for a pull request in CI]
    #[arg(long, value_name = "ACCESS", value_enum, hide_possible_values = true)]
    #[arg(
        help = "What may be done to records in S3: read-only, read-write [env: LAYERWISE_RECORDS_ACCESS] [default: read-only for a pull request in CI]"
    )]
    pub records_access: Option<Access>,
}

/// What may be done to records that several share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Access {
    /// Nothing is recorded.
    ReadOnly,
    /// What is built is recorded.
    ReadWrite,
}

/// Whether images stand on stable bases.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Bases")]
pub struct StaticBase {
    /// Stand on each base as its stable tag names it, whatever its sources say by now; never pushed
    /// [env: USE_STATIC_BASE_IMAGE=1, LAYERWISE_STATIC_BASE] [default pattern: {name}:stable]
    #[arg(long, value_name = "PATTERN", num_args = 0..=1, require_equals = true)]
    pub static_base: Option<Option<String>>,
}

/// What becomes of bases.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Bases")]
pub struct Bases {
    /// Whether.
    #[command(flatten)]
    pub stable: StaticBase,
    /// Build stable bases again as their sources say, and not only those that are missing
    #[arg(long)]
    pub rebuild_bases: bool,
}
