//! Where builders keep layers for each other: one repository of a registry, with one mutable tag for each image, platform and
//! branch. A build reads its own branch's and the main branch's, and writes its own. Pure; asks no registry and no git.
//!
//! It is BuildKit's cache, and no part of a fingerprint: it decides how long a build takes, never what comes of it.

use crate::digest::Digest;
use crate::image_ref::{ImageRef, ImageRefError};
use crate::platform::Platform;

/// The longest tag that a registry takes.
const LONGEST: usize = 128;
/// Digits of a digest that tell apart what would have one name.
const DIGITS: usize = 8;

/// A repository for layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerCaches {
    /// Where, without a tag.
    pub repository: String,
    /// The branch that is built; none where that cannot be told, and then nothing is written.
    pub branch: Option<String>,
    /// The branch whose layers everybody reads.
    pub main: String,
    /// How layers get there.
    pub export: Export,
}

/// How layers get into the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// All layers of all stages, as an image of their own.
    Full,
    /// With the image itself, under the cache's tag too, and only where that is pushed: the engine's older store knows no other
    /// way, and the layers of the last stage are all that there is.
    Inline,
}

/// The cache of one build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerCache {
    /// What is read, the nearest first; what is not there is passed over.
    pub from: Vec<ImageRef>,
    /// What is written.
    pub to: Option<ImageRef>,
    /// How.
    pub export: Export,
}

impl LayerCaches {
    /// The cache for the target that reports call `label`.
    ///
    /// # Errors
    /// [`ImageRefError`] when the repository is none.
    pub fn of(&self, label: &str, platform: Platform) -> Result<LayerCache, ImageRefError> {
        let reference = |branch: &str| {
            let image = format!("{}-{}", label.replace('@', "-"), platform.architecture());
            ImageRef::tagged(&self.repository, &tag(&image, branch))
        };
        let to = self.branch.as_deref().map(reference).transpose()?;
        let main = reference(&self.main)?;
        let mut from: Vec<ImageRef> = to.iter().cloned().collect();
        if !from.contains(&main) {
            from.push(main);
        }
        Ok(LayerCache { from, to, export: self.export })
    }
}

/// A tag for `image` on `branch`: as it is written where that can be a tag, else with digits that tell it apart.
fn tag(image: &str, branch: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let whole = format!("{image}-{branch}");
    if whole.len() <= LONGEST && whole.chars().all(plain) {
        return whole;
    }
    let digits = &Digest::of(&whole).hex()[..DIGITS];
    let text: String = whole.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    let kept: String = text.chars().take(LONGEST - DIGITS - 1).collect();
    format!("{kept}-{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caches(branch: Option<&str>) -> LayerCaches {
        LayerCaches {
            repository: "registry.example.com/team/layers".into(),
            branch: branch.map(str::to_owned),
            main: "main".into(),
            export: Export::Full,
        }
    }

    fn told(branch: Option<&str>) -> (Vec<String>, Option<String>) {
        let cache = caches(branch).of("base@arm64", Platform::LinuxArm64).unwrap();
        let tag = |reference: &ImageRef| reference.tag().unwrap().to_owned();
        (cache.from.iter().map(tag).collect(), cache.to.as_ref().map(tag))
    }

    #[test]
    fn a_branch_reads_its_own_and_the_main_ones_and_writes_its_own() {
        let main = "base-arm64-arm64-main".to_owned();
        assert_eq!(told(Some("main")), (vec![main.clone()], Some(main.clone())));
        let own = "base-arm64-arm64-mend".to_owned();
        assert_eq!(told(Some("mend")), (vec![own.clone(), main.clone()], Some(own)));
        assert_eq!(told(None), (vec![main], None));
    }

    #[test]
    fn branches_of_all_names_have_tags_of_their_own() {
        let tags = ["a/b", "a-b", "ä", "a b", &"x".repeat(200), &"x".repeat(201)].map(|branch| {
            let cache = caches(Some(branch)).of("ping", Platform::LinuxAmd64).unwrap();
            cache.to.unwrap().tag().unwrap().to_owned()
        });
        assert_eq!(tags[1], "ping-amd64-a-b");
        assert!(tags[0].starts_with("ping-amd64-a-b-"), "{tags:?}");
        let different: std::collections::BTreeSet<_> = tags.iter().collect();
        assert_eq!(different.len(), tags.len(), "{tags:?}");
        assert!(
            LayerCaches { repository: "No Repository".into(), ..caches(None) }
                .of("a", Platform::LinuxAmd64)
                .is_err()
        );
    }
}
