//! How repositories of a cloud's registry are to be. Plain data.

/// What holds for every repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryRules {
    /// Whether each pushed image is looked through for known weaknesses.
    pub scan_on_push: bool,
    /// Whether a tag, once pushed, names the same image for ever.
    pub immutable: bool,
    /// Patterns of tags that move all the same, five at most; `*` stands for anything.
    pub mutable_tags: Vec<String>,
    /// The key of KMS that encrypts images; without one the registry's own does. Cannot be changed later.
    pub kms_key: Option<String>,
    /// How many images with a content tag are kept. The registry does not know which ones are in use.
    pub max_images: Option<u32>,
    /// After how many days an image without any tag is deleted.
    pub max_age_days: Option<u32>,
}

impl Default for RepositoryRules {
    /// Scanned, immutable but for `stable` and caches, and nothing is deleted.
    fn default() -> Self {
        Self {
            scan_on_push: true,
            immutable: true,
            mutable_tags: ["stable*", "latest*", "cache*"].map(str::to_owned).to_vec(),
            kms_key: None,
            max_images: None,
            max_age_days: None,
        }
    }
}

/// A repository, as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its name in the registry, without the host.
    pub name: String,
    /// Whether Lambda is to run its images, for which it must be let in.
    pub lambda: bool,
    /// What holds for it.
    pub rules: RepositoryRules,
}

/// The repositories of a registry.
pub trait Repositories: Send + Sync {
    /// What is not as it is to be, each as a phrase; nothing for a repository that is.
    ///
    /// # Errors
    /// [`CloudError`](super::CloudError) when it cannot be told.
    fn differences(&self, wish: &Repository) -> Result<Vec<String>, super::CloudError>;

    /// Makes it as it is to be, whatever it was. Does nothing where nothing is different.
    ///
    /// # Errors
    /// [`CloudError`](super::CloudError); doing it again goes on from there.
    fn apply(&self, wish: &Repository) -> Result<(), super::CloudError>;

    /// Creates those that are not there; the others stay as they are. Answers the names of the new ones.
    ///
    /// # Errors
    /// [`CloudError`](super::CloudError).
    fn create_missing(&self, wishes: &[Repository]) -> Result<Vec<String>, super::CloudError>;
}
