//! From declarations to targets: names checked, parents found, platforms said, parents before children. Pure; never
//! looks at a file.

use std::collections::{BTreeMap, BTreeSet};

use crate::dockerignore::Patterns;
use crate::image::{Image, Images, Parent, Stage};
use crate::image_ref::ImageRef;
use crate::name::Name;
use crate::platform::Platform;
use crate::repo_path::RepoPath;

mod check;

pub use check::{COMPILE_STAGE, DeclarationError};

/// All targets of a monorepo; a target's parents stand before it.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The targets.
    pub targets: Vec<Target>,
}

/// One image for one platform: what is built, tagged and recorded.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its image's name.
    pub name: Name,
    /// Its platform.
    pub platform: Platform,
    /// What reports and file names call it: the name, or `name@arm64` where one base is needed for both platforms.
    pub label: String,
    /// Its declaration.
    pub image: Image,
    /// Where its stages come from, in the order of the `FROM` lines; stages that stand on stages are not among them.
    pub parents: Vec<ParentArg>,
}

/// A parent image and the build argument that names it in the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentArg {
    /// `BASE_IMAGE`, or `BASE_IMAGE_<STAGE>` for a stage of its own.
    pub arg: String,
    /// Which image.
    pub parent: TargetParent,
}

/// A parent, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetParent {
    /// An image of somebody else.
    External(ImageRef),
    /// The target at this place of [`Graph::targets`].
    Target(usize),
    /// The target at this place of [`Graph::targets`] as a moving tag names it: it is not built, and its content does not
    /// count.
    Stable {
        /// Its place.
        target: usize,
        /// The tag.
        reference: ImageRef,
    },
}

impl Target {
    /// The tag that people use for the newest build in a local store: `<name>:local`, `<name>:local-arm64` where
    /// one name is built for both platforms.
    #[must_use]
    pub fn readable_reference(&self) -> String {
        self.readable_as("local")
    }

    /// As [`Target::readable_reference`], with another word than `local`.
    #[must_use]
    pub fn readable_as(&self, word: &str) -> String {
        let suffix = self.label[self.name.as_str().len()..].replace('@', "-");
        format!("{}:{word}{suffix}", self.name)
    }
}

impl Graph {
    /// Checks the declarations and resolves them.
    ///
    /// # Errors
    /// Every [`DeclarationError`], not only the first.
    pub fn resolve(images: &Images) -> Result<Self, Vec<DeclarationError>> {
        let mut resolver = Resolver { targets: Vec::new(), places: BTreeMap::new() };
        let mut errors = Vec::new();
        let mut seen = BTreeSet::new();
        for image in &images.images {
            let platform = image.platform.unwrap_or(images.platform);
            if seen.insert((&image.name, platform)) {
                resolver.place(image, platform, &mut errors);
            } else {
                errors.push(DeclarationError::Duplicate { name: image.name.clone() });
            }
        }
        if !errors.is_empty() {
            errors.sort_by_key(ToString::to_string);
            errors.dedup();
            return Err(errors);
        }
        let mut graph = Self { targets: resolver.targets };
        graph.set_labels(images.platform);
        Ok(graph)
    }

    fn set_labels(&mut self, default: Platform) {
        let mut count = BTreeMap::<Name, usize>::new();
        for target in &self.targets {
            *count.entry(target.name.clone()).or_default() += 1;
        }
        for target in &mut self.targets {
            if count[&target.name] > 1 && target.platform != default {
                target.label = format!("{}@{}", target.name, target.platform.architecture());
            }
        }
    }

    /// The targets that `place` stands on directly, and that have to be there as their sources say.
    pub fn parents(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        self.targets[place].parents.iter().filter_map(|parent| match parent.parent {
            TargetParent::Target(place) => Some(place),
            TargetParent::External(_) | TargetParent::Stable { .. } => None,
        })
    }

    /// `place` and every target of ours below it, built or stable.
    #[must_use]
    pub fn with_all_below(&self, place: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![place];
        while let Some(place) = waiting.pop() {
            if found.insert(place) {
                waiting.extend(self.targets[place].parents.iter().filter_map(|parent| match parent.parent {
                    TargetParent::Target(target) | TargetParent::Stable { target, .. } => Some(target),
                    TargetParent::External(_) => None,
                }));
            }
        }
        found
    }

    /// The targets that stand directly on `place`, in order.
    pub fn children(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        (place + 1..self.targets.len())
            .filter(move |&child| self.parents(child).any(|parent| parent == place))
    }

    /// All targets in waves: whoever stands on nothing of ours first, then whoever stands on those, and so on.
    #[must_use]
    pub fn waves(&self) -> Vec<Vec<usize>> {
        let mut levels: Vec<usize> = Vec::with_capacity(self.targets.len());
        let mut waves: Vec<Vec<usize>> = Vec::new();
        for place in 0..self.targets.len() {
            let level = self.parents(place).map(|parent| levels[parent] + 1).max().unwrap_or(0);
            levels.push(level);
            if waves.len() == level {
                waves.push(Vec::new());
            }
            waves[level].push(place);
        }
        waves
    }

    /// `places` and everything that they stand on.
    #[must_use]
    pub fn with_ancestors(&self, places: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<usize> = places.into_iter().collect();
        while let Some(place) = waiting.pop() {
            if found.insert(place) {
                waiting.extend(self.parents(place));
            }
        }
        found
    }

    /// The places of the targets that `patterns` name, all of them when there is no pattern: each is a name, a
    /// label, or a glob over both with `*` and `?`.
    ///
    /// # Errors
    /// The first pattern that matches nothing.
    pub fn select(&self, patterns: &[String]) -> Result<BTreeSet<usize>, String> {
        let every = || self.targets.iter().enumerate();
        if patterns.is_empty() {
            return Ok((0..self.targets.len()).collect());
        }
        let mut selected = BTreeSet::new();
        for pattern in patterns {
            let named = every().filter(|(_, target)| {
                matches(pattern, target.name.as_str()) || matches(pattern, &target.label)
            });
            let mut any = false;
            for (place, _) in named {
                any = true;
                selected.insert(place);
            }
            if !any {
                return Err(pattern.clone());
            }
        }
        Ok(selected)
    }
}

impl Graph {
    /// The graph of the targets at `places` alone, which stand on nothing else.
    pub(crate) fn keep(self, places: &BTreeSet<usize>) -> Self {
        let at: BTreeMap<usize, usize> =
            places.iter().enumerate().map(|(now, before)| (*before, now)).collect();
        let mut targets = Vec::new();
        for (place, mut target) in self.targets.into_iter().enumerate() {
            if !at.contains_key(&place) {
                continue;
            }
            for parent in &mut target.parents {
                if let TargetParent::Target(place) = &mut parent.parent {
                    *place = at[place];
                }
            }
            targets.push(target);
        }
        Self { targets }
    }
}

/// Names are paths of one part, and what an ignore file's pattern takes out is what it matches.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let patterns = Patterns::parse(pattern);
    let name = RepoPath::new(name);
    patterns.is_ok_and(|patterns| name.is_ok_and(|name| !patterns.includes(&name)))
}

struct Resolver<'a> {
    targets: Vec<Target>,
    places: BTreeMap<(&'a str, Platform), usize>,
}

impl<'a> Resolver<'a> {
    /// Where `image` stands for `platform`, after everything that it stands on. `None` after an error.
    fn place(
        &mut self,
        image: &'a Image,
        platform: Platform,
        errors: &mut Vec<DeclarationError>,
    ) -> Option<usize> {
        if let Some(&place) = self.places.get(&(image.name.as_str(), platform)) {
            if self.targets[place].image != *image {
                errors.push(DeclarationError::Duplicate { name: image.name.clone() });
            }
            return Some(place);
        }
        if let Some(own) = image.platform.filter(|own| *own != platform) {
            errors.push(DeclarationError::Platform { name: image.name.clone(), own, needed: platform });
            return None;
        }
        let name = Name::new(&image.name).map_err(|error| errors.push(error.into())).ok()?;
        check::image(image, errors);
        let parents = self.parents(image, platform, errors);
        let place = self.targets.len();
        // A base further down may have taken the name meanwhile.
        if self.places.insert((&image.name, platform), place).is_some() {
            errors.push(DeclarationError::Duplicate { name: image.name.clone() });
            return None;
        }
        let label = name.to_string();
        self.targets.push(Target { name, platform, label, image: image.clone(), parents });
        Some(place)
    }

    fn parents(
        &mut self,
        image: &'a Image,
        platform: Platform,
        errors: &mut Vec<DeclarationError>,
    ) -> Vec<ParentArg> {
        let mut parents = Vec::new();
        let stages = image.stages.iter().map(|stage| (parent_arg(Some(stage)), &stage.parent));
        for (arg, parent) in stages.chain([(parent_arg(None), &image.parent)]) {
            let parent = match parent {
                Some(Parent::External(text)) => match ImageRef::parse(text) {
                    Ok(reference) => TargetParent::External(reference),
                    Err(error) => {
                        errors.push(DeclarationError::Reference { name: image.name.clone(), error });
                        continue;
                    }
                },
                Some(Parent::Base(base)) => match self.place(base, base.platform.unwrap_or(platform), errors)
                {
                    Some(place) => {
                        let base = &self.targets[place];
                        if base.platform != platform {
                            let (own, needed) = (base.platform, platform);
                            let name = base.name.to_string();
                            errors.push(DeclarationError::Platform { name, own, needed });
                        }
                        TargetParent::Target(place)
                    }
                    None => continue,
                },
                // `check` has seen to stages and to images without a parent.
                Some(Parent::Stage(_)) | None => continue,
            };
            parents.push(ParentArg { arg, parent });
        }
        parents
    }
}

/// The build argument that names the parent of `stage`, or of the image's own stage.
#[must_use]
pub fn parent_arg(stage: Option<&Stage>) -> String {
    match stage {
        None => "BASE_IMAGE".to_owned(),
        Some(stage) => {
            let word: String = stage
                .name
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
                .collect();
            format!("BASE_IMAGE_{word}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{BaseImage, ContainerImage, Declare, LambdaImage, external};

    fn graph() -> Graph {
        let base = BaseImage::new("base").from(external("python:3.13"));
        let top = BaseImage::new("top").from(&base);
        let lambda = |name: &str| LambdaImage::new(name).cmd("a.b");
        let images = Images::new(Platform::LinuxAmd64)
            .lambda(lambda("poll-lines").from(&top))
            .lambda(lambda("poll-words").from(&base).platform(Platform::LinuxArm64))
            .container(ContainerImage::new("training").from(external("debian:13")));
        Graph::resolve(&images).unwrap()
    }

    fn labels(graph: &Graph, places: impl IntoIterator<Item = usize>) -> Vec<&str> {
        places.into_iter().map(|place| graph.targets[place].label.as_str()).collect()
    }

    #[test]
    fn parents_stand_before_their_children_and_a_base_is_there_for_every_platform() {
        let graph = graph();
        assert_eq!(
            labels(&graph, 0..graph.targets.len()),
            ["base", "top", "poll-lines", "base@arm64", "poll-words", "training"]
        );
        assert_eq!(graph.targets[3].readable_reference(), "base:local-arm64");
        assert_eq!(graph.targets[4].readable_reference(), "poll-words:local");
        assert_eq!(labels(&graph, graph.with_ancestors([2])), ["base", "top", "poll-lines"]);
        assert_eq!(labels(&graph, graph.children(0)), ["top"]);
        assert_eq!(labels(&graph, graph.parents(4)), ["base@arm64"]);
        assert_eq!(graph.waves(), [vec![0, 3, 5], vec![1, 4], vec![2]]);
    }

    #[test]
    fn names_labels_and_globs_select() {
        let graph = graph();
        let select = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
            graph.select(&patterns).map(|places| labels(&graph, places))
        };
        assert_eq!(select(&["poll-*"]).unwrap(), ["poll-lines", "poll-words"]);
        assert_eq!(select(&["base"]).unwrap(), ["base", "base@arm64"]);
        assert_eq!(select(&["base@arm64", "t*"]).unwrap(), ["top", "base@arm64", "training"]);
        assert_eq!(select(&["*-?ines"]).unwrap(), ["poll-lines"]);
        assert_eq!(select(&[]).unwrap().len(), 6);
        for nothing in ["poll", "lines", "", "!top", "[", "*/*"] {
            assert_eq!(select(&["top", nothing]), Err(nothing.to_owned()));
        }
    }
}
