//! Fresh or stale, and why. Pure: what the store and the registry said comes in, a verdict goes out; never asks
//! anybody itself.

use std::fmt;

use serde::Serialize;

use crate::difference::{Change, difference};
use crate::digest::Digest;
use crate::fingerprint::Ingredients;
use crate::image_ref::ImageRef;
use crate::layer::LayerClass;
use crate::record::{Head, RecordError};
use crate::store::Lookup;

/// Whether the image of a record is where the record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Nobody was asked (`--offline`).
    NotAsked,
    /// Its tag has this digest.
    Found(Digest),
    /// Its tag is not there.
    Missing,
}

/// What is to be done with one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it was built from exactly these inputs, and it is there.
    Fresh(Box<Head>),
    /// It must be built.
    Stale(Reason),
}

/// Why a target must be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Reason {
    /// `--force`.
    Forced,
    /// There is no record of it at all.
    NeverBuilt,
    /// Its inputs are not those of any record; these are the differences to the nearest.
    Changed {
        /// The differences, class by class; never empty.
        changes: Vec<Change>,
    },
    /// The inputs are those of a record, but its image is gone.
    ImageMissing {
        /// Where it should be.
        reference: ImageRef,
    },
    /// The inputs are those of a record, but its tag now names another image.
    ImageReplaced {
        /// The tag.
        reference: ImageRef,
        /// What it names now.
        found: Digest,
    },
    /// There is a record under the fingerprint, but it cannot be used.
    RecordUnusable {
        /// Why not.
        why: String,
    },
}

impl Reason {
    /// The first layer class that has to be built again; everything for a first build, nothing in particular for an
    /// image that is only gone.
    #[must_use]
    pub fn class(&self) -> Option<LayerClass> {
        match self {
            Self::Changed { changes } => changes.iter().map(|change| change.class).min(),
            _ => None,
        }
    }
}

impl Verdict {
    /// Decides about one target. `nearest` is asked only when there is no record under the fingerprint: the
    /// ingredients of earlier builds, newest first.
    pub fn decide<E>(
        force: bool,
        lookup: &Lookup,
        presence: Presence,
        now: &Ingredients,
        nearest: impl FnOnce() -> Result<Vec<Ingredients>, E>,
    ) -> Result<Self, E> {
        if force {
            return Ok(Self::Stale(Reason::Forced));
        }
        let record = match lookup {
            Lookup::Found(record) => record,
            Lookup::Unusable(error) => return Ok(Self::Stale(unusable(error))),
            Lookup::Absent => {
                let differences = nearest()?.into_iter().map(|before| difference(&before, now));
                let nearest = differences.min_by_key(Vec::len);
                return Ok(Self::Stale(match nearest {
                    Some(changes) if !changes.is_empty() => Reason::Changed { changes },
                    _ => Reason::NeverBuilt,
                }));
            }
        };
        let head = &record.head;
        Ok(match presence {
            Presence::Missing => Self::Stale(Reason::ImageMissing { reference: head.reference.clone() }),
            Presence::Found(found) if found != head.digest => {
                Self::Stale(Reason::ImageReplaced { reference: head.reference.clone(), found })
            }
            Presence::Found(_) | Presence::NotAsked => Self::Fresh(Box::new(head.clone())),
        })
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        matches!(self, Self::Fresh(_))
    }
}

fn unusable(error: &RecordError) -> Reason {
    Reason::RecordUnusable { why: error.to_string() }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forced => f.write_str("forced"),
            Self::NeverBuilt => f.write_str("never built"),
            Self::Changed { changes } => {
                let mut class = None;
                for change in changes {
                    if class == Some(change.class) {
                        write!(f, ", {}", change.what)?;
                    } else {
                        let separator = if class.is_some() { "; " } else { "" };
                        write!(f, "{separator}{}: {}", change.class, change.what)?;
                        class = Some(change.class);
                    }
                }
                Ok(())
            }
            Self::ImageMissing { reference } => write!(f, "image missing: {reference}"),
            Self::ImageReplaced { reference, found } => {
                write!(f, "image replaced: {reference} is now {found}")
            }
            Self::RecordUnusable { why } => write!(f, "record unusable: {why}"),
        }
    }
}
