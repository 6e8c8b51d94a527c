//! What is about this machine: `doctor`, `sandbox`.

use clap::{Args, Subcommand, ValueEnum};

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
