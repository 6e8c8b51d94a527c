//! Tests of `python::project`.

use super::*;
use crate::dockerignore::{AllowList, JUNK};
use crate::inputs::Tree;
use crate::python::facts::FolderFacts;
use crate::python::package::PythonPackage;
use crate::repo_path::RepoPathError;

/// A package in `base/<name>` with these dependencies and extras.
pub(in crate::python) fn project(name: &str, dependencies: &[&str], extras: &[(&str, &[&str])]) -> Project {
    let parse = |texts: &[&str]| texts.iter().map(|text| Requirement::parse(text).unwrap()).collect();
    let extra = |(name, texts): &(&str, &[&str])| (PackageName::new(name).unwrap(), parse(texts));
    Project {
        path: RepoPath::new(format!("base/{name}")).unwrap(),
        name: PackageName::new(name).unwrap(),
        version: None,
        dependencies: parse(dependencies),
        extras: extras.iter().map(extra).collect(),
        build: vec![],
        sources: vec![],
        local: BTreeMap::new(),
    }
}

pub(in crate::python) const HATCH: &str =
    "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n";

fn folder() -> RepoPath {
    RepoPath::new("base/p").unwrap()
}

fn parse(text: &str, files: &[&str]) -> Result<Project, ProjectError> {
    let mut all: Vec<_> = files.iter().map(|file| format!("base/p/{file}")).collect();
    all.push("base/p/pyproject.toml".to_owned());
    let facts = FolderFacts::of(&all.iter().map(String::as_str).collect::<Vec<_>>());
    Manifest::parse(&folder(), text)?.project(&PythonPackage::at("base/p"), &facts)
}

/// What is read, as one line relative to the package: folders with `/`, `pyproject.toml` left out.
#[track_caller]
pub(in crate::python) fn reads(text: &str, files: &[&str]) -> String {
    let text = if text.contains("[project]") {
        text.to_owned()
    } else {
        format!("[project]\nname='My.Pkg'\n{text}")
    };
    let project = parse(&text, files).unwrap();
    let shown = project.sources.iter().map(|source| {
        let path = source
            .path()
            .relative_to(&folder())
            .map_or_else(|| format!("//{}", source.path()), str::to_owned);
        match source {
            Source::File(_) => path,
            Source::Tree(_) => format!("{path}/"),
        }
    });
    let mut shown: Vec<_> = shown.filter(|path| path != "pyproject.toml").collect();
    shown.sort();
    shown.join(" ")
}

#[track_caller]
fn fails(text: &str, files: &[&str]) -> String {
    parse(text, files).unwrap_err().to_string()
}

#[test]
fn readme_and_licences() {
    let find = "[tool.setuptools]\npackages=[]\n";
    for (head, files, expected) in [
        ("readme='docs/R.md'", &["docs/R.md", "README.md"][..], "docs/R.md"),
        ("readme={file='R.md'}", &["R.md"], "R.md"),
        ("readme={text='x'}\nlicense={text='MIT'}", &[], ""),
        ("license={file='L'}", &["L"], "L"),
        (
            "license='MIT'",
            &["LICENSE", "LICENCE.txt", "COPYING", "NOTICE.md", "AUTHORS", "docs/LICENSE"],
            "AUTHORS COPYING LICENCE.txt LICENSE NOTICE.md",
        ),
        (
            "license-files=['licenses/*.txt']",
            &["licenses/a.txt", "licenses/b.md", "LICENSE"],
            "licenses/a.txt",
        ),
        ("license-files=['LICENSE']", &["LICENSE", "COPYING"], "LICENSE"),
        ("license-files=['vendor/**/LICENSE']", &["vendor/x"], "vendor/"),
        ("license-files=[]", &["LICENSE"], ""),
        ("license-files={paths=['LICENSE'],globs=['NONE*']}", &["LICENSE", "COPYING"], "LICENSE"),
    ] {
        assert_eq!(reads(&format!("[project]\nname='p'\n{head}\n{find}"), files), expected, "{head}");
    }
}

#[test]
fn other_backends_read_the_whole_folder() {
    for backend in ["poetry.core.masonry.api", "flit_core.buildapi", "uv_build", "pdm.backend"] {
        let text = format!("[project]\nname='p'\n[build-system]\nrequires=[]\nbuild-backend='{backend}'");
        assert_eq!(reads(&text, &["a/x.py", "x.md"]), "/");
    }
    let text =
        "[project]\nname='p'\n[build-system]\nrequires=[]\nbuild-backend='setuptools.x'\nbackend-path=['.']";
    assert_eq!(reads(text, &["a/x.py"]), "/");
}

#[test]
fn junk_and_what_the_declaration_says() {
    let facts = FolderFacts::of(&["base/p/src/a/x.py", "base/p/schema.json", "base/p/work/pyvenv.cfg"]);
    let manifest = Manifest::parse(&folder(), "[project]\nname='p'").unwrap();
    let declared =
        PythonPackage::at("base/p").include("schema.json").exclude("src/a/data").exclude("**/*.ipynb");
    let sources = manifest.project(&declared, &facts).unwrap().sources;
    let [Source::File(file), Source::Tree(tree)] = &sources[..] else { panic!("{sources:?}") };
    assert_eq!(
        (file.as_str(), tree.path.as_str(), tree.folders),
        ("base/p/schema.json", "base/p/src/a", false)
    );
    let (junk, rest) = tree.exclude.split_at(PACKAGE_JUNK.len());
    assert_eq!(junk, PACKAGE_JUNK);
    assert_eq!(rest, ["data", "**/*.ipynb"]);

    let whole = manifest.project(&PythonPackage::at("base/p").include("."), &facts).unwrap().sources;
    let [Source::Tree(tree)] = &whole[..] else { panic!("{whole:?}") };
    assert_eq!(tree.exclude[PACKAGE_JUNK.len()..], ["build".to_owned(), "work".to_owned()]);

    let nothing = manifest.project(&PythonPackage::at("base/p").exclude("src"), &facts).unwrap().sources;
    assert_eq!(nothing, []);
    let error = manifest.project(&PythonPackage::at("base/p").exclude("!src"), &facts).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"base/p: the package is declared with `.exclude("!src")`, which takes nothing out"#
    );
}

#[test]
fn names_dependencies_and_extras() {
    let text = "[project]\nname='Receipt_Label'\nversion='1.0'\ndependencies=['receipt_dynamo','a>=1']\n\
                [project.optional-dependencies]\nFull_Set=['b','receipt-label[other]']\nother=[]";
    let project = parse(text, &[]).unwrap();
    assert_eq!((project.name.as_str(), project.version.as_deref()), ("receipt-label", Some("1.0")));
    let names: Vec<_> = project.requirements().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["receipt-dynamo", "a", "b", "receipt-label"]);
    assert_eq!(project.extras.keys().map(PackageName::as_str).collect::<Vec<_>>(), ["full-set", "other"]);
    assert_eq!(project.build[0].text, "setuptools");
}

#[test]
fn dynamic_requirements_are_read_from_their_files() {
    let text = "[project]\nname='p'\ndynamic=['dependencies','optional-dependencies']\n\
                [tool.setuptools.dynamic]\ndependencies={file=['r.txt']}\noptional-dependencies.x={file='x.txt'}";
    let manifest = Manifest::parse(&folder(), text).unwrap();
    let texts = manifest.texts().unwrap();
    assert_eq!(texts.iter().map(RepoPath::as_str).collect::<Vec<_>>(), ["base/p/r.txt", "base/p/x.txt"]);
    let mut facts = FolderFacts::default();
    facts.add_text(texts[0].clone(), "# c\na==1 # why\n\nb\n".into());
    facts.add_text(texts[1].clone(), "c".into());
    let project = manifest.project(&PythonPackage::at("base/p"), &facts).unwrap();
    assert_eq!(project.requirements().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["a==1", "b", "c"]);
    assert_eq!(project.sources.len(), 2);
}

#[test]
fn local_dependencies_that_the_file_shows() {
    let text = "[project]\nname='p'\ndependencies=['a','b','c @ file:../c_c','d','e']\n\
                [tool.uv.sources]\na={path='../a_a'}\nb=[{workspace=true}]\ne={git='https://h/e'}\n\
                [tool.poetry.dependencies]\nd={path='../d'}\ne='^1'";
    let local = parse(text, &[]).unwrap().local;
    let shown: Vec<_> =
        local.iter().map(|(name, place)| (name.as_str(), place.as_ref().map(RepoPath::as_str))).collect();
    assert_eq!(shown, [("a", Some("base/a_a")), ("b", None), ("c", Some("base/c_c")), ("d", Some("base/d"))]);
}

#[test]
fn errors_name_the_file_and_say_what_to_do() {
    let p = "[project]\nname='p'\n";
    for (text, expected) in [
        (
            "[project]\nname = \n",
            "base/p/pyproject.toml:2:8: string values must be quoted, expected literal string",
        ),
        ("[project]\nname=3", "base/p/pyproject.toml:2:6: invalid type: integer `3`, expected a string"),
        (
            "[tool.poetry]\nname='p'",
            "base/p/pyproject.toml has no [project] table, so the package's name and dependencies are not known",
        ),
        ("[project]", "base/p/pyproject.toml: [project] has no name"),
        (&format!("{p}readme='R.md'"), "base/p/pyproject.toml: the readme is missing: base/p/R.md"),
        (&format!("{p}license-files=['L*']"), "base/p/pyproject.toml: a licence file is missing: base/p/L*"),
        (
            &format!("{p}dynamic=['dependencies']"),
            "base/p/pyproject.toml: `dependencies` are dynamic and in no file, so they are not known before the build",
        ),
        (
            &format!("{p}[tool.setuptools.packages.find]\nwhere=['lib']"),
            "base/p/pyproject.toml: `where` of [tool.setuptools.packages.find] is missing: base/p/lib",
        ),
        (
            &format!("{p}[tool.setuptools]\npackages=['a.b']"),
            "base/p/pyproject.toml: a package of [tool.setuptools] is missing: base/p/a/b",
        ),
        (
            &format!("{p}[tool.setuptools.dynamic]\nversion={{file='V'}}"),
            "base/p/pyproject.toml: a file of [tool.setuptools.dynamic] is missing: base/p/V",
        ),
        (
            &format!("{p}readme='../../../R.md'"),
            "base/p/pyproject.toml: `../../../R.md` leaves the repository",
        ),
        (
            &format!("{p}dependencies=['a b']"),
            "base/p/pyproject.toml: `a b` is not a requirement: a version specifier, `@` or `;` is expected behind the name",
        ),
        (
            &format!("{p}dependencies=['a @ https://u:pw@h/a.whl']"),
            "base/p/pyproject.toml: `a @ https://…@h/a.whl` holds credentials (not shown), which would be readable in the image",
        ),
        (
            &format!("{p}dynamic=['version']\n[build-system]\nrequires=['setuptools_scm']"),
            "base/p/pyproject.toml: the version is taken from git, which is not there when the image is built",
        ),
        (
            &format!("{HATCH}{p}dynamic=['version']\n[tool.hatch.version]\nsource='vcs'"),
            "base/p/pyproject.toml: the version is taken from git, which is not there when the image is built",
        ),
        (&format!("{HATCH}{p}"), "base/p/pyproject.toml: no package or module `p` to put into the wheel"),
        (
            &format!("{HATCH}{p}[tool.hatch.build.targets.wheel]\nforce-include={{'m.bin'='m'}}"),
            "base/p/pyproject.toml: `force-include` of the wheel is missing: base/p/m.bin",
        ),
    ] {
        assert_eq!(fails(text, &[]), expected);
    }
    let outside = parse(&format!("{p}readme='/R.md'"), &[]).unwrap_err();
    assert!(matches!(&outside, ProjectError::Path { source: RepoPathError::Absolute(_), .. }));
    assert_eq!(outside.hint().as_deref(), Some("only files of the repository can be inputs: move it there"));
}

#[test]
fn a_git_version_with_a_fallback_is_taken() {
    for text in [
        "[tool.setuptools_scm]\nfallback_version='1'",
        "[tool.setuptools_scm]\n[tool.setuptools.dynamic]\nversion={attr='p.V'}",
    ] {
        parse(&format!("[project]\nname='p'\ndynamic=['version']\n{text}"), &[]).unwrap();
    }
}

#[test]
fn a_package_leaves_out_junk_and_nothing_else() {
    let exclude = JUNK.iter().chain(PACKAGE_JUNK).map(|&pattern| pattern.to_owned()).collect();
    let path = |text: &str| RepoPath::new(text).unwrap();
    let list = AllowList::new(&[Source::Tree(Tree { path: path("p"), exclude, folders: false })]).unwrap();
    for out in [
        "p/__pycache__/a.pyc",
        "p/x/a.pyc",
        "p/x/.env",
        "p/.env.local",
        "p/.venv/bin/python",
        "p/x/venv/pyvenv.cfg",
        "p/x/node_modules/y/index.js",
        "p/tests/test_a.py",
        "p/x/tests/a",
        "p/dist/p.whl",
        "p/p.egg-info/PKG-INFO",
        "p/a.py~",
        "p/.a.py.swp",
        "p/.#a.py",
        "p/#a.py#",
        "p/.git/HEAD",
        "p/.DS_Store",
    ] {
        assert!(!list.includes(&path(out)), "{out}");
    }
    for included in
        ["p/pyproject.toml", "p/p/__init__.py", "p/p/environment.py", "p/p/build/a.py", "p/p/py.typed"]
    {
        assert!(list.includes(&path(included)), "{included}");
    }
}
