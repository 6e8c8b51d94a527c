//! What runs Lambdas on this machine: `invoke`, `dev`, `sam`.

use camino::Utf8PathBuf;
use clap::Args;

use super::{Bases, StaticBase, Where};

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
