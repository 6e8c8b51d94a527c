//! `build-lambdas` and what tells of it beforehand: `plan`, `explain`.

use clap::{Args, ValueEnum};
use layerwise::run::Assemble;

use super::{Bases, StaticBase, Where};

/// `build-lambdas`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask build-lambdas                       everything that is stale
  cargo xtask build-lambdas submit-openai         one image, and the bases that it stands on
  cargo xtask build-lambdas 'poll-*' --dry-run    what would be built
  cargo xtask build-lambdas --sandbox --push      into the sandbox's own registry

Standard output has one line `name reference@digest` for each image that was built or
confirmed, or one JSON document with --json.")]
pub struct Build {
    /// Names of images, or patterns with * and ?; all when there is none
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// How many builds at once [default: two per CPU]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Build the named images even if nothing changed
    #[arg(short, long)]
    pub force: bool,
    /// Start nothing more after the first failure
    #[arg(long)]
    pub fail_fast: bool,
    /// Only say what would be built
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not use BuildKit's layer cache
    #[arg(long)]
    pub no_cache: bool,
    /// Make images that only copy and configure without BuildKit: auto, never, or always (others fail)
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, hide_possible_values = true)]
    pub assemble: When,
    /// Share layers with other machines by this repository of a registry [env: LAYERWISE_CACHE]
    #[arg(long, value_name = "REPOSITORY")]
    pub cache: Option<String>,
    /// The buildx builder to use [default: buildx's own choice]
    #[arg(long, value_name = "NAME", conflicts_with = "sandbox")]
    pub builder: Option<String>,
    /// Report as one JSON document on standard output
    #[arg(long)]
    pub json: bool,
    /// On what.
    #[command(flatten)]
    pub bases: Bases,
    /// Where.
    #[command(flatten)]
    pub place: Where,
}

/// Which images are made without BuildKit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Those that can be; BuildKit builds the others.
    #[default]
    Auto,
    /// None.
    Never,
    /// All but bases; one that cannot be fails and says why.
    Always,
}

impl From<When> for Assemble {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Never => Self::Never,
            When::Always => Self::Always,
        }
    }
}

/// `plan`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask plan                everything
  cargo xtask plan --offline      records only: nobody is asked whether the images are still there
  cargo xtask plan --json | jq -r '.images[] | select(.verdict == \"stale\") | .name'

The exit code is 0 whether something is stale or not.")]
pub struct Plan {
    /// Names of images, or patterns with * and ?; all when there is none
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// Ask neither engine nor registry; trust the records
    #[arg(long)]
    pub offline: bool,
    /// Report as one JSON document on standard output
    #[arg(long)]
    pub json: bool,
    /// On what.
    #[command(flatten)]
    pub stable: StaticBase,
    /// Where.
    #[command(flatten)]
    pub place: Where,
}

/// `explain`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask explain submit-openai
  cargo xtask explain submit-openai --json | jq .changes

Asks neither engine nor registry.")]
pub struct Explain {
    /// The image's name
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// Report as one JSON document on standard output
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub place: Where,
}
