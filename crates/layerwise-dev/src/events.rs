//! Events: from a file, a text or standard input, and the sample events that lie beside a Lambda's sources with the
//! answers that are expected. Reads files; asks nobody.

use std::collections::BTreeSet;
use std::io::{self, Read};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::graph::Target;
use layerwise::inspect::Inspected;
use serde_json::Value;

/// The folder of sample events.
const FOLDER: &str = "events";
/// How the name of an event's file ends.
const EVENT: &str = ".json";
/// How the name of the file with the expected answer ends.
const EXPECTED: &str = ".expected.json";

/// A sample event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its name: the file's, without `.json`.
    pub name: String,
    /// The file with the event.
    pub event: Utf8PathBuf,
    /// The file with the answer that is expected, `<name>.expected.json`, where one lies beside it.
    pub expected: Option<Utf8PathBuf>,
}

/// Why there is no event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// A file, or standard input, cannot be read.
    #[error("cannot read the event `{from}`: {cause}")]
    Unreadable {
        /// The file; `-` for standard input.
        from: String,
        /// What the system said.
        cause: io::Error,
    },
    /// It is not JSON.
    #[error("the event `{from}` is not JSON: {cause}")]
    NotJson {
        /// The file, the start of the text, or `-` for standard input.
        from: String,
        /// What is wrong, and where.
        cause: serde_json::Error,
    },
    /// There is no folder of sample events.
    #[error("`{name}` has no sample events")]
    NoSamples {
        /// The image.
        name: String,
        /// Where they were looked for, from the repository's root.
        looked: Vec<Utf8PathBuf>,
    },
    /// There is more than one folder that could be meant.
    #[error("`{name}` has more than one folder of sample events: {}", .found.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", "))]
    ManyFolders {
        /// The image.
        name: String,
        /// The folders, from the repository's root.
        found: Vec<Utf8PathBuf>,
    },
}

impl EventError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { cause, .. } if cause.kind() == io::ErrorKind::NotFound => Some(
                "--event takes a file, a JSON text such as '{\"ping\": 1}', or - for standard input"
                    .to_owned(),
            ),
            Self::NoSamples { looked, .. } => {
                let looked: Vec<_> = looked.iter().map(|path| format!("`{path}`")).collect();
                Some(format!(
                    "put NAME.json, and beside it NAME.expected.json, into {}; or declare another folder with `.events(…)`",
                    looked.join(" or ")
                ))
            }
            Self::ManyFolders { .. } => Some("say which one with `.events(…)` in the declaration".to_owned()),
            Self::Unreadable { .. } | Self::NotJson { .. } => None,
        }
    }
}

/// The event that `said` names: a JSON text, `-` for standard input, else a file. The bytes are JSON.
///
/// # Errors
/// [`EventError::Unreadable`], [`EventError::NotJson`].
pub fn read_event(said: &str) -> Result<Vec<u8>, EventError> {
    let looks_like_json = said.trim_start().starts_with(['{', '[', '"']);
    if looks_like_json || (said != "-" && serde_json::from_str::<Value>(said).is_ok()) {
        let from: String = said.chars().take(40).collect();
        return json(from, said.as_bytes().to_vec());
    }
    let bytes = if said == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::File::open(said).and_then(|mut file| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map(|_| bytes)
        })
    };
    let bytes = bytes.map_err(|cause| EventError::Unreadable { from: said.to_owned(), cause })?;
    json(said.to_owned(), bytes)
}

fn json(from: String, bytes: Vec<u8>) -> Result<Vec<u8>, EventError> {
    match serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(cause) => Err(EventError::NotJson { from, cause }),
    }
}

/// The sample events of an image, sorted by name: those of the declared folder, else of `events/` beside its own files.
///
/// # Errors
/// [`EventError`] when there are none, or in more than one place.
pub fn find_samples(
    root: &Utf8Path,
    target: &Target,
    inspected: &Inspected,
) -> Result<Vec<Sample>, EventError> {
    let name = target.label.clone();
    let looked: Vec<Utf8PathBuf> = match &target.image.on_this_machine.events {
        Some(folder) => vec![folder.into()],
        None => folders_beside(inspected).into_iter().map(|folder| folder.join(FOLDER)).collect(),
    };
    let found: Vec<_> = looked.iter().filter(|folder| root.join(folder).is_dir()).cloned().collect();
    let folder = match found.as_slice() {
        [] => return Err(EventError::NoSamples { name, looked }),
        [folder] => root.join(folder),
        _ => return Err(EventError::ManyFolders { name, found }),
    };
    let samples =
        samples_in(&folder).map_err(|cause| EventError::Unreadable { from: folder.to_string(), cause })?;
    if samples.is_empty() { Err(EventError::NoSamples { name, looked: found }) } else { Ok(samples) }
}

/// The folders of the files that the image itself reads, those of its packages left out: these have tests of their own.
fn folders_beside(inspected: &Inspected) -> BTreeSet<Utf8PathBuf> {
    use layerwise::layer::LayerClass::{Handler, Requirements};
    let own =
        [Requirements, Handler].into_iter().filter_map(|class| inspected.ingredients.classes.get(&class));
    let files = own.flat_map(|class| class.files.keys());
    files.filter_map(|path| Some(path.parent()?.as_str().into())).collect()
}

fn samples_in(folder: &Utf8Path) -> io::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let Some(name) = name.to_str().filter(|name| !name.ends_with(EXPECTED)) else { continue };
        let Some(stem) = name.strip_suffix(EVENT) else { continue };
        let expected = folder.join(format!("{stem}{EXPECTED}"));
        samples.push(Sample {
            name: stem.to_owned(),
            event: folder.join(name),
            expected: expected.is_file().then_some(expected),
        });
    }
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_text_or_a_file() {
        assert_eq!(read_event("{\"a\": 1}").unwrap(), b"{\"a\": 1}");
        assert_eq!(read_event("null").unwrap(), b"null");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("event.json");
        fs::write(&file, "[1]").unwrap();
        assert_eq!(read_event(file.to_str().unwrap()).unwrap(), b"[1]");
        fs::write(&file, "{'a': 1}").unwrap();
        let error = read_event(file.to_str().unwrap()).unwrap_err().to_string();
        assert!(error.contains("event.json") && error.contains("line 1 column 2"), "{error}");
        assert_eq!(
            read_event("{\"a\": ").unwrap_err().to_string(),
            "the event `{\"a\": ` is not JSON: EOF while parsing a value at line 1 column 6"
        );
        let missing = read_event("no-such-file.json").unwrap_err();
        assert_eq!(
            missing.to_string(),
            "cannot read the event `no-such-file.json`: No such file or directory (os error 2)"
        );
        assert!(missing.hint().unwrap().contains("standard input"));
    }

    #[test]
    fn a_sample_has_its_expected_answer_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        for name in ["b.json", "a.json", "a.expected.json", "c.expected.json", "notes.md"] {
            fs::write(folder.join(name), "{}").unwrap();
        }
        let samples = samples_in(folder).unwrap();
        let found: Vec<_> =
            samples.iter().map(|sample| (sample.name.as_str(), sample.expected.is_some())).collect();
        assert_eq!(found, [("a", true), ("b", false)]);
    }
}
