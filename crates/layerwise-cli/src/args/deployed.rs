//! What is about pushed images: `outputs`, `deploy`, `rollback`, `registry`.

use camino::Utf8PathBuf;
use clap::{Args, Subcommand, ValueEnum};

use super::Where;

/// Where pushed images are.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Where")]
pub struct Pushed {
    /// Use the sandbox's registry
    #[arg(long)]
    pub sandbox: bool,
    /// The stack, of those that the xtask's settings declare [env: LAYERWISE_STACK]
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// The registry, and what comes before an image's name there [env: LAYERWISE_REGISTRY]
    #[arg(long, value_name = "PREFIX")]
    pub registry: Option<String>,
    /// Where finished builds are remembered: a folder, or s3://bucket/prefix [env: LAYERWISE_RECORDS] [default: target/layerwise/records]
    #[arg(long, value_name = "PLACE")]
    pub records: Option<Utf8PathBuf>,
}

impl From<&Pushed> for Where {
    fn from(Pushed { sandbox, stack, registry, records }: &Pushed) -> Self {
        let (stack, registry, records) = (stack.clone(), registry.clone(), records.clone());
        Self { sandbox: *sandbox, push: true, stack, registry, records, ..Self::default() }
    }
}

/// `outputs`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask outputs --stack prod > images.json
  cargo xtask outputs --format tfvars > images.auto.tfvars
  cargo xtask outputs ping --format env

Only images that are fresh have an output: where one is stale, nothing is written and the exit
code is 1. Lambda keeps the digest that a function was given: a tag that moves changes nothing.")]
pub struct Outputs {
    /// Names of images, or patterns with * and ?; all but bases when there is none
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub format: OutputFormat,
    /// Where.
    #[command(flatten)]
    pub place: Pushed,
}

/// How outputs are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Reference, digest, platform and functions of each image.
    #[default]
    Json,
    /// A variable for each image, for a shell or a `.env` file.
    Env,
    /// One variable `images`, a map, for Terraform.
    Tfvars,
    /// The configuration of a Pulumi stack.
    Pulumi,
    /// Context of a CDK app.
    Cdk,
}

/// `deploy`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask deploy --stack dev
  cargo xtask deploy ping --function ping-of-mine
  cargo xtask deploy --stack prod --dry-run

A function is called as its image's declaration says, or as the image, in the form that the
settings give. Functions themselves are made by your infrastructure code. Each update is
published as a version, which is what `rollback` goes back to.

Standard output has one line `function image@digest version` for each function.")]
pub struct Deploy {
    /// Names of Lambda images, or patterns with * and ?; all when there is none
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// The function, for one image
    #[arg(long, value_name = "NAME")]
    pub function: Option<String>,
    /// Only say what would be deployed
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Where.
    #[command(flatten)]
    pub place: Pushed,
}

/// `rollback`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask rollback ping --stack prod            to the newest version with another image
  cargo xtask rollback ping --stack prod --to 12    to that version")]
pub struct Rollback {
    /// The image whose functions go back, or one of its functions as it is declared
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The function, if it has another name
    #[arg(long, value_name = "NAME")]
    pub function: Option<String>,
    /// The version to go back to
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// Where.
    #[command(flatten)]
    pub place: Pushed,
}

/// `registry …`
#[derive(Debug, Subcommand)]
pub enum Registry {
    /// Say what is different from what the settings ask for; changes nothing
    Plan(Pushed),
    /// Make it so; what is as it is to be stays untouched
    Apply(Pushed),
}
