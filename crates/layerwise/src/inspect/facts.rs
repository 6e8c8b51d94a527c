//! What the disk has to say before a Dockerfile can be rendered: packages, requirements files, patterns. Never digests.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::Utf8Path;
use fs_err as fs;

use super::problem::Problem;
use crate::dockerfile::{LocalPackage, PipFile, StageFacts};
use crate::dockerignore::{JUNK, Patterns};
use crate::graph::{Graph, Target, TargetParent};
use crate::image::{Copy, CopySource, HandlerStep, Images, Parent, Pip, PipSource, Recipe, Stage};
use crate::inputs::Source;
use crate::python::PackageName;
use crate::python::PythonPackage;
use crate::python::closure::{self, ClosureError, InstallPlan, Installed};
use crate::python::load::{self, LoadError, Loaded, Unloaded};
use crate::python::requirement::Requirement;
use crate::repo_path::RepoPath;

/// The facts of one target, one of its stages after the other, or what keeps them from being known.
pub(super) type Gathered = Result<Vec<StageFacts>, Vec<Problem>>;

/// Gathers the facts of every target, in the graph's order: one per declared stage, and one for the image's own.
///
/// # Errors
/// The [`Problem`] that concerns no image in particular.
pub(super) fn gather(root: &Utf8Path, images: &Images, graph: &Graph) -> Result<Vec<Gathered>, Problem> {
    let loaded = load::workspace(root, packages(images, graph)).map_err(Problem::Packages)?;
    let junk: Arc<[String]> = JUNK.iter().map(|&pattern| pattern.to_owned()).collect();
    let mut installed: Vec<Option<Installed>> = Vec::new();
    let mut facts = Vec::new();
    for target in &graph.targets {
        let mut problems = Vec::new();
        let mut gatherer = Gatherer { root, loaded: &loaded, junk: &junk, target, problems: &mut problems };
        let (stages, has) = gatherer.target(&installed);
        installed.push(has.filter(|_| problems.is_empty()));
        facts.push(if problems.is_empty() { Ok(stages) } else { Err(problems) });
    }
    Ok(facts)
}

/// Every local package that anything names.
fn packages<'a>(images: &'a Images, graph: &'a Graph) -> impl Iterator<Item = &'a PythonPackage> {
    let recipes = graph.targets.iter().flat_map(|target| {
        target.image.stages.iter().map(|stage| &stage.recipe).chain([&target.image.recipe])
    });
    recipes.flat_map(|recipe| &recipe.packages).chain(&images.packages)
}

struct Gatherer<'a> {
    root: &'a Utf8Path,
    loaded: &'a Loaded,
    /// [`JUNK`], once for all folders that leave out nothing else.
    junk: &'a Arc<[String]>,
    target: &'a Target,
    problems: &'a mut Vec<Problem>,
}

impl Gatherer<'_> {
    /// The facts of each stage, and what the finished image has installed. `below` is what each earlier target has; nothing
    /// where that cannot be known, and then it cannot be known of what stands on it.
    fn target(&mut self, below: &[Option<Installed>]) -> (Vec<StageFacts>, Option<Installed>) {
        let image = &self.target.image;
        let mut facts = Vec::new();
        let mut has: Vec<(Option<&str>, Option<Installed>)> = Vec::new();
        // Stages that stand on stages have no entry among the target's parents; the others are in order there.
        let mut parents = self.target.parents.iter();
        let declared = image.stages.iter().map(|stage| (Some(stage), &stage.parent, &stage.recipe));
        for (stage, parent, recipe) in declared.chain([(None, &image.parent, &image.recipe)]) {
            let mut installed = match parent {
                Some(Parent::Stage(name)) => {
                    let found = has.iter().find(|(of, _)| *of == Some(name.as_str()));
                    found.map_or_else(|| Some(Installed::default()), |(_, installed)| installed.clone())
                }
                _ => match parents.next().map(|parent| &parent.parent) {
                    Some(TargetParent::Target(target) | TargetParent::Stable { target, .. }) => {
                        below[*target].clone()
                    }
                    _ => Some(Installed::default()),
                },
            };
            facts.push(self.stage(recipe, &mut installed));
            has.push((stage.map(|stage: &Stage| stage.name.as_str()), installed));
        }
        let product = image.target.as_deref();
        let product = has.iter().rposition(|(name, _)| *name == product).unwrap_or(has.len() - 1);
        (facts, has.swap_remove(product).1)
    }

    fn stage(&mut self, recipe: &Recipe, installed: &mut Option<Installed>) -> StageFacts {
        let plan = installed.as_mut().map(|installed| self.plan(recipe, installed)).unwrap_or_default();
        let (copied, excluded) = recipe.handler.iter().map(|step| self.step(step)).unzip();
        StageFacts {
            packages: plan.packages.iter().map(|package| self.package(package)).collect(),
            requirements: plan.requirements,
            pip_files: recipe.pip.iter().map(|pip| self.pip_file(pip)).collect(),
            copied,
            excluded,
        }
    }

    /// What a stage installs besides what is `installed` below it, which becomes what it has.
    fn plan(&mut self, recipe: &Recipe, installed: &mut Installed) -> InstallPlan {
        for pip in &recipe.pip {
            if let PipSource::Inline(requirements) = &pip.from {
                installed.requirements.extend(requirements.iter().cloned());
            }
        }
        let plan = closure::plan(&self.loaded.workspace, &recipe.packages, installed);
        let needed = self.unloaded(recipe);
        let image = &self.target.label;
        let plan = match plan {
            _ if !needed.is_empty() => {
                self.problems
                    .extend(needed.into_iter().map(|error| Problem::Package { image: image.clone(), error }));
                InstallPlan::default()
            }
            Ok(plan) => plan,
            Err(error) => {
                self.problems.push(Problem::Closure { image: image.clone(), error });
                InstallPlan::default()
            }
        };
        installed.add(&plan);
        plan
    }

    /// Why packages cannot be loaded without which it cannot be told what `recipe` installs.
    fn unloaded(&self, recipe: &Recipe) -> Vec<Arc<LoadError>> {
        let Loaded { workspace, unloaded } = self.loaded;
        if unloaded.is_empty() || recipe.packages.is_empty() {
            return Vec::new();
        }
        // Whatever the parent has, a package is needed or not.
        let plan = closure::plan(workspace, &recipe.packages, &Installed::default());
        unloaded.iter().filter(|one| needs(recipe, &plan, one)).map(|one| one.error.clone()).collect()
    }

    fn package(&mut self, package: &closure::LocalInstall) -> LocalPackage {
        let sources = self
            .loaded
            .workspace
            .at(&package.path)
            .map(|project| project.sources.clone())
            .unwrap_or_default();
        let outside = sources.iter().map(Source::path).filter(|path| !path.is_within(&package.path));
        for path in [&package.path].into_iter().chain(outside) {
            self.mountable(path);
        }
        let extras = package.extras.iter().map(ToString::to_string).collect();
        LocalPackage { path: package.path.clone(), extras, sources }
    }

    fn pip_file(&mut self, pip: &Pip) -> Option<PipFile> {
        let PipSource::File(path) = &pip.from else { return None };
        let path = self.path(path)?;
        match load::requirements_file(self.root, &path) {
            Ok(file) => {
                for source in &file.sources {
                    self.mountable(source.path());
                }
                Some(PipFile { path, sources: file.sources })
            }
            Err(error) => {
                let (image, error) = (self.target.label.clone(), Arc::new(error));
                self.problems.push(Problem::Package { image, error });
                None
            }
        }
    }

    /// What a step copies, and what stays behind of it.
    fn step(&mut self, step: &HandlerStep) -> (Vec<RepoPath>, Arc<[String]>) {
        let HandlerStep::Copy(Copy { from, to: _, exclude }) = step else { return Default::default() };
        match from {
            CopySource::Stage { .. } => Default::default(),
            CopySource::File(path) => (self.path(path).into_iter().collect(), Arc::default()),
            CopySource::Folder(path) => {
                let exclude = match exclude.as_slice() {
                    [] => self.junk.clone(),
                    own => self.junk.iter().chain(own).cloned().collect(),
                };
                (self.path(path).into_iter().collect(), exclude)
            }
            CopySource::Glob(pattern) => (self.glob(pattern), Arc::default()),
        }
    }

    fn path(&mut self, text: &str) -> Option<RepoPath> {
        let image = &self.target.label;
        RepoPath::new(text)
            .map_err(|error| self.problems.push(Problem::Path { image: image.clone(), error }))
            .ok()
    }

    /// Mount options are words of a comma-separated list, without a way to quote what every BuildKit understands.
    fn mountable(&mut self, path: &RepoPath) {
        if path.as_str().contains([' ', ',', '"', '\'', '\\', '$', '`']) {
            self.problems.push(Problem::Mount { image: self.target.label.clone(), path: path.clone() });
        }
    }

    /// The files that match, sorted. Only the folder that the pattern names is listed.
    fn glob(&mut self, text: &str) -> Vec<RepoPath> {
        let image = self.target.label.clone();
        let (folder, name) = text.rsplit_once('/').unwrap_or((".", text));
        let wrong = |why: String| Problem::Pattern { image: image.clone(), pattern: text.to_owned(), why };
        if folder.contains(['*', '?', '[']) || name.contains("**") {
            self.problems.push(wrong("a wildcard stands before the last part".to_owned()));
            return Vec::new();
        }
        let Some(folder) = self.path(folder) else { return Vec::new() };
        // What an ignore file's pattern takes out is what it matches.
        let matched = match Patterns::parse(name) {
            Ok(patterns) => move |name: &RepoPath| !patterns.includes(name),
            Err(error) => {
                self.problems.push(wrong(error.to_string()));
                return Vec::new();
            }
        };
        match files_of(self.root, &folder, matched) {
            Ok(found) if found.is_empty() => {
                self.problems.push(Problem::NoMatch { image, pattern: text.to_owned() });
                Vec::new()
            }
            Ok(found) => found.into_iter().collect(),
            Err(error) => {
                self.problems.push(Problem::Disk { image, error });
                Vec::new()
            }
        }
    }
}

/// Whether the package `one` is named by `recipe`, is a dependency in the `plan` without it, or may be one because nobody knows its
/// name. To take it for a distribution of somebody else would be worse.
fn needs(recipe: &Recipe, plan: &Result<InstallPlan, ClosureError>, one: &Unloaded) -> bool {
    let named = |package: &PythonPackage| RepoPath::new(&package.path).is_ok_and(|path| path == one.path);
    let is_it = |name: &PackageName| one.name.as_ref().is_none_or(|own| own == name);
    recipe.packages.iter().any(named)
        || match plan {
            Ok(plan) => {
                let names = plan.requirements.iter().map(|text| Requirement::parse(text));
                names.into_iter().any(|parsed| parsed.is_ok_and(|requirement| is_it(&requirement.name)))
            }
            Err(ClosureError::Undeclared { dependency, folder, .. }) => {
                folder.as_ref() == Some(&one.path) || is_it(dependency)
            }
            Err(_) => false,
        }
}

fn files_of(
    root: &Utf8Path,
    folder: &RepoPath,
    matched: impl Fn(&RepoPath) -> bool,
) -> std::io::Result<BTreeSet<RepoPath>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder.on_disk(root))? {
        let entry = entry?;
        let name = entry.file_name();
        // A name that is no text matches nothing that could be declared.
        let Some(name) = name.to_str().and_then(|name| RepoPath::root().child(name).ok()) else { continue };
        if matched(&name)
            && !entry.file_type()?.is_dir()
            && let Ok(path) = folder.child(name.as_str())
        {
            found.insert(path);
        }
    }
    Ok(found)
}
