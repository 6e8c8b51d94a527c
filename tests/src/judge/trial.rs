//! One monorepo that goes through its steps: Layerwise is asked after each, and what the builder needs is put aside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::digest::Digest;
use layerwise::graph::TargetParent;
use layerwise::inspect::{Inspection, inspect};
use layerwise::repo_path::RepoPath;

use super::bake::{Engine, Form, Target};
use super::checkout::{Checkout, copy};
use super::declaration::{ImageModel, Part};
use super::image::{Image, Reader};
use super::step::{Monorepo, Step};
use super::tree::{Node, Tree};
use super::verdict::Said;
use super::{generate, is_at_or_below, propose};
use crate::random::Random;

/// A monorepo and its steps.
#[derive(Debug, Clone)]
pub struct Trial {
    /// What it follows from.
    pub seed: u64,
    /// How it begins.
    pub start: Monorepo,
    /// What happens.
    pub steps: Vec<Step>,
}

/// What became of it.
#[derive(Debug, Default)]
pub struct Ran {
    /// The looks at it: one at the beginning, then one after each step that left something to build.
    pub looks: Vec<Look>,
    /// The kinds of the steps after which Layerwise had an error to tell, each with the first of its errors. They are
    /// taken back.
    pub refused: Vec<String>,
}

/// All images after one step.
#[derive(Debug)]
pub struct Look {
    /// The kind of the step before it; none at the beginning.
    pub step: Option<String>,
    /// Each image by name.
    pub images: BTreeMap<String, Case>,
}

/// One image at one look.
#[derive(Debug)]
pub struct Case {
    /// What Layerwise says of it.
    pub said: Said,
    /// The place of its build in the batch.
    pub build: usize,
    /// The first build with the same Dockerfiles from top to bottom: nothing else is in a configuration.
    pub configuration: usize,
    /// The place of its parent's build, where that is a base of ours.
    pub parent: Option<usize>,
}

/// Builds that one call of the engine does.
#[derive(Debug)]
pub struct Batch {
    folder: Utf8PathBuf,
    targets: Vec<Target>,
    /// For each build the first one with the same Dockerfiles from top to bottom.
    alike: Vec<usize>,
    trials: usize,
}

impl Batch {
    /// An empty one; what `folder` held is gone.
    ///
    /// # Errors
    /// Of the file system.
    pub fn new(folder: &Utf8Path) -> io::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), targets: Vec::new(), alike: Vec::new(), trials: 0 })
    }

    /// How many builds there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Builds them all, with all layers.
    ///
    /// # Errors
    /// As [`Engine::build`].
    pub fn build(&self, engine: &Engine, reader: &Reader) -> io::Result<Vec<Result<Image, String>>> {
        let whole = (0..self.targets.len()).map(|place| (place, Form::Whole)).collect();
        Ok(engine.build(&self.folder, &self.targets, &whole, reader)?.into_values().collect())
    }

    /// Builds them all for what their layers come to, and nothing else.
    ///
    /// # Errors
    /// As [`Engine::build`].
    pub fn trees(&self, engine: &Engine, reader: &Reader) -> io::Result<Vec<Result<Image, String>>> {
        let trees = (0..self.targets.len()).map(|place| (place, Form::Tree)).collect();
        Ok(engine.build(&self.folder, &self.targets, &trees, reader)?.into_values().collect())
    }

    /// Has the layers and the configurations of the builds at `places` too.
    ///
    /// # Errors
    /// As [`Engine::build`].
    pub fn complete(
        &self,
        engine: &Engine,
        reader: &Reader,
        places: BTreeSet<usize>,
        images: &mut [Result<Image, String>],
    ) -> io::Result<()> {
        let known = |place: &usize| images[*place].as_ref().is_ok_and(|image| !image.whole);
        let wanted = places.into_iter().filter(known).map(|place| (place, Form::Whole)).collect();
        for (place, image) in engine.build(&self.folder, &self.targets, &wanted, reader)? {
            images[place] = image;
        }
        Ok(())
    }
}

impl Trial {
    /// A random monorepo with random steps, as many as wanted, each of which leaves something to build.
    ///
    /// # Errors
    /// As [`Trial::run`].
    pub fn random(seed: u64, steps: usize, batch: &mut Batch) -> io::Result<(Self, Ran)> {
        let mut random = Random::new(seed);
        let mut running = Running::new(batch)?;
        let mut ran = Ran::default();
        let (start, shell) = loop {
            let (start, shell) = generate::monorepo(&mut random);
            if running.step(None, &start, batch, &mut ran)? {
                break (start, shell);
            }
        };
        let mut trial = Self { seed, start: start.clone(), steps: Vec::new() };
        let mut now = start;
        while trial.steps.len() < steps {
            let step = propose::step(&mut random, &now, shell);
            let mut next = now.clone();
            step.apply(&mut next);
            if running.step(Some(&step), &next, batch, &mut ran)? {
                now = next;
                trial.steps.push(step);
            }
        }
        Ok((trial, ran))
    }

    /// Goes through all steps.
    ///
    /// # Errors
    /// Of the file system or git; never because Layerwise refuses something.
    pub fn run(&self, batch: &mut Batch) -> io::Result<Ran> {
        let mut running = Running::new(batch)?;
        let mut ran = Ran::default();
        let mut now = self.start.clone();
        running.step(None, &now, batch, &mut ran)?;
        for step in &self.steps {
            let mut next = now.clone();
            step.apply(&mut next);
            if running.step(Some(step), &next, batch, &mut ran)? {
                now = next;
            }
        }
        Ok(ran)
    }
}

struct Running {
    folder: Utf8PathBuf,
    checkout: Checkout,
    /// Builds that surely come to the same, by all that could make them differ.
    known: HashMap<Digest, usize>,
    /// The first build with each configuration, by all that it can follow from.
    configurations: HashMap<Digest, usize>,
    /// Whether there may be hard links, of which the model knows nothing; then everything is built.
    hard_links: bool,
}

impl Running {
    fn new(batch: &mut Batch) -> io::Result<Self> {
        let folder = batch.folder.join(format!("r{}", batch.trials));
        batch.trials += 1;
        let checkout = Checkout::new(&folder)?;
        let (known, configurations) = (HashMap::new(), HashMap::new());
        Ok(Self { folder, checkout, known, configurations, hard_links: false })
    }

    /// Takes a step that leads to `next`, and looks; answers whether Layerwise had a verdict. If not, the next step
    /// begins where this one began.
    fn step(
        &mut self,
        step: Option<&Step>,
        next: &Monorepo,
        batch: &mut Batch,
        ran: &mut Ran,
    ) -> io::Result<bool> {
        self.checkout.sync(&next.tree)?;
        match step {
            Some(Step::Git(git)) => self.checkout.git(*git)?,
            Some(Step::Move(place)) => self.checkout.move_to(place)?,
            Some(Step::HardLink { path, of }) => {
                self.checkout.hard_link(path, of)?;
                self.hard_links = true;
            }
            _ => {}
        }
        match inspect(self.checkout.root(), &next.declaration.images()).and_then(Inspection::whole) {
            Ok(inspection) => {
                let images = self.look(&inspection, next, ran.looks.len(), batch)?;
                ran.looks.push(Look { step: step.map(Step::kind), images });
                Ok(true)
            }
            Err(problems) => {
                let first = problems.first().map(ToString::to_string).unwrap_or_default();
                ran.refused.push(format!("{}: {first}", step.map(Step::kind).unwrap_or_default()));
                Ok(false)
            }
        }
    }

    fn look(
        &mut self,
        inspection: &Inspection,
        now: &Monorepo,
        number: usize,
        batch: &mut Batch,
    ) -> io::Result<BTreeMap<String, Case>> {
        let snapshot = self.folder.join(format!("s{number}"));
        let mut places: Vec<usize> = Vec::new();
        let mut images = BTreeMap::new();
        for (place, target) in inspection.graph.targets.iter().enumerate() {
            let inspected = &inspection.targets[place];
            let name = target.name.to_string();
            let linked: Vec<(String, usize)> = target
                .parents
                .iter()
                .filter_map(|parent| match parent.parent {
                    TargetParent::External(_) | TargetParent::Stable { .. } => None,
                    TargetParent::Target(parent) => {
                        Some((inspection.graph.targets[parent].readable_reference(), places[parent]))
                    }
                })
                .collect();
            let (dockerfile, allow_list) = (inspected.dockerfile.to_string(), inspected.allow_list());
            let ignore = allow_list.text();
            let model = now.declaration.images.iter().find(|image| image.name == name);
            let read = model.map(|model| readable(model, &now.tree)).unwrap_or_default();
            let stage = target.image.target.clone();
            let key = Digest::of(format!("{dockerfile}\0{ignore}\0{linked:?}\0{stage:?}\0{read:?}"));
            let known = self.known.get(&key).copied().filter(|_| !self.hard_links);
            let build = if let Some(known) = known {
                known
            } else {
                let own = format!("l{number}-{name}");
                let file = self.folder.join(format!("{own}.Dockerfile"));
                fs::write(&file, &dockerfile)?;
                fs::write(self.folder.join(format!("{own}.Dockerfile.dockerignore")), ignore)?;
                // The checkout itself wherever it will do: the truth is what anybody's builder makes of it.
                let context = if inspected.odd_modes.is_empty() {
                    if !snapshot.exists() {
                        copy(&inspection.root, &snapshot)?;
                    }
                    snapshot.clone()
                } else {
                    let context = self.folder.join(&own);
                    inspection.copy_context(place, &context).map_err(io::Error::other)?;
                    context
                };
                let below: Vec<_> = linked.iter().map(|(_, below)| batch.alike[*below]).collect();
                let build = batch.targets.len();
                let key = Digest::of(format!("{dockerfile}\0{below:?}\0{stage:?}"));
                batch.alike.push(*self.configurations.entry(key).or_insert(build));
                batch.targets.push(Target { context, dockerfile: file, linked, stage: stage.clone() });
                build
            };
            self.known.insert(key, build);
            places.push(build);
            let (ingredients, fingerprint) = (inspected.ingredients.clone(), inspected.fingerprint);
            let said = Said::new(&inspected.dockerfile, stage.as_deref(), ingredients, fingerprint);
            let parent = target.parents.iter().find(|parent| said.from == format!("${{{}}}", parent.arg));
            let parent = parent.and_then(|parent| match parent.parent {
                TargetParent::External(_) | TargetParent::Stable { .. } => None,
                TargetParent::Target(parent) => Some(places[parent]),
            });
            let configuration = batch.alike[build];
            images.insert(name, Case { said, build, configuration, parent });
        }
        Ok(images)
    }
}

/// All that the builder could read for an image, modes and times included: what lies above, at or below a declared
/// source, and the same of whatever links among that lead to. Layerwise has no say in this.
fn readable<'a>(image: &ImageModel, tree: &'a Tree) -> Vec<(&'a String, &'a Node)> {
    let mut ways: BTreeSet<String> = image.all_parts().filter_map(Part::source).map(str::to_owned).collect();
    loop {
        let near = |path: &str| ways.iter().any(|way| is_at_or_below(path, way) || is_at_or_below(way, path));
        let read: Vec<_> = tree.nodes.iter().filter(|(path, _)| near(path)).collect();
        let led = read.iter().filter_map(|(path, node)| match node {
            Node::Link { target } => {
                let folder = RepoPath::new(path).ok()?.parent()?;
                RepoPath::below(&folder, target).ok().map(|path| path.as_str().to_owned())
            }
            _ => None,
        });
        let known = ways.len();
        ways.extend(led.collect::<Vec<_>>());
        if ways.len() == known {
            return read;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is printed with a failure has to lead to it again, wherever it runs.
    #[test]
    fn a_seed_always_means_the_same_trial() {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [one, other] = folders.each_ref().map(|folder| {
            let folder = Utf8Path::from_path(folder.path()).unwrap();
            let mut batch = Batch::new(&folder.join("batch")).unwrap();
            let trials = (1..8).map(|seed| Trial::random(seed, 8, &mut batch).unwrap());
            trials.map(|(trial, ran)| (trial, ran.refused, fingerprints(&ran.looks))).collect::<Vec<_>>()
        });
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        let refused: usize = one.iter().map(|(_, refused, _)| refused.len()).sum();
        assert!(refused < 7 * 8 / 2, "{refused} steps are refused");
        assert!(one.iter().any(|(.., fingerprints)| fingerprints.len() > 8), "no step changes a fingerprint");
    }

    fn fingerprints(looks: &[Look]) -> BTreeSet<Digest> {
        looks.iter().flat_map(|look| look.images.values().map(|case| case.said.fingerprint)).collect()
    }
}
