//! The story of an inspection: from declarations to rendered Dockerfiles, input manifests and fingerprints. Reads
//! the repository through `python::load` and `scan`; never writes, never asks a store or a registry.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use crate::digest::Digest;
use crate::dockerfile::{Dockerfile, render};
use crate::dockerignore::AllowList;
use crate::fingerprint::{Ingredients, ParentIngredient};
use crate::graph::{Graph, TargetParent};
use crate::image::Images;
use crate::image_lock::{self, ImageLock, ImageLockError};
use crate::image_ref::ImageRef;
use crate::inputs::{InputManifest, Source};
use crate::layer::LayerClass;
use crate::parallel;
use crate::record::RecordKey;
use crate::repo_path::RepoPath;
use crate::scan::{Request, Scanned, scan};

mod broken;
mod context;
mod facts;
mod handler;
mod own;
mod problem;

pub use broken::{Broken, Selection, Why};
pub use context::ContextError;
pub use own::WORK;
pub use problem::Problem;

/// A repository's images as they are now.
#[derive(Debug)]
pub struct Inspection {
    /// The repository's root.
    pub root: Utf8PathBuf,
    /// The targets that can be planned, and what stands on what.
    pub graph: Graph,
    /// What was found out about each target, in the graph's order.
    pub targets: Vec<Inspected>,
    /// The images that cannot be planned, what stands on others behind them.
    pub broken: Vec<Broken>,
    /// Parents of somebody else that `images.lock` does not have; none where there is no such file.
    pub unlocked: BTreeSet<ImageRef>,
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

/// Inspects every image below `root`. One that cannot be read is set apart, with what stands on it: the others are planned all the
/// same.
///
/// # Errors
/// Every [`Problem`] of the declarations, not only the first.
pub fn inspect(root: &Utf8Path, images: &Images) -> Result<Inspection, Vec<Problem>> {
    look(root, images, resolve(images)?)
}

/// As [`inspect`], but only the targets with these labels and what they stand on: nothing else is looked at.
///
/// # Errors
/// Every [`Problem`] of the declarations.
pub fn inspect_only(root: &Utf8Path, images: &Images, labels: &[String]) -> Result<Inspection, Vec<Problem>> {
    let graph = resolve(images)?;
    let named = (0..graph.targets.len()).filter(|&place| labels.contains(&graph.targets[place].label));
    let places = graph.with_ancestors(named);
    look(root, images, graph.keep(&places))
}

fn resolve(images: &Images) -> Result<Graph, Vec<Problem>> {
    Graph::resolve(images).map_err(|errors| errors.into_iter().map(Problem::from).collect())
}

fn look(root: &Utf8Path, images: &Images, mut graph: Graph) -> Result<Inspection, Vec<Problem>> {
    let unlocked = lock(root, &mut graph).map_err(|error| vec![Problem::Lock(error)])?;
    let facts = facts::gather(root, images, &graph).map_err(|problem| vec![problem])?;
    let rendered = rendered(&graph, facts);
    let requests: Vec<_> =
        rendered.iter().flatten().map(|rendered| Request { sources: &rendered.sources }).collect();
    let mut scanned = scan(root, &requests).into_iter();
    let found = rendered.into_iter().zip(&graph.targets).map(|(rendered, target)| {
        let rendered = rendered?;
        // As many answers as questions.
        let scanned = scanned.next().unwrap_or_else(|| Err(Vec::new()));
        Ok((rendered, scanned.map_err(|errors| problem::of_scan(&target.label, errors))?))
    });
    let found = found.collect();
    let (graph, found, broken) = broken::set_apart(graph, found);

    let mut inputs = Vec::new();
    let mut rest = Vec::new();
    for (rendered, Scanned { inputs: read, followed, odd_modes }) in found {
        inputs.push(read);
        rest.push((rendered, followed, odd_modes));
    }
    let dockerfiles: Vec<_> = rest.iter().map(|(rendered, ..)| &rendered.dockerfile).collect();
    let fingerprints = fingerprints(&graph, &dockerfiles, inputs);
    let inspected = |((rendered, followed, odd_modes), (ingredients, fingerprint))| {
        let Rendered { dockerfile, sources, requirements } = rendered;
        Inspected { dockerfile, sources, followed, requirements, odd_modes, ingredients, fingerprint }
    };
    let targets = rest.into_iter().zip(fingerprints).map(inspected).collect();
    Ok(Inspection { root: root.to_owned(), graph, targets, broken, unlocked })
}

/// Lets the parents of `graph` be what `images.lock` says, and answers which it does not have. Without the file they stay as
/// they are.
fn lock(root: &Utf8Path, graph: &mut Graph) -> Result<BTreeSet<ImageRef>, ImageLockError> {
    let text = match fs_err::read_to_string(root.join(image_lock::FILE)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        text => text?,
    };
    ImageLock::parse(&text)?.pin(graph);
    Ok(image_lock::needed(graph).into_keys().map(|(reference, _)| reference).collect())
}

/// A target before its inputs are looked at.
struct Rendered {
    dockerfile: Dockerfile,
    sources: Vec<(LayerClass, Source)>,
    requirements: Vec<String>,
}

fn rendered(graph: &Graph, facts: Vec<facts::Gathered>) -> Vec<Result<Rendered, Vec<Problem>>> {
    let declared: Vec<_> = graph.targets.iter().zip(&facts).collect();
    let dockerfiles = parallel::map(&declared, |(target, facts)| {
        facts.as_ref().ok().map(|facts| render(target, graph, facts))
    });
    let rendered =
        facts.into_iter().zip(dockerfiles).zip(&graph.targets).map(|((facts, dockerfile), target)| {
            let (facts, dockerfile) = (facts?, dockerfile.unwrap_or_else(|| unreachable!("it has facts")));
            Ok(Rendered {
                sources: own::left_out(&target.label, dockerfile.sources())?,
                requirements: facts.into_iter().flat_map(|stage| stage.requirements).collect(),
                dockerfile,
            })
        });
    rendered.collect()
}

/// The ingredients and the fingerprint of every target. Parents first, each wave in parallel: a fingerprint holds those
/// of its parents.
fn fingerprints(
    graph: &Graph,
    dockerfiles: &[&Dockerfile],
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
            let dockerfile = dockerfiles[place];
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
        let label = &self.graph.targets[place].label;
        let mut inputs = InputManifest::default();
        for scanned in scan(&self.root, &[request]) {
            inputs = scanned.map_err(|errors| problem::of_scan(label, errors))?.inputs;
        }
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
