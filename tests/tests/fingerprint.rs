//! What the fingerprint depends on, and what it does not.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use fs_err as fs;
use layerwise::digest::Digest;
use layerwise::image::{
    BaseImage, Compilers, Declare, Images, LambdaImage, Pip, Run, Secret, Stage, external, lambda_python,
};
use layerwise::inspect::inspect;
use layerwise::layer::LayerClass;
use layerwise::platform::Platform;
use layerwise::python::PythonPackage;
use layerwise_tests::patterns;
use layerwise_tests::repository::Repository;

fn fingerprints(repository: &Repository, images: &Images) -> BTreeMap<String, Digest> {
    let inspection = inspect(repository.root(), images).unwrap();
    let targets = inspection.graph.targets.iter().zip(&inspection.targets);
    targets.map(|(target, inspected)| (target.label.clone(), inspected.fingerprint)).collect()
}

/// A change here is a change of the rules: everybody builds everything again. It wants a new `SCHEMA` and a reason.
#[test]
fn golden() {
    let repository = patterns::repository();
    let found = fingerprints(&repository, &patterns::buildable());
    let text: String = found.iter().map(|(label, digest)| format!("{label} {digest}\n")).collect();
    insta::assert_snapshot!(text);
}

#[test]
fn place_times_and_umask_do_not_count() {
    let (one, other) = (patterns::repository(), patterns::repository());
    let mut waiting = vec![other.root().to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in folder.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.is_symlink() {
                continue;
            }
            let mode = if path.is_dir() { 0o700 } else { 0o664 };
            fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
            fs::File::open(&path).unwrap().file().set_modified(long_ago).unwrap();
            if path.is_dir() {
                waiting.push(path);
            }
        }
    }
    let images = patterns::buildable();
    assert_eq!(fingerprints(&one, &images), fingerprints(&other, &images));
}

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
        let fingerprint = fingerprints(&repository, &images())["it"];
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
    assert_eq!(seen.get(&fingerprints(&repository, &images())["it"]), Some(&"nothing"));
}

#[test]
fn every_field_of_a_declaration_counts() {
    let repository = patterns::repository();
    let core = PythonPackage::at("packages/core_kit");
    type Change<'a> = Box<dyn Fn(LambdaImage) -> LambdaImage + 'a>;
    let handler = "services/one/handler.py";
    let changes: Vec<(&str, Change<'_>)> = vec![
        ("nothing", Box::new(|it| it)),
        ("parent", Box::new(|it| it.from(lambda_python("3.12")))),
        ("platform", Box::new(|it| it.platform(Platform::LinuxArm64))),
        ("target and stage", Box::new(|it| it.stage(Stage::new("one").from(external("a"))).target("one"))),
        ("stage", Box::new(|it| it.stage(Stage::new("one").from(external("a"))))),
        ("syntax", Box::new(|it| it.syntax("docker/dockerfile:1.7"))),
        ("arg", Box::new(|it| it.arg("A", "1"))),
        ("arg's value", Box::new(|it| it.arg("A", "2"))),
        ("build env", Box::new(|it| it.build_env("A", "1"))),
        ("env", Box::new(|it| it.env("A", "1"))),
        ("empty env", Box::new(|it| it.env("A", ""))),
        ("dnf", Box::new(|it| it.dnf(["tar"]))),
        ("microdnf", Box::new(|it| it.microdnf(["tar"]))),
        ("apt", Box::new(|it| it.apt(["tar"]))),
        ("run", Box::new(|it| it.run("true"))),
        ("runs in order", Box::new(|it| it.run("true").run("false"))),
        ("runs in another order", Box::new(|it| it.run("false").run("true"))),
        ("run elsewhere", Box::new(|it| it.run_in(LayerClass::Handler, "true"))),
        (
            "run with a secret",
            Box::new(|it| it.secret(Secret::env("a", "A")).run(Run::new("true").secret("a"))),
        ),
        ("pip", Box::new(|it| it.pip(["six"]))),
        ("pip index", Box::new(|it| it.pip_install(Pip::inline(["six"]).index_url("https://example.com/a")))),
        (
            "pip extra index",
            Box::new(|it| it.pip_install(Pip::inline(["six"]).extra_index_url("https://example.com/a"))),
        ),
        ("requirements", Box::new(|it| it.requirements("services/one/requirements.txt"))),
        ("compilers", Box::new(|it| it.pip(["six"]).compilers(Compilers::dnf(["gcc"])))),
        ("package", Box::new(|it| it.install(&core))),
        ("package with extra", Box::new(|it| it.install(core.extra("fast")))),
        ("copy twice", Box::new(|it| it.copy_as(handler, "other.py"))),
        (
            "copy with excludes",
            Box::new(|it| it.copy_dir_except("services/one/assets", "a", ["fonts/a.txt"])),
        ),
        ("copy without excludes", Box::new(|it| it.copy_dir_as("services/one/assets", "a"))),
        ("mkdir", Box::new(|it| it.mkdir("/opt/x"))),
        ("chmod", Box::new(|it| it.chmod("0700", "/opt"))),
        ("workdir", Box::new(|it| it.workdir("/srv"))),
        ("user", Box::new(|it| it.user("1000"))),
        ("label", Box::new(|it| it.label("a", "b"))),
        ("expose", Box::new(|it| it.expose(80))),
        ("entrypoint", Box::new(|it| it.entrypoint(["/x"]))),
        ("cmd", Box::new(|it| it.cmd("handler.other"))),
    ];
    let fingerprint = |change: &Change<'_>| {
        let it =
            LambdaImage::new("it").from(lambda_python("3.13")).copy(handler).cmd("handler.lambda_handler");
        fingerprints(&repository, &Images::new(Platform::LinuxAmd64).lambda(change(it)))["it"]
    };
    let mut seen = BTreeMap::new();
    for (name, change) in &changes {
        if let Some(other) = seen.insert(fingerprint(change), *name) {
            panic!("`{name}` and `{other}` have one fingerprint");
        }
    }
    // Not in it: names of functions, and where a secret's value comes from. The image's own name is its record's key.
    let without: [Change<'_>; 2] =
        [Box::new(|it| it.function("f")), Box::new(|it| it.secret(Secret::env("a", "A")))];
    for change in &without {
        assert_eq!(seen.get(&fingerprint(change)), Some(&"nothing"));
    }
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
        fingerprints(&repository, &Images::new(Platform::LinuxAmd64).lambda(top))
    };
    let (one, other) = (of("1"), of("2"));
    for name in ["bottom", "middle", "top"] {
        assert_ne!(one[name], other[name], "{name}");
    }
}
