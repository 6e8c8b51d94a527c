//! Tests of `python::hatchling`.

use super::*;
use crate::python::project::tests::{HATCH, reads};

#[test]
fn layouts() {
    let wheel = "[tool.hatch.build.targets.wheel]\n";
    for (text, files, expected) in [
        ("", &["my_pkg/__init__.py", "src/my_pkg/__init__.py", "b/__init__.py"][..], "my_pkg/"),
        ("", &["src/my_pkg/__init__.py", "my_pkg.py"], "src/my_pkg/"),
        ("", &["src/My.Pkg/__init__.py"], "src/My.Pkg/"),
        ("", &["my_pkg.py", "x.py", ".gitignore"], ".gitignore my_pkg.py"),
        ("", &["ns/my_pkg/__init__.py"], "ns/"),
        (&format!("{wheel}packages=['src/a','b']"), &["src/a/x.py", "b/x.py", "c/x.py"], "b/ src/a/"),
        (&format!("{wheel}only-include=['a.py','d']"), &["a.py", "d/x", "e/x"], "a.py d/"),
        (
            &format!("{wheel}include=['/a/*.py','src/b']"),
            &["a/x.py", "a/y.txt", "src/b/z.py"],
            "a/x.py src/b/",
        ),
        (&format!("{wheel}include=['*.py']"), &["a/x.py"], "/"),
        (
            &format!("{wheel}packages=['a']\nartifacts=['a/gen.py','b/*.so']"),
            &["a/x.py", "b/c.so"],
            "a/ b/c.so",
        ),
        ("[tool.hatch.build]\npackages=['a']", &["a/x.py", "my_pkg/__init__.py"], "a/"),
        (
            &format!(
                "{wheel}packages=['a']\n[tool.hatch.build.targets.wheel.force-include]\n'data/m.bin'='a/m.bin'\n'../p2/d'='a/d'"
            ),
            &["a/x", "data/m.bin", "../p2/d/x"],
            "//base/p2/d/ a/ data/m.bin",
        ),
        (&format!("{wheel}shared-data={{'etc'='etc'}}\npackages=['a']"), &["a/x", "etc/x"], "a/ etc/"),
        (&format!("{wheel}bypass-selection=true"), &["a/x"], ""),
        (&format!("{wheel}packages=['a']\n[tool.hatch.build.hooks.custom]"), &["a/x", "hatch_build.py"], "/"),
        (&format!("{wheel}packages=['a']\n[tool.hatch.version]\npath='a/v.py'"), &["a/v.py"], "a/"),
        (
            &format!("{wheel}packages=['a']\n[tool.hatch.version]\npath='VERSION'"),
            &["a/v.py", "VERSION"],
            "VERSION a/",
        ),
    ] {
        assert_eq!(reads(&format!("{HATCH}[project]\nname='My.Pkg'\n{text}"), files), expected, "{text}");
    }
}

#[test]
fn names_become_modules() {
    for (name, expected) in
        [("my-pkg", &["my_pkg"][..]), ("My.Pkg", &["My.Pkg", "my_pkg"]), ("My--Pkg", &["My_Pkg", "my_pkg"])]
    {
        assert_eq!(module_names(name), expected);
    }
}
