//! `images.lock`: which digest a reference of somebody else's image stands for, for each platform. A locked parent is the
//! reference with its digest: so it enters the fingerprint, and so the builder is told. Pure; never asks a registry, never
//! touches the disk.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::graph::{Graph, TargetParent};
use crate::image_ref::ImageRef;
use crate::platform::Platform;

/// The file's name, at the repository's root.
pub const FILE: &str = "images.lock";

/// The version of the file's form.
const FORMAT: u32 = 1;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageLock {
    format: u32,
    /// By reference, then by platform.
    pub images: BTreeMap<ImageRef, BTreeMap<Platform, Locked>>,
}

/// What a reference stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// The manifest of the one platform: what happens to others does not matter.
    pub digest: Digest,
    /// When that was found out, in seconds since 1970 (UTC). For people: no decision reads it.
    pub resolved: u64,
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ImageLockError {
    /// The disk does not let us; the text names the path.
    #[error(transparent)]
    Disk(#[from] std::io::Error),
    /// It is no such file.
    #[error("{FILE} cannot be read: {cause}")]
    Malformed {
        /// What is wrong.
        cause: serde_json::Error,
    },
    /// A later version of Layerwise wrote it.
    #[error("{FILE} has format {found}; this version of Layerwise reads {FORMAT}")]
    Newer {
        /// Its format.
        found: u32,
    },
}

impl Default for ImageLock {
    fn default() -> Self {
        Self { format: FORMAT, images: BTreeMap::new() }
    }
}

/// A reference of somebody else's image for one platform, and who stands on it.
pub type Needed = BTreeMap<(ImageRef, Platform), BTreeSet<usize>>;

impl ImageLock {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`ImageLockError`].
    pub fn parse(text: &str) -> Result<Self, ImageLockError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let malformed = |cause| ImageLockError::Malformed { cause };
        let Head { format } = serde_json::from_str(text).map_err(malformed)?;
        if format != FORMAT {
            return Err(ImageLockError::Newer { found: format });
        }
        serde_json::from_str(text).map_err(malformed)
    }

    /// The file's text: one line for each digest, so that a change is easily read.
    #[must_use]
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self)
            .unwrap_or_else(|error| unreachable!("plain data has a JSON form: {error}"));
        format!("{text}\n")
    }

    /// What `reference` stands for.
    #[must_use]
    pub fn get(&self, reference: &ImageRef, platform: Platform) -> Option<&Locked> {
        self.images.get(reference)?.get(&platform)
    }

    /// Lets `reference` stand for something else.
    pub fn set(&mut self, reference: ImageRef, platform: Platform, locked: Locked) {
        self.images.entry(reference).or_default().insert(platform, locked);
    }

    /// Keeps of its entries only those that are `needed`; answers whether there were others.
    pub fn keep(&mut self, needed: &Needed) -> bool {
        let before = self.clone();
        for (reference, platforms) in &mut self.images {
            platforms.retain(|platform, _| needed.contains_key(&(reference.clone(), *platform)));
        }
        self.images.retain(|_, platforms| !platforms.is_empty());
        *self != before
    }

    /// Lets every external parent of `graph` be what it is locked to.
    pub fn pin(&self, graph: &mut Graph) {
        for target in &mut graph.targets {
            for parent in &mut target.parents {
                if let TargetParent::External(reference) = &mut parent.parent
                    && let Some(locked) = self.get(reference, target.platform)
                {
                    *reference = reference.pinned(locked.digest);
                }
            }
        }
    }
}

/// Every reference that `graph` needs and that says no digest itself.
#[must_use]
pub fn needed(graph: &Graph) -> Needed {
    let mut needed = Needed::new();
    for (place, target) in graph.targets.iter().enumerate() {
        for parent in &target.parents {
            if let TargetParent::External(reference) = &parent.parent
                && reference.digest().is_none()
                && reference.repository() != "scratch"
            {
                needed.entry((reference.clone(), target.platform)).or_default().insert(place);
            }
        }
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{BaseImage, ContainerImage, Declare, Images, LambdaImage, external};

    fn graph() -> Graph {
        let base = BaseImage::new("base").from(external("python:3.13"));
        let lambda = |name: &str| LambdaImage::new(name).cmd("a.b").from(&base);
        let images = Images::new(Platform::LinuxAmd64)
            .lambda(lambda("one"))
            .lambda(lambda("two").platform(Platform::LinuxArm64))
            .container(ContainerImage::new("three").from(external(format!("debian@{}", Digest::of("d")))))
            .container(ContainerImage::new("four").from(external("scratch")));
        Graph::resolve(&images).unwrap()
    }

    fn parents(graph: &Graph) -> Vec<String> {
        let parents = graph.targets.iter().flat_map(|target| &target.parents);
        let external = parents.filter_map(|parent| match &parent.parent {
            TargetParent::External(reference) => Some(reference.to_string()),
            TargetParent::Target(_) | TargetParent::Stable { .. } => None,
        });
        external.collect()
    }

    #[test]
    fn what_is_locked_is_pinned_for_its_platform_and_nothing_else() {
        let mut graph = graph();
        let needed = needed(&graph);
        let python = ImageRef::parse("python:3.13").unwrap();
        let [amd64, arm64] = [Platform::LinuxAmd64, Platform::LinuxArm64];
        assert_eq!(
            needed.keys().cloned().collect::<Vec<_>>(),
            [(python.clone(), amd64), (python.clone(), arm64)]
        );
        assert_eq!(needed[&(python.clone(), arm64)], BTreeSet::from([2]));

        let before = parents(&graph);
        ImageLock::default().pin(&mut graph);
        assert_eq!(parents(&graph), before);
        let mut lock = ImageLock::default();
        lock.set(python.clone(), arm64, Locked { digest: Digest::of("a"), resolved: 1 });
        lock.set(ImageRef::parse("gone:1").unwrap(), amd64, Locked { digest: Digest::of("g"), resolved: 1 });
        lock.pin(&mut graph);
        let pinned = format!("python:3.13@{}", Digest::of("a"));
        assert_eq!(parents(&graph), [before[0].clone(), pinned, before[2].clone(), before[3].clone()]);
        assert!(lock.keep(&needed) && !lock.keep(&needed));
        assert_eq!(lock.images.len(), 1);
    }

    #[test]
    fn the_file_is_read_as_it_was_written_and_nothing_else_is() {
        let mut lock = ImageLock::default();
        let python = ImageRef::parse("public.ecr.aws/lambda/python:3.13").unwrap();
        lock.set(python, Platform::LinuxAmd64, Locked { digest: Digest::of("a"), resolved: 1_700_000_000 });
        insta::assert_snapshot!(lock.text());
        assert_eq!(ImageLock::parse(&lock.text()).unwrap(), lock);
        let told = |text: &str| ImageLock::parse(text).unwrap_err().to_string();
        assert_eq!(
            told(r#"{"format": 2, "more": 1}"#),
            "images.lock has format 2; this version of Layerwise reads 1"
        );
        for other in ["", "[]", r#"{"format": 1}"#, r#"{"format": 1, "images": {"A b": {}}}"#] {
            assert!(told(other).starts_with("images.lock cannot be read: "), "{other}");
        }
    }
}
