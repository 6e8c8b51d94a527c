//! What decides whether an image must be built again. Pure; the table below is the law.
//!
//! | ingredient | in it | why |
//! |---|---|---|
//! | schema | [`SCHEMA`] | a change of these rules is a new fingerprint, never an accident |
//! | platform | `linux/amd64`, `linux/arm64` | another image |
//! | frontend, target stage | where declared | another interpretation, another image |
//! | parents | for ours: name and fingerprint; for others': the reference with its digest; for a stable base: its tag and the digest that the tag has | what the image stands on |
//! | instructions | the rendered Dockerfile by layer class, without comments | build arguments, environment, commands, secret *ids*, platform-independent order |
//! | files | repository path, kind, executable bit, link target, content digest, by layer class | what instructions read |
//!
//! Left out on purpose: absolute paths, modification times, owners, umask bits, clock, user, host, git history,
//! environment, secret values, comments; an image's name and its functions' names (they are part of the record's
//! key and of reports); how functions run on a developer's machine; where a secret's value comes from.
//!
//! The fingerprint is the SHA-256 of the ingredients' JSON: fields in the order of their declaration here, maps
//! sorted by key, sequences as they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::inputs::{Entries, InputManifest};
use crate::layer::LayerClass;
use crate::name::Name;
use crate::platform::Platform;

/// The version of the rules above.
///
/// 1: the first.
pub const SCHEMA: u32 = 1;

/// Everything that one image's fingerprint is made of; kept with its record, so that a later plan can say what
/// changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingredients {
    /// [`SCHEMA`] when it was made.
    pub schema: u32,
    /// The platform.
    pub platform: Platform,
    /// The external frontend, where one is declared.
    pub frontend: Option<String>,
    /// The stage that is built, when it is not the last one.
    pub target: Option<String>,
    /// The parents, in the order of the `FROM` lines.
    pub parents: Vec<ParentIngredient>,
    /// By layer class; classes in which there is nothing have no key.
    pub classes: BTreeMap<LayerClass, ClassIngredients>,
}

/// One parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParentIngredient {
    /// An image of somebody else: its reference, with a digest where it is pinned.
    External(String),
    /// A base of ours.
    Ours {
        /// Its name.
        name: Name,
        /// Its fingerprint.
        fingerprint: Digest,
    },
    /// A base of ours as a moving tag names it, whatever its sources say by now. No build that is recorded, tagged by
    /// content or pushed has such a parent.
    Stable {
        /// The tag.
        reference: String,
        /// The digest that the tag has; none while there is no such image.
        digest: Option<Digest>,
    },
}

/// What one layer class is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassIngredients {
    /// Its instructions.
    pub instructions: Vec<String>,
    /// The files that they read.
    pub files: Entries,
}

impl Ingredients {
    /// Puts the ingredients of one image together; `instructions` gives those of a class.
    #[must_use]
    pub fn new(
        platform: Platform,
        frontend: Option<String>,
        target: Option<String>,
        parents: Vec<ParentIngredient>,
        instructions: impl Fn(LayerClass) -> Vec<String>,
        inputs: InputManifest,
    ) -> Self {
        let InputManifest { classes: mut files } = inputs;
        let mut classes = BTreeMap::new();
        for class in LayerClass::ALL {
            let instructions = instructions(class);
            let files = files.remove(&class).unwrap_or_default();
            if !instructions.is_empty() || !files.is_empty() {
                classes.insert(class, ClassIngredients { instructions, files });
            }
        }
        Self { schema: SCHEMA, platform, frontend, target, parents, classes }
    }

    /// The text that is digested: one line of JSON.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self)
            .unwrap_or_else(|error| unreachable!("plain data has a JSON form: {error}"))
    }

    /// Reads what [`Ingredients::canonical`] wrote.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        Digest::of(self.canonical())
    }
}
