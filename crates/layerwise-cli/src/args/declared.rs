//! What is about declarations: `generate`, `lock`, `list`, `graph`.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

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
