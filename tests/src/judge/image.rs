//! The truth: what an image holds, read from what the builder wrote. Times are left out, nothing else.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8Path;
use fs_err as fs;
use layerwise::digest::Digest;
use serde_json::Value;

use super::bake::Form;

/// What one layer changes: each path with type, mode, owner, and content or link target.
pub type Layer = BTreeMap<String, String>;

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its layers, the lowest first; one that is what they come to, unless it is whole.
    pub layers: Vec<Arc<Layer>>,
    /// Whether its layers are known.
    pub whole: bool,
    /// Its configuration by field: architecture, environment, command and so on.
    pub config: BTreeMap<String, String>,
}

/// Reads images, each layer once.
#[derive(Debug, Default)]
pub struct Reader {
    known: Mutex<HashMap<String, Arc<Layer>>>,
}

impl Image {
    /// Its files: what the layers come to, one over the other.
    #[must_use]
    pub fn files(&self) -> Layer {
        let mut files = Layer::new();
        for (path, what) in self.layers.iter().flat_map(|layer| layer.iter()) {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let remove = |files: &mut Layer, gone: &str, itself: bool| {
                let below = format!("{gone}/");
                files.retain(|path, _| !(path.starts_with(&below) || itself && path == gone));
            };
            match name.strip_prefix(".wh.") {
                Some(".wh..opq") => remove(&mut files, folder, false),
                Some(gone) => {
                    let gone = if folder.is_empty() { gone.to_owned() } else { format!("{folder}/{gone}") };
                    remove(&mut files, &gone, true);
                }
                None => {
                    if !what.starts_with("folder") {
                        remove(&mut files, path, true);
                    }
                    files.insert(path.clone(), what.clone());
                }
            }
        }
        files
    }
}

impl Reader {
    /// The image in an archive of this form.
    ///
    /// # Errors
    /// When it is no such archive.
    pub fn read(&self, archive: &Utf8Path, form: Form) -> io::Result<Image> {
        match form {
            Form::Whole => self.oci(archive),
            Form::Tree => {
                let tree = layer(fs::File::open(archive).map(io::BufReader::new)?)?;
                Ok(Image { layers: vec![Arc::new(tree)], whole: false, config: BTreeMap::new() })
            }
        }
    }

    /// The image in an OCI archive with uncompressed layers.
    fn oci(&self, archive: &Utf8Path) -> io::Result<Image> {
        let mut blobs = HashMap::new();
        let mut index = Vec::new();
        for entry in tar::Archive::new(fs::File::open(archive)?).entries()? {
            let mut entry = entry?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            if let Some(digest) = path.strip_prefix("blobs/sha256/") {
                blobs.insert(format!("sha256:{digest}"), bytes);
            } else if path == "index.json" {
                index = bytes;
            }
        }
        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().unwrap_or_default().to_owned();
            let bytes =
                blobs.get(&digest).ok_or_else(|| io::Error::other(format!("{archive}: no {digest}")))?;
            Ok::<_, io::Error>((digest, bytes))
        };
        let index: Value = serde_json::from_slice(&index)?;
        let manifest: Value = serde_json::from_slice(blob(&index["manifests"][0])?.1)?;
        let config: Value = serde_json::from_slice(blob(&manifest["config"])?.1)?;
        let layers = manifest["layers"].as_array().into_iter().flatten();
        let layers = layers.map(|layer| {
            let (digest, bytes) = blob(layer)?;
            self.layer(digest, bytes)
        });
        Ok(Image { layers: layers.collect::<io::Result<_>>()?, whole: true, config: fields(&config) })
    }

    fn layer(&self, digest: String, bytes: &[u8]) -> io::Result<Arc<Layer>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(layer) = known.get(&digest) {
            return Ok(layer.clone());
        }
        let layer = Arc::new(layer(bytes)?);
        known.insert(digest, layer.clone());
        Ok(layer)
    }
}

/// What a layer changes, from its archive.
///
/// # Errors
/// When it is none.
pub fn layer(archive: impl io::Read) -> io::Result<Layer> {
    let mut layer = Layer::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('/').to_owned();
        let path = text(&entry.path_bytes());
        let target = entry.link_name_bytes().map(|name| text(&name)).unwrap_or_default();
        let header = entry.header();
        let access = format!("{:o} {}:{}", header.mode()? & 0o7777, header.uid()?, header.gid()?);
        let kind = header.entry_type();
        let what = if kind.is_dir() {
            format!("folder {access}")
        } else if kind.is_symlink() {
            format!("link {target}")
        } else if kind.is_hard_link() {
            // The same file under another name.
            layer.get(&target).cloned().unwrap_or_else(|| format!("hard link {target}"))
        } else {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            format!("{kind:?} {access} {}", Digest::of(&bytes))
        };
        layer.insert(path, what);
    }
    Ok(layer)
}

/// What of a configuration is compared.
#[must_use]
pub fn fields(config: &Value) -> BTreeMap<String, String> {
    let all = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let outer = all(config)
        .into_iter()
        .filter(|(name, _)| matches!(name.as_str(), "architecture" | "os" | "variant"));
    outer.chain(all(&config["config"])).map(|(name, value)| (name, value.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(entries: &[(&str, &str)]) -> Arc<Layer> {
        Arc::new(entries.iter().map(|(path, what)| ((*path).to_owned(), (*what).to_owned())).collect())
    }

    #[test]
    fn a_later_layer_hides_replaces_and_removes() {
        let image = Image {
            layers: vec![
                layer(&[
                    ("a", "folder"),
                    ("a/b", "file 1"),
                    ("a/c", "file 1"),
                    ("d", "folder"),
                    ("d/e", "file 1"),
                ]),
                layer(&[
                    ("a/.wh.b", "file"),
                    ("a/c", "file 2"),
                    ("d", "link a"),
                    ("f", "folder"),
                    ("f/g", "file 1"),
                ]),
                layer(&[("f", "folder"), ("f/.wh..wh..opq", "file"), ("f/h", "file 1")]),
            ],
            whole: true,
            config: BTreeMap::new(),
        };
        let files: Vec<String> = image.files().iter().map(|(path, what)| format!("{path} {what}")).collect();
        assert_eq!(files, ["a folder", "a/c file 2", "d link a", "f folder", "f/h file 1"]);
    }
}
