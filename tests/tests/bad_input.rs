//! Every declaration and every tree that cannot be built: one clear error that names the thing, and a remedy.

use layerwise::image::{
    BaseImage, Declare, Image, Images, Kind, LambdaImage, Pip, Run, Stage, external, lambda_python, stage,
};
use layerwise::inspect::{Inspection, Problem, inspect};
use layerwise::platform::Platform;
use layerwise::python::PythonPackage;
use layerwise_tests::repository::Repository;

fn told(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        text.push_str(&format!("error: {problem}\n"));
        if let Some(hint) = problem.hint() {
            text.push_str(&format!("hint: {hint}\n"));
        }
    }
    text
}

/// What is said of one Lambda called `it` that is declared by `declare`.
fn of(repository: &Repository, declare: impl FnOnce(LambdaImage) -> LambdaImage) -> String {
    let it = LambdaImage::new("it").from(lambda_python("3.13")).cmd("handler.lambda_handler");
    all(repository, Images::new(Platform::LinuxAmd64).lambda(declare(it)))
}

fn all(repository: &Repository, images: Images) -> String {
    match inspect(repository.root(), &images).and_then(Inspection::whole) {
        Err(problems) => told(&problems),
        Ok(inspection) => {
            let checks =
                (0..inspection.targets.len()).filter_map(|place| inspection.check_handler(place).err());
            told(&checks.collect::<Vec<_>>())
        }
    }
}

fn repository() -> Repository {
    let repository = Repository::new();
    repository.write("it/handler.py", "def lambda_handler(event, context):\n    return 1\n");
    repository.write("it/data/a.json", "{}");
    repository
}

fn amd64() -> Images {
    Images::new(Platform::LinuxAmd64)
}

#[test]
fn files_of_our_own() {
    let repository = repository();
    repository.write("target/layerwise/records/a", "");
    insta::assert_snapshot!(of(&repository, |it| it.copy_dir("target")));
    insta::assert_snapshot!(of(&repository, |it| it.copy("target/layerwise/records/a")));
    insta::assert_snapshot!(of(&repository, |it| it.copy_dir_as("target/layerwise", "x")));
}

#[test]
fn names() {
    let repository = repository();
    let image = |name: &str| LambdaImage::new(name).from(lambda_python("3.13")).cmd("x.y");
    let base = |text: &str| BaseImage::new("base").from(external("python:3.13")).env("A", text);
    insta::assert_snapshot!(all(&repository, amd64().lambda(image(""))));
    insta::assert_snapshot!(all(&repository, amd64().lambda(image("Poll Lines")).lambda(image("a/b"))));
    insta::assert_snapshot!(all(&repository, amd64().lambda(image("it")).lambda(image("it"))));
    insta::assert_snapshot!(all(
        &repository,
        amd64().lambda(image("one").from(&base("1"))).lambda(image("two").from(&base("2")))
    ));
}

#[test]
fn parents() {
    let repository = repository();
    insta::assert_snapshot!(all(&repository, amd64().lambda(LambdaImage::new("it").cmd("a.b"))));
    insta::assert_snapshot!(of(&repository, |it| it.from(external("Not A Reference"))));
    insta::assert_snapshot!(of(&repository, |it| it.from(stage("nowhere"))));
    insta::assert_snapshot!(of(&repository, |it| it
        .stage(Stage::new("first").from(stage("second")))
        .stage(Stage::new("second").from(stage("first")))));
    insta::assert_snapshot!(of(&repository, |it| it.target("nowhere").copy_from("elsewhere", "/a", "b")));
    let base = BaseImage::new("base").from(external("python:3.13")).platform(Platform::LinuxArm64);
    insta::assert_snapshot!(of(&repository, |it| it.from(&base)));
    // A circle cannot be written down with values; the data could still hold one.
    let mut outer = BaseImage::new("round").from(external("python:3.13"));
    outer = BaseImage::new("round").from(&outer);
    insta::assert_snapshot!(of(&repository, |it| it.from(&outer)));
}

#[test]
fn values() {
    let repository = repository();
    insta::assert_snapshot!(of(&repository, |it| it
        .env("1A", "x")
        .env("A", "two\nlines")
        .arg("BASE_IMAGE", "mine")
        .label("io.layerwise.image", "mine")
        .pip(["-r other.txt"])
        .pip_install(Pip::inline(["a"]).index_url("https://me:secret@example.com/simple"))
        .pip(["kit @ https://user:token@example.com/kit.whl"])
        .run("--mount=type=bind id")
        .run(Run::new("cat /run/secrets/token").secret("token"))
        .dnf(["gcc; rm -rf /"])
        .copy_as("it/handler.py", "../outside")
        .workdir("")));
    let silent = LambdaImage::new("it").from(lambda_python("3.13"));
    insta::assert_snapshot!(all(&repository, amd64().lambda(silent)));
    let image: Image = LambdaImage::new("it").0;
    assert_eq!(image.kind, Kind::Lambda);
}

#[test]
fn files() {
    let repository = repository();
    repository.folder("it/empty");
    repository.link("it/outside.json", "../../../etc/passwd");
    repository.link("it/absolute.json", "/etc/passwd");
    repository.link("it/loop.json", "loop.json");
    repository.write("it/lines/two\nlines.txt", "x");
    let fifo = repository.root().join("it/pipe/fifo");
    repository.folder("it/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, fifo.as_std_path(), rustix::fs::Mode::RUSR).unwrap();
    for (name, declared) in [
        ("missing", of(&repository, |it| it.copy("it/missing.py"))),
        ("folder as file", of(&repository, |it| it.copy("it/data"))),
        ("file as folder", of(&repository, |it| it.copy_dir("it/handler.py"))),
        ("outside", of(&repository, |it| it.copy("../elsewhere.py"))),
        ("absolute", of(&repository, |it| it.copy("/etc/passwd"))),
        ("link outside", of(&repository, |it| it.copy("it/outside.json"))),
        ("absolute link", of(&repository, |it| it.copy("it/absolute.json"))),
        ("link loop", of(&repository, |it| it.copy("it/loop.json"))),
        ("line break", of(&repository, |it| it.copy_dir("it/lines"))),
        ("fifo", of(&repository, |it| it.copy_dir("it/pipe"))),
        ("glob without match", of(&repository, |it| it.copy_glob("it/*.toml", "x"))),
        ("glob over folders", of(&repository, |it| it.copy_glob("*/handler.py", "x"))),
        ("negated exclude", of(&repository, |it| it.copy_dir_except("it/data", "d", ["!a.json"]))),
        ("requirements", of(&repository, |it| it.requirements("it/requirements.txt"))),
    ] {
        insta::assert_snapshot!(format!("files_{}", name.replace(' ', "_")), declared);
    }
    assert_eq!(of(&repository, |it| it.copy_dir("it/empty").copy("it/handler.py")), "");
}

#[test]
fn handlers() {
    let repository = repository();
    insta::assert_snapshot!(of(&repository, |it| it.copy("it/handler.py").cmd("handlr.lambda_handler")));
    insta::assert_snapshot!(of(&repository, |it| it.copy("it/handler.py").cmd("handler.lambda_handle")));
    insta::assert_snapshot!(of(&repository, |it| it.copy("it/handler.py").cmd("handler")));
    assert_eq!(of(&repository, |it| it.copy("it/handler.py")), "");
}

#[test]
fn packages() {
    let repository = repository();
    let project = |name: &str, rest: &str| format!("[project]\nname = \"{name}\"\nversion = \"1\"\n{rest}");
    repository.write("broken/pyproject.toml", "[project\nname = 1");
    repository.write("a/pyproject.toml", &project("pkg-a", "dependencies = [\"pkg_b\"]\n"));
    repository.write("a/pkg_a/__init__.py", "");
    repository.write("b/pyproject.toml", &project("pkg-b", "dependencies = [\"pkg-a\"]\n"));
    repository.write("b/pkg_b/__init__.py", "");
    repository.write(
        "near/one/pyproject.toml",
        &project("one", "dependencies = [\"two\"]\nreadme = \"missing.md\"\n"),
    );
    repository.write("near/one/one/__init__.py", "");
    repository.write("near/three/pyproject.toml", &project("three", "dependencies = [\"two\"]\n"));
    repository.write("near/three/three/__init__.py", "");
    repository.write("near/two/pyproject.toml", &project("two", ""));
    let at = PythonPackage::at;
    for (name, told) in [
        ("absent", of(&repository, |it| it.install(at("nowhere")))),
        ("malformed", of(&repository, |it| it.install(at("broken")))),
        ("circle", of(&repository, |it| it.install(at("a")).install(at("b")))),
        ("readme", of(&repository, |it| it.install(at("near/one")))),
        ("undeclared", of(&repository, |it| it.install(at("near/three")))),
        ("extra", of(&repository, |it| it.install(at("near/three").extra("full")).install(at("near/two")))),
    ] {
        insta::assert_snapshot!(format!("packages_{name}"), told);
    }
}
