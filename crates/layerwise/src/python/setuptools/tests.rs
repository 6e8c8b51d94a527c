//! Tests of `python::setuptools`.

use crate::python::project::tests::reads;

#[test]
fn layouts() {
    let find = "[tool.setuptools.packages.find]\n";
    let flat: &[&str] =
        &["a/__init__.py", "b/x.py", "docs/x.md", "a.py", "tests/t.py", "my.d/x", "env/pyvenv.cfg"];
    for (text, files, expected) in [
        // Automatic discovery.
        (
            "",
            &["src/a/__init__.py", "src/b/", "src/m.py", "src/x.txt", "c/__init__.py"][..],
            "src/a/ src/b/ src/m.py",
        ),
        ("", flat, "a/ b/"),
        ("", &["a.py", "setup.cfg.bak", "noxfile.py", "docs/x"], "a.py"),
        ("", &["a/x.py", "work/pyvenv.cfg"], "a/"),
        ("[tool.setuptools.package-dir]\n''='lib'", &["lib/a/__init__.py", "b/"], "lib/"),
        // Declared.
        ("[tool.setuptools]\npackages=['a','a.sub','b']", &["a/sub/x.py", "b/x.py", "c/x.py"], "a/ b/"),
        ("[tool.setuptools]\npackages=['a','a.tests']", &["a/tests/x.py"], "a/ a/tests/"),
        ("[tool.setuptools]\npackages=['a']\npackage-dir={''='src'}", &["src/a/x.py", "a/x.py"], "src/a/"),
        ("[tool.setuptools]\npackages=['a.b']\npackage-dir={a='lib'}", &["lib/b/x.py"], "lib/b/"),
        ("[tool.setuptools]\npy-modules=['a']", &["a.py", "b/x.py"], "a.py"),
        (&format!("{find}where=['src']"), &["src/a/x.py", "src/b/x.py", "c/x.py"], "src/a/ src/b/"),
        (
            &format!("{find}include=['a*','ns.x']"),
            &["a/x.py", "ab/x.py", "ns/x/y.py", "c/x.py"],
            "a/ ab/ ns/",
        ),
        (&format!("{find}exclude=['b','c','c.*','d*']"), &["a/x", "b/x", "c/x", "d/x"], "a/ b/"),
        (&format!("{find}namespaces=false"), flat, "a/"),
        (
            "[tool.setuptools]\npackages=['a']\n[tool.setuptools.package-data]\na=['x/*.json','../shared/*.json']",
            &["a/x.py", "shared/s.json", "shared/t.txt"],
            "a/ shared/s.json",
        ),
        // Where code decides.
        ("[tool.setuptools]\npackages=['a']", &["a/x.py", "setup.py"], "/"),
        ("", &["a/x.py", "setup.cfg"], "/"),
        (
            "[tool.setuptools]\npackages=['a']",
            &["a/x.py", "setup.cfg", "MANIFEST.in"],
            "MANIFEST.in a/ setup.cfg",
        ),
        (
            "[tool.setuptools]\npackages=['a']\n[[tool.setuptools.ext-modules]]\nname='c'",
            &["a/x.py", "c.c"],
            "/",
        ),
        // Single files.
        (
            "[tool.setuptools]\npackages=[]\nscript-files=['bin/x']\ndata-files={'share'=['data/*.json','d.txt']}",
            &["bin/x", "data/a.json", "data/b.txt", "d.txt"],
            "bin/x d.txt data/a.json",
        ),
        (
            "[tool.setuptools]\npackages=[]\n[tool.setuptools.dynamic]\nversion={file='V'}\nreadme={file=['R','C']}",
            &["V", "R", "C"],
            "C R V",
        ),
        (
            "[tool.setuptools]\npackages=['a']\n[tool.setuptools.dynamic]\nversion={attr='about.VERSION'}",
            &["a/x.py", "about.py"],
            "a/ about.py",
        ),
    ] {
        assert_eq!(reads(text, files), expected, "{text}");
    }
}
