//! Tests of `python::handler::definitions`.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn names(source: &str) -> String {
    Definitions::of(source).names().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_defines_a_name() {
    for (source, expected) in [
        ("def f(a, b=1):\n    x = 1\n", "f"),
        ("async  def f ():\n  pass", "f"),
        ("@decorator(x=1)\ndef f(): return 1", "f"),
        ("class A(B):\n    def m(self): pass\n    y = 2\n", "A"),
        ("f = app.handler", "f"),
        ("f: Callable[[int], str] = g", "f"),
        ("f: int", ""),
        ("a = f = g(x=1)", "a f"),
        ("a, (b, *c) = d", "a b c"),
        ("a == b; c != d; e <= f; g += 1; x.y = 1; z[0] = 1", ""),
        ("a = 1; f = 2", "a f"),
        ("print(f=1)", ""),
        ("from x import f", "f"),
        ("from .x import a as f, b", "b f"),
        ("from x import (\n    a,  # first\n    f as g,\n)\n", "a g"),
        ("from x import a, \\\n    f\n", "a f"),
        ("from importlib import f", "f"),
        ("from .import_me import(f)", "f"),
        ("from.import f", "f"),
        ("import x.y as f, os.path", "f os"),
        ("if x:\n    def f(): pass\nelse:\n    from y import g\n", "f g"),
        ("try:\n    import f\nexcept ImportError:\n    f = None\n", "f"),
        ("if x: f = 1", "f"),
        ("if x[{'a': 1}['a']]: f = lambda: 1\nelse: g = 2", "f g"),
        ("with a() as b:\n\tdef f(): pass\n", "f"),
        ("if x:\n\n    # note\n  # odd\n    def f(): pass", "f"),
        ("f = lambda x: x", "f"),
        ("\u{feff}def f(): pass", "f"),
        ("def f(\r\n    a,\r\n):\r\n    pass\r\ng = 1\r\n", "f g"),
        ("def größe(): pass", "größe"),
    ] {
        assert_eq!(names(source), expected, "{source}");
    }
}

#[test]
fn what_only_looks_like_it() {
    for (source, expected) in [
        ("# def f(): pass\n", ""),
        ("\"\"\"\ndef f(): pass\n\"\"\"\ng = 1", "g"),
        ("'''it's \\''' \ndef f(): pass\n'''", ""),
        ("x = '# not a comment'; y = 1", "x y"),
        ("x = 'it\\'s'; y = 1", "x y"),
        ("x = \"\"; y = ''; z = r'\\'", "x y z"),
        ("x = f'{a[\"b\"]}'\ny = 1", "x y"),
        ("def g():\n    def f(): pass\n    h = 1\n", "g"),
        ("def g():\n    if x:\n        f = 1\n    return f\nh = 1", "g h"),
        ("class A: f = 1; g = 2\nh = 3", "A h"),
        ("x = dict(\nf = 1,\n)\n", "x"),
        ("text = '''\n'''; f = 1", "f text"),
        ("definition = 1\nclassic = 2\nimporter = 3\nfrom_ = 4", "classic definition from_ importer"),
        ("iffy = 1\nwith_it: int = 2\nfor_ = 3", "for_ iffy with_it"),
    ] {
        assert_eq!(names(source), expected, "{source}");
    }
}

#[test]
fn a_module_that_may_define_more_is_open() {
    for source in ["from x import *", "from x import (*)", "def __getattr__(name):\n    return 1"] {
        assert!(Definitions::of(source).has("anything"), "{source}");
    }
    assert!(!Definitions::of("def g():\n    from x import y\n").has("anything"));
}

#[test]
fn an_unfinished_source_ends() {
    for source in ["'''", "\"", "(", "x = (", "\\", "def", "class ", "from", "import ", "a = '\\", "é'", "if"]
    {
        Definitions::of(source);
    }
}

proptest! {
    #[test]
    fn any_text_is_read(source in "[a-c='\"#\\\\\n\t ()\\[:;,é]{0,60}|.{0,40}") {
        Definitions::of(&source);
    }

    #[test]
    fn what_a_string_or_a_comment_holds_is_not_seen(text in "[a-z =:()\n]{0,40}") {
        let source = format!("\"\"\"{text}\"\"\"\n# {}\nf = 1", text.replace('\n', " "));
        prop_assert_eq!(names(&source), "f");
    }
}
