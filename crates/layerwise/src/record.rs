//! What is remembered of a finished build. Plain data and its text form; never written here.
//!
//! A record is two lines of JSON: the head, and the ingredients exactly as they were digested. So a record proves
//! itself: the SHA-256 of its second line is the fingerprint under which it is kept, and one that was cut short or
//! edited is found out.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::fingerprint::Ingredients;
use crate::image_ref::ImageRef;
use crate::name::Name;
use crate::platform::Platform;

/// The version of the text form. A reader refuses a newer one politely.
///
/// 1: the first.
pub const FORMAT: u32 = 1;

/// Under what a record is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordKey {
    /// The image.
    pub image: Name,
    /// Its platform.
    pub platform: Platform,
    /// The fingerprint that it was built from.
    pub fingerprint: Digest,
}

/// A finished, confirmed build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The first line.
    pub head: Head,
    /// The second line, as text: it is read only when a difference is to be explained.
    ingredients: String,
}

/// The first line of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`FORMAT`] when it was written.
    pub format: u32,
    /// The image.
    pub image: Name,
    /// Its platform.
    pub platform: Platform,
    /// The fingerprint that it was built from.
    pub fingerprint: Digest,
    /// Its content tag, where it was pushed or stored.
    pub reference: ImageRef,
    /// The digest under which the registry or the engine confirmed it.
    pub digest: Digest,
    /// When the build ended, in seconds since 1970 (UTC). For people: no decision reads it.
    pub built_at: u64,
    /// How long the build took, in milliseconds.
    pub milliseconds: u64,
    /// The version of Layerwise that wrote it.
    pub version: String,
    /// Whether the image was made without BuildKit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assembled: bool,
    /// Who wrote it, and where, in a store that several share. For people: no decision reads it, and readers that do not
    /// know it pass over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

/// Why a text is not a record that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Written by a later version.
    #[error("it has format {found}; this version of Layerwise reads up to {FORMAT}")]
    Newer {
        /// Its format.
        found: u32,
    },
    /// Cut short, edited, or something else.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Not what its name says.
    #[error("it belongs to {0}")]
    Other(String),
}

impl Record {
    /// Puts a record together; format and version are ours.
    #[must_use]
    pub fn new(
        key: &RecordKey,
        ingredients: &Ingredients,
        reference: ImageRef,
        digest: Digest,
        built_at: u64,
        milliseconds: u64,
    ) -> Self {
        let head = Head {
            format: FORMAT,
            image: key.image.clone(),
            platform: key.platform,
            fingerprint: key.fingerprint,
            reference,
            digest,
            built_at,
            milliseconds,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            assembled: false,
            author: None,
        };
        Self { head, ingredients: ingredients.canonical() }
    }

    /// The same, of an image that was made without BuildKit, or was not.
    #[must_use]
    pub fn assembled(mut self, assembled: bool) -> Self {
        self.head.assembled = assembled;
        self
    }

    /// The same record, with who wrote it and where.
    #[must_use]
    pub fn by(mut self, author: &str) -> Self {
        self.head.author = Some(author.to_owned());
        self
    }

    /// The text form.
    #[must_use]
    pub fn text(&self) -> String {
        let head = serde_json::to_string(&self.head)
            .unwrap_or_else(|error| unreachable!("plain data has a JSON form: {error}"));
        format!("{head}\n{}\n", self.ingredients)
    }

    /// Reads the text form of the record kept under `key`.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn parse(key: &RecordKey, text: &str) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let damaged = |error: serde_json::Error| RecordError::Damaged(error.to_string());
        let (head, ingredients) =
            text.split_once('\n').ok_or_else(|| RecordError::Damaged("it has one line".to_owned()))?;
        let Format { format } = serde_json::from_str(head).map_err(damaged)?;
        if format > FORMAT {
            return Err(RecordError::Newer { found: format });
        }
        let head: Head = serde_json::from_str(head).map_err(damaged)?;
        let ingredients = ingredients
            .strip_suffix('\n')
            .filter(|ingredients| Digest::of(ingredients) == head.fingerprint)
            .ok_or_else(|| RecordError::Damaged("its ingredients do not give its fingerprint".to_owned()))?;
        let found =
            RecordKey { image: head.image.clone(), platform: head.platform, fingerprint: head.fingerprint };
        if found != *key {
            return Err(RecordError::Other(format!(
                "{} for {} ({})",
                found.image, found.platform, found.fingerprint
            )));
        }
        Ok(Self { ingredients: ingredients.to_owned(), head })
    }

    /// The ingredients.
    ///
    /// # Errors
    /// When their rules are not this version's any more.
    pub fn ingredients(&self) -> Result<Ingredients, RecordError> {
        Ingredients::parse(&self.ingredients).map_err(|error| RecordError::Damaged(error.to_string()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    pub(crate) fn ingredients(command: &str) -> Ingredients {
        use crate::fingerprint::{ClassIngredients, SCHEMA};
        use crate::layer::LayerClass;
        let class =
            ClassIngredients { instructions: vec![command.to_owned()], ..ClassIngredients::default() };
        Ingredients {
            schema: SCHEMA,
            platform: Platform::LinuxAmd64,
            frontend: None,
            target: None,
            parents: Vec::new(),
            classes: BTreeMap::from([(LayerClass::Configuration, class)]),
        }
    }

    pub(crate) fn record(image: &str, command: &str) -> (RecordKey, Record) {
        let ingredients = ingredients(command);
        let key = RecordKey {
            image: Name::new(image).unwrap(),
            platform: Platform::LinuxAmd64,
            fingerprint: ingredients.fingerprint(),
        };
        let reference = ImageRef::parse(&format!("{image}:sha-{}", key.fingerprint.short())).unwrap();
        let record = Record::new(&key, &ingredients, reference, Digest::of("manifest"), 1_700_000_000, 1200);
        (key, record)
    }

    #[test]
    fn a_record_is_two_lines_and_reads_back() {
        let (key, record) = record("ping", "CMD 1");
        let text = record.text();
        insta::assert_snapshot!(text);
        assert_eq!(Record::parse(&key, &text).as_ref(), Ok(&record));
        assert_eq!(record.ingredients(), Ok(ingredients("CMD 1")));
    }

    #[test]
    fn an_author_is_kept_and_may_be_missing() {
        let (key, record) = record("ping", "CMD 1");
        let record = record.by("me@here");
        let text = record.text();
        assert!(text.contains("\"author\":\"me@here\""), "{text}");
        assert_eq!(Record::parse(&key, &text), Ok(record));
    }

    #[test]
    fn a_cut_or_edited_record_is_found_out() {
        let (key, record) = record("ping", "CMD 1");
        let text = record.text();
        for end in 0..text.len() {
            assert!(
                matches!(Record::parse(&key, &text[..end]), Err(RecordError::Damaged(_))),
                "cut at {end}"
            );
        }
        let edited = text.replace("CMD 1", "CMD 2");
        assert!(matches!(Record::parse(&key, &edited), Err(RecordError::Damaged(_))));
    }

    #[test]
    fn a_newer_format_and_a_record_of_another_image_are_refused() {
        let (key, record) = record("ping", "CMD 1");
        let newer = record.text().replacen("\"format\":1", "\"format\":2", 1);
        assert_eq!(Record::parse(&key, &newer), Err(RecordError::Newer { found: 2 }));
        let (other, _) = self::record("pong", "CMD 1");
        assert!(matches!(Record::parse(&other, &record.text()), Err(RecordError::Other(_))));
    }
}
