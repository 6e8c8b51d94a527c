//! The input manifest: every file that one image reads, with its content's digest. Plain data; never reads the disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::layer::LayerClass;
use crate::repo_path::RepoPath;

/// A declared source of an instruction: what the build context must hold for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// One regular file, or a link to one.
    File(RepoPath),
    /// A folder with all that lies below it, except what the rules of [`Tree`] leave out.
    Tree(Tree),
}

/// A folder as a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tree {
    /// The folder.
    pub path: RepoPath,
    /// `.dockerignore` patterns relative to the folder, each of which takes something out (`**/tests`, `*.bak`).
    /// Never negated. Shared: most trees leave out the same.
    pub exclude: Arc<[String]>,
    /// Whether the folders themselves count, empty ones too: they do where the tree is copied, they do not where a
    /// build backend only reads the files.
    pub folders: bool,
}

impl Source {
    /// The file or the folder.
    #[must_use]
    pub fn path(&self) -> &RepoPath {
        match self {
            Self::File(path) => path,
            Self::Tree(tree) => &tree.path,
        }
    }
}

/// What one path of the build context is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// A regular file.
    File {
        /// The digest of its bytes.
        digest: Digest,
        /// Whether its owner may execute it, as git keeps it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        executable: bool,
    },
    /// A symbolic link, as a link: the text of its target.
    Link {
        /// The target as it is written in the link.
        target: String,
    },
    /// A folder that is copied.
    Folder,
}

/// The entries of one layer class, sorted by path.
pub type Entries = BTreeMap<RepoPath, Entry>;

/// Every input of one image, by the layer class that reads it. An input that two classes read stands in both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputManifest {
    /// Classes without files have no key.
    pub classes: BTreeMap<LayerClass, Entries>,
}

impl InputManifest {
    /// Every path, once, sorted.
    #[must_use]
    pub fn paths(&self) -> std::collections::BTreeSet<&RepoPath> {
        self.classes.values().flat_map(Entries::keys).collect()
    }
}
