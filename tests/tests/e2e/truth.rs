//! Whether records tell the truth: each one's image is unpacked from the registry and held against its ingredients.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::digest::Digest;
use layerwise::fingerprint::ParentIngredient;
use layerwise::image_ref::ImageRef;
use layerwise::inputs::Entry;
use layerwise::name::Name;
use layerwise::oci::Oci;
use layerwise::platform::Platform;
use layerwise::process::{Cancel, Command, Env};
use layerwise::record::{Record, RecordKey};
use layerwise::registry::Registry as _;
use libtest_mimic::Failed;
use serde_json::Value;

use crate::checkout::{Checkout, files};

/// What a file is by its path: its content's digest and whether it may be executed.
type Tree = BTreeMap<String, (Digest, bool)>;

/// Holds records against images; each once, as neither ever changes.
pub struct Truth<'a> {
    checkout: &'a Checkout<'a>,
    registry: Oci,
    held: BTreeSet<Utf8PathBuf>,
}

impl<'a> Truth<'a> {
    pub fn of(checkout: &'a Checkout<'a>) -> Self {
        let env = Env::default().with("DOCKER_CONFIG", checkout.docker_config().as_str());
        Self { checkout, registry: Oci::new(&env, Vec::new()), held: BTreeSet::new() }
    }

    /// How many records there are; all of them tell the truth.
    pub fn check(&mut self) -> Result<usize, Failed> {
        let mut count = 0;
        for path in files(self.checkout.records_folder()) {
            if path.extension() == Some("record") {
                count += 1;
                if self.held.insert(path.clone()) {
                    self.hold(&path).map_err(|why| format!("{path}: {}", why.message().unwrap_or("?")))?;
                }
            }
        }
        Ok(count)
    }

    /// Whether each record's tag names its image.
    pub fn check_tags(&self) -> Result<(), Failed> {
        for path in &self.held {
            let head = record(path)?.head;
            let found = self.registry.find(std::slice::from_ref(&head.reference))?;
            if found != [Some(head.digest)] {
                return Err(format!("{path} speaks of {}, its tag of {found:?}", head.digest).into());
            }
        }
        Ok(())
    }

    fn hold(&self, path: &Utf8Path) -> Result<(), Failed> {
        let record = record(path)?;
        let mut expected = inputs(&record)?;
        for parent in record.ingredients()?.parents {
            if let ParentIngredient::Ours { name, fingerprint } = parent {
                let place = path.ancestors().nth(3).ok_or("no folder of records")?;
                let file = format!("{name}/amd64/{}.record", fingerprint.hex());
                expected.extend(inputs(&self::record(&place.join(file))?)?);
            }
        }
        let held = self.unpack(&record)?;
        if held == expected {
            return Ok(());
        }
        let (held, expected): (BTreeSet<_>, BTreeSet<_>) =
            (held.into_iter().collect(), expected.into_iter().collect());
        let (only_held, only_said) = (held.difference(&expected), expected.difference(&held));
        let (only_held, only_said): (Vec<_>, Vec<_>) = (only_held.collect(), only_said.collect());
        Err(format!("a false record: the image holds {only_held:#?}\nthe record says {only_said:#?}").into())
    }

    /// The files of a record's image, by digest, whatever its tag says now.
    fn unpack(&self, record: &Record) -> Result<Tree, Failed> {
        let image = record.head.reference.at_digest(record.head.digest);
        let manifest = self.registry.manifest(&image)?.ok_or("the image is not there")?;
        let manifest: Value = serde_json::from_slice(&manifest.bytes)?;
        let config: Value = serde_json::from_slice(&self.blob(&image, &manifest["config"])?)?;
        let label = &config["config"]["Labels"]["io.layerwise.fingerprint"];
        if *label != record.head.fingerprint.hex() {
            return Err(format!("the image was built from {label}").into());
        }
        let folder = tempfile::tempdir_in(self.checkout.world.folder("unpacked"))?;
        let folder = Utf8Path::from_path(folder.path()).ok_or("not UTF-8")?;
        for layer in manifest["layers"].as_array().ok_or("no layers")? {
            let tar = Command::new("tar", folder).args(["-xz"]).stdin(self.blob(&image, layer)?);
            tar.run(&Cancel::default())?;
        }
        let tree = files(folder).into_iter().map(|path| {
            let name = path.strip_prefix(folder)?.to_string();
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path)?.permissions());
            Ok((name, (Digest::of(fs::read(&path)?), mode & 0o100 != 0)))
        });
        tree.collect()
    }

    fn blob(&self, image: &ImageRef, descriptor: &Value) -> Result<Vec<u8>, Failed> {
        let digest = Digest::parse(descriptor["digest"].as_str().ok_or("no digest")?)?;
        Ok(self.registry.blob(image, digest)?.ok_or("a blob is not there")?.bytes)
    }
}

/// A record as the product reads it.
fn record(path: &Utf8Path) -> Result<Record, Failed> {
    let image = path.ancestors().nth(2).and_then(Utf8Path::file_name).ok_or("no image")?;
    let hex = path.file_stem().ok_or("no fingerprint")?;
    let key = RecordKey {
        image: Name::new(image)?,
        platform: Platform::LinuxAmd64,
        fingerprint: Digest::parse(&format!("sha256:{hex}"))?,
    };
    Ok(Record::parse(&key, &fs::read_to_string(path)?)?)
}

/// The files that a record says its image was built from.
fn inputs(record: &Record) -> Result<Tree, Failed> {
    let classes = record.ingredients()?.classes;
    let entries = classes.into_values().flat_map(|class| class.files);
    let files = entries.filter_map(|(path, entry)| match entry {
        Entry::File { digest, executable } => Some((path.to_string(), (digest, executable))),
        Entry::Link { .. } | Entry::Folder => None,
    });
    Ok(files.collect())
}
