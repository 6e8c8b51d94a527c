//! What was typed, and nothing more: clap's structures. `wiring` turns them into what commands work with.

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use layerwise::run::Assemble;

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

/// Where a Lambda runs on this machine.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Where")]
pub struct Here {
    /// Use the sandbox's engine
    #[arg(long)]
    pub sandbox: bool,
    /// Where finished builds are remembered: a folder, or s3://bucket/prefix [env: LAYERWISE_RECORDS] [default: target/layerwise/records]
    #[arg(long, value_name = "PLACE")]
    pub records: Option<Utf8PathBuf>,
}

impl From<&Here> for Where {
    fn from(Here { sandbox, records }: &Here) -> Self {
        Self { sandbox: *sandbox, records: records.clone(), ..Self::default() }
    }
}

/// `invoke`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask invoke ping                                with the event {}
  cargo xtask invoke ping --event '{\"ping\": 1}'
  cargo xtask invoke ping --event lambdas/ping/events/sample.json | jq
  cargo xtask invoke ping --all-events                   every sample event, answers compared
  cargo xtask invoke ping --concurrency 4 --count 200    a small load, with latencies

The image is built first if it is stale, unless `dev` runs, which is asked then; nothing is
pushed and no AWS account is needed. The answer goes to standard output; what the function prints goes to standard error.

Sample events are NAME.json in a folder `events` beside the Lambda's files, or in the one that
its declaration names; the answer that is expected is NAME.expected.json beside it.

Exit codes: 0 answered, 1 the function failed or an answer is not the expected one, 2 no such
            Lambda or event, 3 the surroundings do not allow it, 130 interrupted.")]
pub struct Invoke {
    /// The Lambda's image, or one of its functions
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The event: a file, a JSON text, or - for standard input [default: {}]
    #[arg(short, long, value_name = "EVENT", conflicts_with = "all_events")]
    pub event: Option<String>,
    /// Run every sample event and compare the answer with the expected one where there is one
    #[arg(long, conflicts_with_all = ["count", "concurrency"])]
    pub all_events: bool,
    /// How many invocations
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub count: u32,
    /// How many at once, each in a container of its own, as in Lambda
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// On what.
    #[command(flatten)]
    pub bases: Bases,
    /// Where.
    #[command(flatten)]
    pub place: Here,
}

/// `dev`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask dev                       every Lambda
  cargo xtask dev ping 'poll-*'         some of them
  cargo xtask dev --debug ping          with breakpoints
  aws lambda invoke --endpoint-url http://127.0.0.1:9000 --function-name ping \\
      --cli-binary-format raw-in-base64-out --payload '{\"ping\": 1}' /dev/stdout

A saved handler or any other copied file is put into the running container and the function's
runtime is started anew: no image is built. Anything else that an image is made of builds that
image again, and its container takes over once it answers.

All functions answer by name at http://127.0.0.1:9000/2015-03-31/functions/NAME/invocations, as
in Lambda's own API, and each at a port of its own that stays the same. `cargo xtask invoke NAME`
asks the running loop.

Keys: r starts every function anew, b builds the images and their bases as the sources are now,
i asks the last question again, d compiles the declarations and starts again, q quits. No container
stays.")]
pub struct Dev {
    /// Names of Lambda images, or patterns with * and ?; all when there is none
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The port of all functions by name; each one's own port follows it. Any free ports for 0
    #[arg(long, value_name = "N", default_value_t = 9000)]
    pub port: u16,
    /// Run this Lambda under debugpy, and print the editor's launch configuration; may be given several times
    #[arg(long, value_name = "NAME")]
    pub debug: Vec<String>,
    /// The port of the first debugger; others follow it. Any free ones for 0
    #[arg(long, value_name = "N", default_value_t = 5678)]
    pub debug_port: u16,
    /// On what: always on stable bases.
    #[command(flatten)]
    pub bases: Bases,
    /// Where.
    #[command(flatten)]
    pub place: Here,
}

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

/// `generate`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask generate
  docker buildx bake -f target/images/docker-bake.json      the same images without Layerwise
  cargo xtask generate --check                              fail if the files are not those of the declarations")]
pub struct Generate {
    /// Write nothing; fail and name the files that differ
    #[arg(long)]
    pub check: bool,
    /// The folder, from the repository's root
    #[arg(long, value_name = "DIR", default_value = "target/images")]
    pub output: Utf8PathBuf,
}

/// `lock`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask lock                          writes down what is not in images.lock yet
  cargo xtask lock --check                  what has moved since, how old it is, what it would rebuild
  cargo xtask lock --update                 takes everything as it is now
  cargo xtask lock --update lambda/python   takes one image as it is now

With images.lock in the repository, images stand on exactly the digests in it, wherever and
whenever they are built; a change of the file rebuilds what stands on what it changes.

The exit code of --check is 1 if an entry is missing or not needed any more; what has moved
is told and is no failure.")]
pub struct Lock {
    /// Change nothing: compare with what the registries say now
    #[arg(long, conflicts_with = "update")]
    pub check: bool,
    /// Take the named images as they are now; all of them without a name
    #[arg(long, value_name = "NAME", num_args = 0..)]
    pub update: Option<Vec<String>>,
}

/// `sam`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask sam && sam validate --lint
  cargo xtask build-lambdas ping && sam local invoke --skip-pull-image Ping

The functions run the images' local names, `<name>:local`, or `<name>:dev` on stable bases, with the
environment, memory and timeout that are declared for this machine.")]
pub struct Sam {
    /// Write nothing; fail if the file is not that of the declarations
    #[arg(long)]
    pub check: bool,
    /// The file, from the repository's root
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    pub output: Utf8PathBuf,
    /// On what.
    #[command(flatten)]
    pub stable: StaticBase,
}

/// `list`
#[derive(Debug, Args)]
pub struct List {
    /// Report as one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// `graph`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask graph
  cargo xtask graph --format dot | dot -Tsvg > images.svg")]
pub struct Graph {
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub format: GraphFormat,
}

/// How a graph is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// A tree of text.
    #[default]
    Tree,
    /// Graphviz.
    Dot,
    /// Mermaid, as GitHub shows it in Markdown.
    Mermaid,
}

/// `doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// Check the sandbox's engine
    #[arg(long)]
    pub sandbox: bool,
    /// The stack whose registry and records are checked [env: LAYERWISE_STACK]
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// The registry that is checked [env: LAYERWISE_REGISTRY]
    #[arg(long, value_name = "PREFIX")]
    pub registry: Option<String>,
    /// Report as one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// `sandbox …`
#[derive(Debug, Subcommand)]
pub enum Sandbox {
    /// Bring it up; the first time it downloads about 300 MB of signed packages
    Up {
        /// Run programs of another architecture as well, until `sandbox down`; concerns the whole machine
        #[arg(long, value_enum, value_name = "ARCHITECTURE")]
        emulate: Vec<Emulate>,
        /// Let S3, ECR and Lambda answer as well (moto, 81 MB more), until `sandbox down`
        #[arg(long)]
        aws: bool,
    },
    /// End everything that runs; images and downloads stay
    Down,
    /// End everything and delete it, downloads too
    Purge,
    /// Say what there is of it
    Status {
        /// Report as one JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Print the variables that make docker use it
    #[command(after_help = "Example:\n  eval \"$(cargo xtask sandbox env)\" && docker images")]
    Env,
}

/// An architecture to emulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Emulate {
    /// 64-bit ARM, AWS's Graviton.
    Arm64,
}
