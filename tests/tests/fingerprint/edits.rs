//! Edits of files: every kind of them counts, in what it is read by and nowhere else.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use fs_err as fs;
use layerwise::image::{BaseImage, Declare, Images, LambdaImage, external};
use layerwise::platform::Platform;
use layerwise_tests::patterns;
use layerwise_tests::repository::Repository;

use crate::fingerprints;

#[test]
fn every_kind_of_edit_counts() {
    let images = || {
        let it = LambdaImage::new("it").from(external("python:3.13")).copy_dir("data").copy("handler.py");
        Images::new(Platform::LinuxAmd64).lambda(it.cmd("handler.main"))
    };
    let new = || {
        let repository = Repository::new();
        repository.write("handler.py", "def main(event, context):\n    return 1\n");
        repository.write("data/a", "a");
        repository.write("data/b", "b");
        repository.link("data/link", "a");
        repository.folder("data/folder");
        repository
    };
    type Edit = (&'static str, fn(&Repository));
    let edits: [Edit; 12] = [
        ("nothing", |_| {}),
        ("bytes", |r| drop(r.write("data/a", "A"))),
        ("empty file", |r| drop(r.write("data/a", ""))),
        ("new file", |r| drop(r.write("data/c", "c"))),
        ("new empty file", |r| drop(r.write("data/c", ""))),
        ("removed", |r| fs::remove_file(r.root().join("data/a")).unwrap()),
        ("renamed", |r| fs::rename(r.root().join("data/a"), r.root().join("data/z")).unwrap()),
        ("moved", |r| fs::rename(r.root().join("data/a"), r.root().join("data/folder/a")).unwrap()),
        ("executable", |r| {
            fs::set_permissions(r.root().join("data/a"), std::fs::Permissions::from_mode(0o755)).unwrap();
        }),
        ("link retargeted", |r| {
            fs::remove_file(r.root().join("data/link")).unwrap();
            r.link("data/link", "b");
        }),
        ("file to link", |r| {
            fs::remove_file(r.root().join("data/b")).unwrap();
            r.link("data/b", "a");
        }),
        ("empty folder gone", |r| fs::remove_dir(r.root().join("data/folder")).unwrap()),
    ];
    let mut seen = BTreeMap::new();
    for (name, edit) in edits {
        let repository = new();
        edit(&repository);
        let fingerprint = fingerprints(repository.root(), &images())["it"];
        if let Some(other) = seen.insert(fingerprint, name) {
            panic!("`{name}` and `{other}` have one fingerprint");
        }
    }
    // What is junk, or read by nobody, does not.
    let repository = new();
    for junk in
        ["data/__pycache__/a.pyc", "data/.env", "data/a~", "data/node_modules/x.js", "README.md", "other/x"]
    {
        repository.write(junk, "junk");
    }
    assert_eq!(seen.get(&fingerprints(repository.root(), &images())["it"]), Some(&"nothing"));
}

#[test]
fn a_base_counts_for_everything_that_stands_on_it() {
    let repository = patterns::repository();
    let of = |text: &str| {
        let bottom = BaseImage::new("bottom").from(external("python:3.13")).env("A", text);
        let middle = BaseImage::new("middle").from(&bottom);
        let top = LambdaImage::new("top")
            .from(&middle)
            .copy("services/one/handler.py")
            .cmd("handler.lambda_handler");
        fingerprints(repository.root(), &Images::new(Platform::LinuxAmd64).lambda(top))
    };
    let (one, other) = (of("1"), of("2"));
    for name in ["bottom", "middle", "top"] {
        assert_ne!(one[name], other[name], "{name}");
    }
}
