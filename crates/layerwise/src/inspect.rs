//! The story of an inspection: from declarations to rendered Dockerfiles, input manifests and fingerprints. Reads
//! the repository through `python::load` and `scan`; never writes, never asks a store or a registry.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::digest::Digest;
use crate::dockerfile::{Dockerfile, StageFacts, render};
use crate::dockerignore::AllowList;
use crate::fingerprint::{Ingredients, ParentIngredient};
use crate::graph::{Graph, TargetParent};
use crate::image::Images;
use crate::inputs::{InputManifest, Source};
use crate::layer::LayerClass;
use crate::parallel;
use crate::record::RecordKey;
use crate::repo_path::RepoPath;
use crate::scan::{Request, Scanned, scan};

mod context;
mod facts;
mod handler;
mod own;
mod problem;

pub use context::ContextError;
pub use own::WORK;
pub use problem::Problem;

/// A repository's images as they are now.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The repository's root.
    pub root: Utf8PathBuf,
    /// The targets and what stands on what.
    pub graph: Graph,
    /// What was found out about each target, in the graph's order.
    pub targets: Vec<Inspected>,
}

/// What was found out about one target.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// Its Dockerfile.
    pub dockerfile: Dockerfile,
    /// What its instructions read, with the layer class.
    pub sources: Vec<(LayerClass, Source)>,
    /// What links among its sources lead to.
    pub followed: Vec<RepoPath>,
    /// Third-party requirements that it installs because local packages need them.
    pub requirements: Vec<String>,
    /// Inputs whose mode is not what git keeps of it: only their copies have modes that every checkout gives.
    pub odd_modes: BTreeMap<RepoPath, u32>,
    /// What its fingerprint is made of.
    pub ingredients: Ingredients,
    /// Its fingerprint.
    pub fingerprint: Digest,
}

impl Inspected {
    /// What its build context holds: what it reads, and what links lead to.
    #[must_use]
    pub fn allow_list(&self) -> AllowList {
        let followed: Vec<_> = self.followed.iter().cloned().map(Source::File).collect();
        let sources = self.sources.iter().map(|(_, source)| source).chain(&followed);
        // The scan went by the same lists.
        AllowList::new(sources).unwrap_or_else(|error| unreachable!("every pattern was parsed: {error}"))
    }
}

/// Inspects every image below `root`.
///
/// # Errors
/// Every [`Problem`], not only the first.
pub fn inspect(root: &Utf8Path, images: &Images) -> Result<Inspection, Vec<Problem>> {
    let graph = Graph::resolve(images).map_err(problem::all)?;
    let facts = facts::gather(root, images, &graph)?;
    let declared: Vec<_> = graph.targets.iter().zip(&facts).collect();
    let dockerfiles = parallel::map(&declared, |(target, facts)| render(target, &graph, facts));
    let sources = sources(&graph, &dockerfiles)?;
    let requests: Vec<_> = sources.iter().map(|sources| Request { sources }).collect();
    let scanned = scan(root, &requests).map_err(problem::all)?;

    let (inputs, rest): (Vec<_>, Vec<_>) = scanned
        .into_iter()
        .map(|Scanned { inputs, followed, odd_modes }| (inputs, (followed, odd_modes)))
        .unzip();
    let fingerprints = fingerprints(&graph, &dockerfiles, inputs);
    let found = dockerfiles.into_iter().zip(sources).zip(facts).zip(rest).zip(fingerprints);
    let inspected =
        |((((dockerfile, sources), facts), (followed, odd_modes)), (ingredients, fingerprint))| {
            let facts: Vec<StageFacts> = facts;
            let requirements = facts.into_iter().flat_map(|stage| stage.requirements).collect();
            Inspected { dockerfile, sources, followed, requirements, odd_modes, ingredients, fingerprint }
        };
    let targets = found.map(inspected).collect();
    Ok(Inspection { root: root.to_owned(), graph, targets })
}

/// What each target reads.
fn sources(
    graph: &Graph,
    dockerfiles: &[Dockerfile],
) -> Result<Vec<Vec<(LayerClass, Source)>>, Vec<Problem>> {
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for (target, dockerfile) in graph.targets.iter().zip(dockerfiles) {
        match own::left_out(&target.label, dockerfile.sources()) {
            Ok(sources) => all.push(sources),
            Err(errors) => problems.extend(errors),
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// The ingredients and the fingerprint of every target. Parents first, each wave in parallel: a fingerprint holds those
/// of its parents.
fn fingerprints(
    graph: &Graph,
    dockerfiles: &[Dockerfile],
    mut inputs: Vec<InputManifest>,
) -> Vec<(Ingredients, Digest)> {
    let mut known: BTreeMap<usize, (Ingredients, Digest)> = BTreeMap::new();
    for wave in graph.waves() {
        let ingredients = wave.iter().map(|&place| {
            let target = &graph.targets[place];
            let parents = target.parents.iter().map(|parent| match &parent.parent {
                TargetParent::External(reference) => ParentIngredient::External(reference.to_string()),
                TargetParent::Stable { target: _, reference } => {
                    ParentIngredient::Stable { reference: reference.to_string(), digest: None }
                }
                TargetParent::Target(place) => ParentIngredient::Ours {
                    name: graph.targets[*place].name.clone(),
                    fingerprint: known[place].1,
                },
            });
            let (stage, inputs) = (target.image.target.clone(), std::mem::take(&mut inputs[place]));
            let dockerfile = &dockerfiles[place];
            let (frontend, instructions) =
                (dockerfile.frontend.clone(), |class| dockerfile.instructions(class));
            Ingredients::new(target.platform, frontend, stage, parents.collect(), instructions, inputs)
        });
        let ingredients: Vec<Ingredients> = ingredients.collect();
        let fingerprints = parallel::map(&ingredients, Ingredients::fingerprint);
        known.extend(wave.into_iter().zip(ingredients.into_iter().zip(fingerprints)));
    }
    known.into_values().collect()
}

impl Inspection {
    /// Under what the record of the target at `place` is kept.
    #[must_use]
    pub fn key(&self, place: usize) -> RecordKey {
        let target = &self.graph.targets[place];
        RecordKey {
            image: target.name.clone(),
            platform: target.platform,
            fingerprint: self.targets[place].fingerprint,
        }
    }

    /// Looks at a target's inputs again and says what changed since the inspection; empty when they are the same.
    ///
    /// # Errors
    /// Every [`Problem`] that keeps them from being read now.
    pub fn changes_since(&self, place: usize) -> Result<Vec<String>, Vec<Problem>> {
        let inspected = &self.targets[place];
        let request = Request { sources: &inspected.sources };
        let mut scanned = scan(&self.root, &[request]).map_err(problem::all)?;
        let inputs = scanned.pop().map_or_else(InputManifest::default, |scanned| scanned.inputs);
        let mut now = inspected.ingredients.clone();
        for class in now.classes.values_mut() {
            class.files.clear();
        }
        for (class, files) in inputs.classes {
            now.classes.entry(class).or_default().files = files;
        }
        let changes = crate::difference::difference(&inspected.ingredients, &now);
        Ok(changes.iter().map(|change| change.what.to_string()).collect())
    }
}
