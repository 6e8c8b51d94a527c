//! Tests of `archive`.

use super::*;
use crate::assemble::{Kind, Node};
use crate::assembling::Blob;
use crate::fs::tests::folder;

fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, name, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

fn blob(bytes: &[u8]) -> String {
    format!("{BLOBS}{}", Digest::of(bytes).hex())
}

/// A parent with one layer, as an engine exports it: an index, and only our platform's manifest in the archive.
struct Exported {
    layer: Vec<u8>,
    config: String,
    manifest: String,
    index: String,
}

impl Exported {
    fn new() -> Self {
        let layer = tar(&[("etc/base", b"x")]);
        let config = r#"{"os":"linux","architecture":"amd64"}"#.to_owned();
        let manifest = format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"c","digest":"{}","size":1}},"layers":[{{"mediaType":"l","digest":"{}","size":2}}]}}"#,
            Digest::of(&config),
            Digest::of(&layer),
        );
        let index = format!(
            r#"{{"manifests":[{{"digest":"{}","platform":{{"os":"linux","architecture":"arm64"}}}},
               {{"digest":"{}","platform":{{"os":"linux","architecture":"amd64"}}}}]}}"#,
            Digest::of("elsewhere"),
            Digest::of(&manifest),
        );
        Self { layer, config, manifest, index }
    }

    fn archive(&self) -> Vec<u8> {
        let top = format!(r#"{{"manifests":[{{"digest":"{}"}}]}}"#, Digest::of(&self.index));
        tar(&[
            (&blob(self.index.as_bytes()), self.index.as_bytes()),
            (&blob(&self.layer), &self.layer),
            (&blob(self.config.as_bytes()), self.config.as_bytes()),
            (&blob(self.manifest.as_bytes()), self.manifest.as_bytes()),
            (INDEX, top.as_bytes()),
            ("oci-layout", b"{}"),
        ])
    }
}

fn reference() -> ImageRef {
    ImageRef::parse("base:1").unwrap()
}

#[test]
fn a_parent_is_read_and_stays_on_the_shelf() {
    let (_guard, folder) = folder();
    let shelf = Shelf::at(folder.join("shelf"), folder.join("scratch"));
    let exported = Exported::new();
    let archive = exported.archive();
    let parent = read(archive.as_slice(), &reference(), None, Platform::LinuxAmd64, &shelf).unwrap();
    assert_eq!(parent.digest, Digest::of(&exported.manifest));
    assert_eq!(
        parent.listing.get("etc/base"),
        Some(Node { kind: Kind::File, mode: 0o644, user: 0, group: 0 })
    );
    let kept = shelf.parent(&reference(), parent.digest).unwrap().unwrap();
    assert_eq!((kept.config, kept.listing), (parent.config, parent.listing));

    let known_by = |digest, platform| read(archive.as_slice(), &reference(), Some(digest), platform, &shelf);
    assert!(known_by(Digest::of(&exported.index), Platform::LinuxAmd64).is_ok());
    let error = known_by(Digest::of(&exported.index), Platform::LinuxArm64).unwrap_err();
    assert!(error.to_string().contains("lacks its manifest"), "{error}");
    let error = known_by(Digest::of("another"), Platform::LinuxAmd64).unwrap_err();
    assert!(error.to_string().contains("does not hold it"), "{error}");
}

#[test]
fn a_shelf_that_was_damaged_is_empty() {
    let (_guard, folder) = folder();
    let shelf = Shelf::at(folder.join("shelf"), folder.join("scratch"));
    let exported = Exported::new();
    let read =
        || super::read(exported.archive().as_slice(), &reference(), None, Platform::LinuxAmd64, &shelf);
    let parent = read().unwrap();
    for kind in ["files", "documents"] {
        let path = folder.join("shelf").join(kind).join(parent.digest.hex());
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..text.len() - 2]).unwrap();
        assert!(shelf.parent(&reference(), parent.digest).unwrap().is_none(), "{kind}");
        assert_eq!(read().unwrap().listing, parent.listing);
    }
}

#[test]
fn what_is_written_holds_only_what_is_new() {
    let (_guard, folder) = folder();
    let shelf = Shelf::at(folder.join("shelf"), folder.join("scratch"));
    let exported = Exported::new();
    let archive = exported.archive();
    let parent = read(archive.as_slice(), &reference(), None, Platform::LinuxAmd64, &shelf).unwrap();
    let layer = vec![b'y'; 700];
    fs::write(folder.join("layer"), &layer).unwrap();
    let config = b"{}".to_vec();
    let described = [(Digest::of(&layer), 700)];
    let manifest = parent.manifest.continued(&described, (Digest::of(&config), 2));
    let tags = ["it:sha-1", "team/it:2", "localhost:5000/it:3"].map(|tag| ImageRef::parse(tag).unwrap());
    let blobs = [
        Blob { digest: Digest::of(&layer), size: 700, file: Some(folder.join("layer")) },
        Blob { digest: Digest::of("there"), size: 1, file: None },
    ];
    let product =
        Product { tags: &tags, parent: &parent, blobs: &blobs, config: &config, manifest: &manifest };
    let mut bytes = Vec::new();
    write(&product).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() % 512, 0);
    let mut text = String::new();
    for entry in Archive::new(bytes.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let content =
            if content == layer { "the layer".to_owned() } else { String::from_utf8(content).unwrap() };
        text.push_str(&format!("{}\n  {content}\n", path.display()));
    }
    insta::assert_snapshot!(text);
}
