//! Tests of `layer_file`.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::assemble::Kind;
use crate::fs::tests::folder;

fn file(path: &str, text: &str) -> Put {
    Put::File { from: RepoPath::new(path).unwrap(), digest: Digest::of(text), executable: false }
}

fn layer(puts: impl IntoIterator<Item = (String, Put)>) -> Layer {
    Layer { puts: puts.into_iter().collect() }
}

fn written(root: &Utf8Path, layer: &Layer) -> Result<(LayerFile, Vec<u8>), LayerError> {
    let path = root.join("layer.tar.gz");
    let made = write(layer, root, &path, &Cancel::default())?;
    Ok((made, fs::read(path).unwrap()))
}

/// A layer with one of everything.
fn everything() -> Layer {
    let folder = Put::Folder(Node { kind: Kind::Folder, mode: 0o2770, user: 7, group: 70_000_000 });
    let long = format!("srv/{}", "deep folder/".repeat(30));
    let link = Put::Link { target: "x".repeat(150) };
    layer([
        ("srv".to_owned(), folder),
        ("srv/a é.py".to_owned(), file("a.py", "one")),
        (format!("{long}b.py"), file("a.py", "one")),
        ("srv/link".to_owned(), link),
    ])
}

/// The bytes are a promise: another machine, or this one tomorrow, says of the same layer that it is there already.
#[test]
fn the_same_layer_is_the_same_bytes_whatever_the_checkout_is_like() {
    let make = |mode, second| {
        let (_guard, root) = folder();
        fs::write(root.join("a.py"), "one").unwrap();
        fs::set_permissions(root.join("a.py"), std::fs::Permissions::from_mode(mode)).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(second);
        fs::File::open(root.join("a.py")).unwrap().file().set_modified(time).unwrap();
        written(&root, &everything()).unwrap()
    };
    let (made, bytes) = make(0o644, 1_700_000_000);
    assert_eq!(make(0o600, 1).1, bytes);
    assert_eq!((Digest::of(&bytes), bytes.len() as u64), (made.digest, made.size));
    insta::assert_snapshot!(format!("{made:#?}"));
}

#[test]
fn any_reader_of_archives_finds_what_was_put() {
    let (_guard, root) = folder();
    fs::write(root.join("a.py"), "one").unwrap();
    let (made, bytes) = written(&root, &everything()).unwrap();
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut content).unwrap();
    assert_eq!(Digest::of(&content), made.content);
    let listing = crate::process::Command::new("tar", &root)
        .args(["--utc", "--numeric-owner", "--quoting-style=literal", "-tvf", "-"])
        .env("LC_ALL", "C.UTF-8")
        .stdin(content)
        .run(&Cancel::default())
        .unwrap();
    insta::assert_snapshot!(String::from_utf8(listing.stdout).unwrap());
}

#[test]
fn a_file_that_is_no_longer_what_it_was_is_no_layer() {
    let (_guard, root) = folder();
    let layer = layer([("a.py".to_owned(), file("a.py", "one"))]);
    for now in ["two", "on", "one more", ""] {
        fs::write(root.join("a.py"), now).unwrap();
        let error = written(&root, &layer).unwrap_err();
        assert_eq!(error.to_string(), "a.py is no longer what it was", "{now}");
    }
    fs::remove_file(root.join("a.py")).unwrap();
    assert!(matches!(written(&root, &layer), Err(LayerError::Moved { .. })));
    fs::write(root.join("a.py"), "one").unwrap();
    assert!(written(&root, &layer).is_ok());
}

#[test]
fn a_cancelled_layer_is_not_finished() {
    let (_guard, root) = folder();
    let cancel = Cancel::default();
    cancel.cancel();
    let layer = layer([("a.py".to_owned(), file("a.py", "one"))]);
    let result = write(&layer, &root, &root.join("layer"), &cancel);
    assert!(matches!(result, Err(LayerError::Cancelled)));
}
