//! Tests of `python::load`.

use camino::Utf8PathBuf;

use super::*;
use crate::python::closure::{self, Installed};

struct Repo {
    _guard: tempfile::TempDir,
    root: Utf8PathBuf,
}

fn repo(files: &[(&str, &str)]) -> Repo {
    let guard = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(guard.path().to_owned()).unwrap();
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Repo { _guard: guard, root }
}

fn fails(files: &[(&str, &str)], package: PythonPackage) -> String {
    refused(&repo(files), &package).to_string()
}

/// Why `package` cannot be loaded, or may not be declared.
fn refused(repo: &Repo, package: &PythonPackage) -> Arc<LoadError> {
    match workspace(&repo.root, [package]) {
        Ok(mut loaded) => loaded.unloaded.remove(0).error,
        Err(error) => Arc::new(error),
    }
}

/// Those of `packages` that can be loaded, which are all.
fn loaded<'a>(repo: &Repo, packages: impl IntoIterator<Item = &'a PythonPackage>) -> Workspace {
    let Loaded { workspace, unloaded } = workspace(&repo.root, packages).unwrap();
    assert!(unloaded.is_empty(), "{unloaded:?}");
    workspace
}

#[test]
fn packages_are_read_with_what_lies_around_them() {
    let repo = repo(&[
        (
            "base/label/pyproject.toml",
            "[project]\nname='label'\nreadme='docs/R.md'\ndynamic=['dependencies']\n\
             [tool.setuptools.dynamic]\ndependencies={file='r.txt'}\n[tool.setuptools.packages.find]\nwhere=['lib']",
        ),
        ("base/label/r.txt", "Receipt_Dynamo\nopenai\nother"),
        ("base/label/docs/R.md", ""),
        ("base/label/lib/label/__init__.py", ""),
        ("base/label/LICENSE", ""),
        ("base/receipt-dynamo/pyproject.toml", "[project]\nname='receipt.dynamo'"),
        ("base/receipt-dynamo/src/receipt_dynamo/__init__.py", ""),
        ("base/openai/pyproject.toml", "[project]\nname='our-openai-wrapper'"),
        ("base/other/README.md", ""),
    ]);
    let label = PythonPackage::at("./base/label/");
    let known = loaded(&repo, [&label, &label.extra("x")]);
    let project = known.projects().next().unwrap();
    let paths: Vec<_> = project.sources.iter().map(|source| source.path().as_str()).collect();
    assert_eq!(
        paths,
        [
            "base/label/LICENSE",
            "base/label/docs/R.md",
            "base/label/pyproject.toml",
            "base/label/r.txt",
            "base/label/lib/label"
        ]
    );
    let error = closure::plan(&known, std::slice::from_ref(&label), &Installed::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "base/label/pyproject.toml: the dependency `receipt-dynamo` is a local package in base/receipt-dynamo that is not declared"
    );

    let dynamo = PythonPackage::at("base/receipt-dynamo");
    let known = loaded(&repo, [&label, &dynamo]);
    let plan = closure::plan(&known, &[label], &Installed::default()).unwrap();
    assert_eq!(plan.requirements, ["openai", "other"]);
    assert_eq!(plan.packages.len(), 2);
}

#[test]
fn a_namespace_package_and_a_virtual_environment_are_seen() {
    let repo = repo(&[
        (
            "p/pyproject.toml",
            "[project]\nname='my-p'\n[build-system]\nrequires=[]\nbuild-backend='hatchling.build'",
        ),
        ("p/ns/my_p/__init__.py", ""),
        ("q/pyproject.toml", "[project]\nname='q'"),
        ("q/q/x.py", ""),
        ("q/work/pyvenv.cfg", ""),
    ]);
    let known = loaded(&repo, [&PythonPackage::at("p"), &PythonPackage::at("q")]);
    let paths: Vec<_> =
        known.projects().flat_map(|one| &one.sources).map(|one| one.path().as_str()).collect();
    assert_eq!(paths, ["p/pyproject.toml", "p/ns", "q/pyproject.toml", "q/q"]);
}

#[test]
fn errors_name_the_file() {
    assert_eq!(
        fails(&[], PythonPackage::at("base/p")),
        "base/p/pyproject.toml does not exist, but a Python package is declared there"
    );
    assert!(
        fails(&[("p/pyproject.toml", "[project")], PythonPackage::at("p")).starts_with("p/pyproject.toml:1:")
    );
    assert_eq!(
        fails(&[("p/pyproject.toml", "[project]\nname='p'\nreadme='R.md'")], PythonPackage::at("p")),
        "p/pyproject.toml: the readme is missing: p/R.md"
    );
    assert_eq!(
        fails(&[("p/pyproject.toml", "[project]\nname='p'")], PythonPackage::at("p").include("x")),
        "p/pyproject.toml: `include` of its declaration is missing: p/x"
    );
    assert!(fails(&[], PythonPackage::at("../p")).ends_with("`../p` leaves the repository"));

    let latin = repo(&[("p/pyproject.toml", "")]);
    fs::write(latin.root.join("p/pyproject.toml"), b"# caf\xe9").unwrap();
    let error = refused(&latin, &PythonPackage::at("p"));
    assert_eq!(error.to_string(), "p/pyproject.toml is not UTF-8: byte 5 is the first that is not");

    let twice = repo(&[("p/pyproject.toml", "[project]\nname='p'")]);
    let p = PythonPackage::at("p");
    let error = workspace(&twice.root, [&p, &p.clone().exclude("docs")]).unwrap_err();
    assert!(matches!(error, LoadError::DeclaredTwice { .. }));
}

#[test]
fn one_package_that_cannot_be_read_leaves_the_others() {
    let repo = repo(&[
        ("good/pyproject.toml", "[project]\nname='good'"),
        ("good/good/__init__.py", ""),
        ("named/pyproject.toml", "[project]\nname='Of.It'\nreadme='gone.md'"),
        ("nameless/pyproject.toml", "[project"),
    ]);
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        repo.root.join("pyproject.toml").as_std_path(),
        rustix::fs::Mode::RUSR,
    )
    .unwrap();
    let packages = ["good", "named", "nameless", "."].map(PythonPackage::at);
    let Loaded { workspace, unloaded } = workspace(&repo.root, &packages).unwrap();
    assert_eq!(workspace.projects().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["good"]);
    let told: Vec<_> = unloaded
        .iter()
        .map(|one| (one.path.as_str(), one.name.as_ref().map(PackageName::as_str), one.error.to_string()))
        .collect();
    assert_eq!(told[0], ("", None, "pyproject.toml is no regular file".to_owned()));
    assert_eq!((told[1].0, told[1].1), ("named", Some("of-it")));
    assert_eq!((told[2].0, told[2].1), ("nameless", None));
}

#[test]
fn a_requirements_file_is_read_with_what_it_names() {
    let repo = repo(&[
        ("a/r.txt", "-r b/c.txt\n./v.whl\n./pkg"),
        ("a/b/c.txt", "x==1"),
        ("a/v.whl", ""),
        ("a/pkg/x.py", ""),
    ]);
    let file = requirements_file(&repo.root, &RepoPath::new("a/r.txt").unwrap()).unwrap();
    let paths: Vec<_> = file.sources.iter().map(|source| source.path().as_str()).collect();
    assert_eq!(paths, ["a/b/c.txt", "a/r.txt", "a/v.whl", "a/pkg"]);
    let error = requirements_file(&repo.root, &RepoPath::new("a/s.txt").unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "a/s.txt does not exist");
}

#[test]
fn the_repository_itself_may_be_a_package() {
    let repo = repo(&[("pyproject.toml", "[project]\nname='p'"), ("src/p/x.py", ""), ("lambdas/a.py", "")]);
    let known = loaded(&repo, [&PythonPackage::at(".")]);
    let paths: Vec<_> =
        known.projects().flat_map(|one| &one.sources).map(|one| one.path().as_str()).collect();
    assert_eq!(paths, ["pyproject.toml", "src/p"]);
}
