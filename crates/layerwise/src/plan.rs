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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::record::tests::{ingredients, record};

    fn decide(force: bool, lookup: &Lookup, presence: Presence, nearest: Vec<Ingredients>) -> Verdict {
        let nearest = || Ok::<_, Infallible>(nearest);
        Verdict::decide(force, lookup, presence, &ingredients("CMD 1"), nearest).unwrap()
    }

    #[track_caller]
    fn stale(verdict: &Verdict) -> String {
        match verdict {
            Verdict::Stale(reason) => reason.to_string(),
            Verdict::Fresh(_) => panic!("fresh"),
        }
    }

    #[test]
    fn fresh_is_a_record_and_its_image() {
        let (_, record) = record("ping", "CMD 1");
        let digest = record.head.digest;
        let found = Lookup::Found(Box::new(record));
        assert!(decide(false, &found, Presence::Found(digest), vec![]).is_fresh());
        assert!(decide(false, &found, Presence::NotAsked, vec![]).is_fresh());
        let gone = decide(false, &found, Presence::Missing, vec![]);
        assert!(stale(&gone).starts_with("image missing: ping:sha-"));
        let other = decide(false, &found, Presence::Found(Digest::of("other")), vec![]);
        assert!(stale(&other).starts_with("image replaced: ping:sha-"));
    }

    #[test]
    fn force_stands_above_everything() {
        let (_, record) = record("ping", "CMD 1");
        let digest = record.head.digest;
        let verdict = decide(true, &Lookup::Found(Box::new(record)), Presence::Found(digest), vec![]);
        assert_eq!(stale(&verdict), "forced");
    }

    #[test]
    fn no_record_is_explained_by_the_nearest() {
        assert_eq!(stale(&decide(false, &Lookup::Absent, Presence::NotAsked, vec![])), "never built");
        let nearest = vec![ingredients("CMD 2"), ingredients("CMD 3")];
        let verdict = decide(false, &Lookup::Absent, Presence::NotAsked, nearest);
        assert_eq!(stale(&verdict), "configuration: - CMD 2, + CMD 1");
        let Verdict::Stale(reason) = verdict else { unreachable!() };
        assert_eq!(reason.class(), Some(LayerClass::Configuration));
    }

    #[test]
    fn an_unusable_record_is_reported_as_such() {
        let lookup = Lookup::Unusable(RecordError::Newer { found: 9 });
        let reason = stale(&decide(false, &lookup, Presence::NotAsked, vec![]));
        assert_eq!(reason, "record unusable: it has format 9; this version of Layerwise reads up to 1");
    }
}
