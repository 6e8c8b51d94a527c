//! What every command works with. Plain data and the first steps that several commands share.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use layerwise::cloud::Cloud;
use layerwise::graph::Graph;
use layerwise::image::Images;
use layerwise::inspect::{Inspection, Problem, Selection, WORK, inspect, inspect_only};
use layerwise::process::Env;

use crate::console::Console;
use crate::error::CliError;
use crate::settings::Settings;

/// What every command works with.
pub struct Context<'a> {
    /// The declarations.
    pub images: &'a Images,
    /// The repository's root.
    pub root: Utf8PathBuf,
    /// The monorepo's own repository for layers.
    pub cache: Option<&'a str>,
    /// The environment.
    pub env: &'a Env,
    /// Where everything is said.
    pub console: &'a Console,
    /// Whether Ctrl-C and SIGTERM are ours to handle.
    pub signals: bool,
    /// What opens places in a cloud, if this program has that.
    pub cloud: Option<&'a dyn Cloud>,
    /// What the monorepo's own code says.
    pub settings: &'a Settings,
}

impl Context<'_> {
    /// Our own folder below the repository: records, Dockerfiles, logs, locks.
    #[must_use]
    pub fn work(&self) -> Utf8PathBuf {
        self.root.join(WORK)
    }

    /// The declarations, checked and resolved; no file is looked at.
    ///
    /// # Errors
    /// [`CliError::Problems`].
    pub fn graph(&self) -> Result<Graph, CliError> {
        Graph::resolve(self.images)
            .map_err(|errors| CliError::Problems(errors.into_iter().map(Problem::from).collect()))
    }

    /// The images as they are now; those that cannot be read are set apart.
    ///
    /// # Errors
    /// [`CliError::Problems`].
    pub fn inspect(&self) -> Result<Inspection, CliError> {
        inspect(&self.root, self.images).map_err(CliError::Problems)
    }

    /// The targets with these labels and what they stand on, as they are now. All of them can be read.
    ///
    /// # Errors
    /// [`CliError::Problems`].
    pub fn inspect_only(&self, labels: &[String]) -> Result<Inspection, CliError> {
        inspect_only(&self.root, self.images, labels).and_then(Inspection::whole).map_err(CliError::Problems)
    }
}

/// The places of the images that `patterns` name.
///
/// # Errors
/// [`CliError::UnknownImage`].
pub fn select(graph: &Graph, patterns: &[String]) -> Result<BTreeSet<usize>, CliError> {
    graph
        .select(patterns)
        .map_err(|pattern| CliError::UnknownImage { nearest: nearest(graph, &pattern), pattern })
}

/// What `patterns` name, images that cannot be read too.
///
/// # Errors
/// [`CliError::UnknownImage`].
pub fn select_all<'a>(inspection: &'a Inspection, patterns: &[String]) -> Result<Selection<'a>, CliError> {
    inspection
        .select(patterns)
        .map_err(|pattern| CliError::UnknownImage { nearest: nearest(&inspection.graph, &pattern), pattern })
}

/// The name that somebody who typed `text` most likely meant.
fn nearest(graph: &Graph, text: &str) -> Option<String> {
    let labels = graph.targets.iter().map(|target| &target.label);
    let scored = labels.map(|label| (strsim::jaro_winkler(label, text), label));
    let (score, label) = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (score > 0.8).then(|| label.clone())
}
