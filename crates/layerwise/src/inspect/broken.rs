//! Images that cannot be planned, set apart from those that can. Pure: what is wrong was found before.

use std::collections::BTreeSet;

use super::{Inspection, Problem};
use crate::graph::{Graph, Target, matches};
use crate::image::Kind;
use crate::name::Name;
use crate::platform::Platform;

/// An image without a fingerprint, because not all that it is made of can be read.
#[derive(Debug)]
pub struct Broken {
    /// Its name.
    pub name: Name,
    /// What reports call it.
    pub label: String,
    /// Its platform.
    pub platform: Platform,
    /// What it is.
    pub kind: Kind,
    /// The functions that run it.
    pub functions: Vec<String>,
    /// The labels of what it stands on.
    pub parents: Vec<String>,
    /// Why.
    pub why: Why,
}

/// Why an image cannot be planned.
#[derive(Debug)]
pub enum Why {
    /// What is wrong with itself; never empty.
    Problems(Vec<Problem>),
    /// Something that it stands on has problems: the label of that.
    Parent(String),
}

impl Broken {
    /// What is wrong with itself.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match &self.why {
            Why::Problems(problems) => problems,
            Why::Parent(_) => &[],
        }
    }

    /// The label of what is wrong below it.
    #[must_use]
    pub fn because(&self) -> Option<&str> {
        match &self.why {
            Why::Problems(_) => None,
            Why::Parent(label) => Some(label),
        }
    }
}

/// What somebody asked for.
#[derive(Debug, Default)]
pub struct Selection<'a> {
    /// Places of the inspection's graph.
    pub places: BTreeSet<usize>,
    /// Images that cannot be planned, those that they stand on first: whether it was asked for, or only stood on.
    pub broken: Vec<(&'a Broken, bool)>,
}

impl Inspection {
    /// The images that `patterns` name, those without a plan too: names, labels, or globs with `*` and `?`; all when there is no
    /// pattern.
    ///
    /// # Errors
    /// The first pattern that matches nothing.
    pub fn select(&self, patterns: &[String]) -> Result<Selection<'_>, String> {
        let mut selection = Selection::default();
        let mut broken = BTreeSet::new();
        for pattern in patterns {
            let places = self.graph.select(std::slice::from_ref(pattern));
            let named = |broken: &Broken| {
                [broken.name.as_str(), &broken.label].iter().any(|name| matches(pattern, name))
            };
            let before = broken.len();
            broken.extend((0..self.broken.len()).filter(|&at| named(&self.broken[at])));
            match places {
                Ok(places) => selection.places.extend(places),
                Err(pattern) if broken.len() == before => return Err(pattern),
                Err(_) => {}
            }
        }
        if patterns.is_empty() {
            selection.places.extend(0..self.graph.targets.len());
            broken.extend(0..self.broken.len());
        }
        selection.broken = self.with_bases(&broken);
        Ok(selection)
    }

    fn with_bases(&self, asked: &BTreeSet<usize>) -> Vec<(&Broken, bool)> {
        let mut wanted = asked.clone();
        // Whatever stands on something is behind it.
        for at in (0..self.broken.len()).rev().filter(|at| asked.last().is_some_and(|last| at <= last)) {
            if wanted.contains(&at) {
                let is_parent = |below: &usize| self.broken[at].parents.contains(&self.broken[*below].label);
                wanted.extend((0..at).filter(is_parent));
            }
        }
        wanted.into_iter().map(|at| (&self.broken[at], asked.contains(&at))).collect()
    }

    /// A copy with what can be planned only.
    #[must_use]
    pub fn sound(&self) -> Self {
        Self {
            root: self.root.clone(),
            graph: self.graph.clone(),
            targets: self.targets.clone(),
            broken: Vec::new(),
            unlocked: self.unlocked.clone(),
        }
    }

    /// The same inspection, for whoever can do nothing with a part.
    ///
    /// # Errors
    /// Every [`Problem`] of any image.
    pub fn whole(self) -> Result<Self, Vec<Problem>> {
        if self.broken.is_empty() {
            return Ok(self);
        }
        let problems = self.broken.into_iter().flat_map(|broken| match broken.why {
            Why::Problems(problems) => problems,
            Why::Parent(_) => Vec::new(),
        });
        Err(problems.collect())
    }
}

/// Takes out of `graph` what cannot be planned, and what stands on it. `found` has what was found out about each target.
pub(super) fn set_apart<T>(
    graph: Graph,
    found: Vec<Result<T, Vec<Problem>>>,
) -> (Graph, Vec<T>, Vec<Broken>) {
    let mut broken: Vec<Option<Why>> = Vec::new();
    let mut sound = Vec::new();
    for (place, found) in found.into_iter().enumerate() {
        let parent = graph.parents(place).find_map(|parent| match &broken[parent] {
            Some(Why::Problems(_)) => Some(graph.targets[parent].label.clone()),
            Some(Why::Parent(label)) => Some(label.clone()),
            None => None,
        });
        broken.push(match (found, parent) {
            (Err(problems), _) => Some(Why::Problems(problems)),
            (Ok(_), Some(parent)) => Some(Why::Parent(parent)),
            (Ok(found), None) => {
                sound.push(found);
                None
            }
        });
    }
    let kept: BTreeSet<usize> = (0..broken.len()).filter(|&place| broken[place].is_none()).collect();
    if kept.len() == broken.len() {
        return (graph, sound, Vec::new());
    }
    let described =
        broken.into_iter().enumerate().filter_map(|(place, why)| Some(describe(&graph, place, why?)));
    let broken = described.collect();
    (graph.keep(&kept), sound, broken)
}

fn describe(graph: &Graph, place: usize, why: Why) -> Broken {
    let Target { name, platform, label, image, parents: _ } = &graph.targets[place];
    Broken {
        name: name.clone(),
        label: label.clone(),
        platform: *platform,
        kind: image.kind,
        functions: image.functions.clone(),
        parents: graph.parents(place).map(|parent| graph.targets[parent].label.clone()).collect(),
        why,
    }
}
