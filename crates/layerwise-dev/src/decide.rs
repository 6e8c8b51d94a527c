//! What a save leads to: nothing, files put into a running container, or a build. Pure; the table of its tests is the law.

use layerwise::difference::{Change, What, difference};
use layerwise::fingerprint::Ingredients;
use layerwise::inputs::Entry;
use layerwise::layer::LayerClass;
use layerwise::repo_path::RepoPath;

use crate::layout::Layout;
use crate::packages::Packages;

/// What a save leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is to be done.
    pub action: Action,
    /// What has changed in bases and stays as it is until they are built.
    pub drift: Vec<Change>,
    /// What the container has once its files are put.
    pub reached: Chain,
}

/// What is to be done so that a container does what the sources say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It does already.
    Nothing,
    /// Its files are brought up to date, and its runtime is started anew.
    Sync {
        /// What is done to its files.
        sync: Sync,
        /// Why.
        changes: Vec<Change>,
    },
    /// Its image is built again.
    Rebuild {
        /// Why.
        changes: Vec<Change>,
    },
}

/// What is done to a container's files, removals first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sync {
    /// Absolute paths that go, with all that is below them.
    pub remove: Vec<String>,
    /// What is put in place; a folder stands before what is in it.
    pub put: Vec<Put>,
}

/// A file or a folder to put into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// The absolute path there.
    pub to: String,
    /// The file of the repository, and whether it may be executed; nothing for a folder.
    pub file: Option<(RepoPath, bool)>,
}

/// A target with everything that it stands on, itself last, each with what it is made of.
pub type Chain = Vec<(String, Ingredients)>;

/// Where a container has its files.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// Those that are copied.
    pub layout: &'a Layout,
    /// Those of packages.
    pub packages: &'a Packages,
}

/// Decides for a container that has `has` at `places`, while the sources say `now`.
#[must_use]
pub fn decide(has: &Chain, now: &Chain, places: Places<'_>) -> Decision {
    let (Some(((_, own_has), below_has)), Some(((name, own_now), below_now))) =
        (has.split_last(), now.split_last())
    else {
        return Decision { action: Action::Nothing, drift: Vec::new(), reached: has.clone() };
    };
    let same_bases = below_has.iter().map(|(name, _)| name).eq(below_now.iter().map(|(name, _)| name));
    if !same_bases {
        // It stands on something else, which its own ingredients tell.
        let action = Action::Rebuild { changes: difference(own_has, own_now) };
        return Decision { action, drift: Vec::new(), reached: now.clone() };
    }
    let (mut sync, mut put, mut drift) = (Sync::default(), Vec::new(), Vec::new());
    let mut reached = below_has.to_vec();
    for ((_, has), (_, now)) in reached.iter_mut().zip(below_now) {
        let before = has.clone();
        for change in changes_between(&before, now) {
            match add(sync.clone(), &change, (&before, now), places) {
                Some(more) => {
                    sync = more;
                    reach(has, now, &change);
                    put.push(change);
                }
                None => drift.push(change),
            }
        }
    }
    let changes: Vec<Change> = changes_between(own_has, own_now).collect();
    let add_own = |sync: Option<Sync>, change| add(sync?, change, (own_has, own_now), places);
    let action = match changes.iter().fold(Some(sync), add_own) {
        // What is put into the old container is put into the new one as well.
        None => Action::Rebuild { changes },
        Some(_) if changes.is_empty() && put.is_empty() => Action::Nothing,
        Some(sync) => Action::Sync { sync, changes: put.into_iter().chain(changes).collect() },
    };
    reached.push((name.clone(), own_now.clone()));
    Decision { action, drift, reached }
}

/// Lets `has` be as `now` in one file.
fn reach(has: &mut Ingredients, now: &Ingredients, change: &Change) {
    let (What::Added { path } | What::Removed { path } | What::Edited { path }) = &change.what else {
        return;
    };
    let Ok(path) = RepoPath::new(path) else { return };
    let entry = now.classes.get(&change.class).and_then(|class| class.files.get(&path));
    let files = &mut has.classes.entry(change.class).or_default().files;
    match entry {
        Some(entry) => files.insert(path, entry.clone()),
        None => files.remove(&path),
    };
}

/// What has changed in a parent is told by the parent's own ingredients.
fn changes_between(has: &Ingredients, now: &Ingredients) -> impl Iterator<Item = Change> {
    difference(has, now).into_iter().filter(|change| !matches!(change.what, What::Parent { .. }))
}

/// `sync` with one change more; `None` when that needs a build.
fn add(
    mut sync: Sync,
    change: &Change,
    (has, now): (&Ingredients, &Ingredients),
    places: Places<'_>,
) -> Option<Sync> {
    let is_there = |path: &RepoPath| {
        [has, now].iter().flat_map(|all| all.classes.values()).any(|class| class.files.contains_key(path))
    };
    let places_of = |path: &RepoPath| match change.class {
        LayerClass::Handler => places.layout.places(path, &is_there),
        LayerClass::Packages => places.packages.place(path).map(|place| vec![place]),
        _ => None,
    };
    let entry = |path: &RepoPath| now.classes.get(&change.class)?.files.get(path);
    match &change.what {
        What::Removed { path } => sync.remove.extend(places_of(&RepoPath::new(path).ok()?)?),
        // Whether pip keeps the bit is the backend's secret.
        What::Mode { .. } if change.class == LayerClass::Packages => return None,
        What::Added { path } | What::Edited { path } | What::Mode { path, .. } => {
            let path = RepoPath::new(path).ok()?;
            let file = match entry(&path)? {
                Entry::File { executable, .. } => Some((path.clone(), *executable)),
                Entry::Folder => None,
                // Where a link leads is another matter in a container.
                Entry::Link { .. } => return None,
            };
            let places = places_of(&path)?.into_iter();
            // A file that changed both its bytes and its mode is put once.
            let missing = places.filter(|to| sync.put.iter().all(|put| put.to != *to)).collect::<Vec<_>>();
            sync.put.extend(missing.into_iter().map(|to| Put { to, file: file.clone() }));
        }
        _ => return None,
    }
    Some(sync)
}

impl Decision {
    /// Whether it would be another one if it were known where the files of packages are.
    #[must_use]
    pub fn hangs_on_packages(&self) -> bool {
        let rebuild = match &self.action {
            Action::Rebuild { changes } => changes.as_slice(),
            Action::Nothing | Action::Sync { .. } => &[],
        };
        self.drift.iter().chain(rebuild).any(|change| change.class == LayerClass::Packages)
    }
}

#[cfg(test)]
#[path = "decide/tests.rs"]
mod tests;
