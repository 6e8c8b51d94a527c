//! Tests of `dockerignore`.

use proptest::prelude::*;

use super::*;
use crate::inputs::{Source, Tree};

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

#[test]
fn every_row_of_the_table_holds() {
    let rows = include_str!("table.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for row in rows {
        let mut fields = row.split('\t');
        let (expected, file) = (fields.next().unwrap(), fields.next().unwrap());
        let text = fields.collect::<Vec<_>>().join("\n");
        let included = Patterns::parse(&text).unwrap().includes(&path(file));
        assert_eq!(if included { "in" } else { "out" }, expected, "{row}");
    }
}

#[test]
fn a_line_without_a_meaning_is_refused() {
    let refused = |text: &str| Patterns::parse(text).unwrap_err().to_string();
    assert_eq!(refused("a\n!"), "line 2: `!`: nothing stands behind the `!`");
    assert_eq!(refused("! "), "line 1: `! `: nothing stands behind the `!`");
    assert_eq!(refused("!/"), "line 1: `!/`: nothing stands behind the `!`");
    for set in ["[", "[]", "[]a]", "[^]", "[-]", "[-a]", "[a-]", "[a", "[a-b-c]", "[b-a]", "a["] {
        assert!(
            refused(set).ends_with("the set is not closed, is empty, or has a range without an end"),
            "{set}"
        );
    }
    assert_eq!(refused("a\\"), "line 1: `a\\`: nothing stands behind the `\\`");
    assert_eq!(refused("a\\ "), "line 1: `a\\ `: nothing stands behind the `\\`");
    for accident in [r"\d", r"a\b", r"\é", r"[\d]", "[*]", "[?]", "[[:alpha:]]", "a|b*", "a^b*", "a{2}*"] {
        assert!(refused(accident).contains("operator of a regular expression"), "{accident}");
    }
}

#[test]
fn a_pathological_pattern_takes_no_longer_than_another() {
    let text = "*a".repeat(40) + "b";
    assert!(Patterns::parse(&text).unwrap().includes(&path(&"a".repeat(4000))));
    let text = "**/a/".repeat(20) + "b";
    assert!(Patterns::parse(&text).unwrap().includes(&path(&"a/".repeat(500))));
}

fn file(text: &str) -> Source {
    Source::File(path(text))
}

fn tree(text: &str, exclude: &[&str]) -> Source {
    let exclude = exclude.iter().map(|&pattern| pattern.to_owned()).collect();
    Source::Tree(Tree { path: path(text), exclude, folders: false })
}

/// The rendered lines, without the header.
#[track_caller]
fn lines(sources: &[Source]) -> Vec<String> {
    AllowList::new(sources).unwrap().text().lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn an_allow_list_is_everything_out_and_the_sources_in() {
    assert_eq!(lines(&[file("b"), file("a/x.py"), file("b")]), ["*", "!a/x.py", "!b"]);
    assert_eq!(lines(&[tree("a", &["**/tests", "*.md"])]), ["*", "!a", "a/**/tests", "a/*.md"]);
    assert_eq!(lines(&[file("a/t/x"), tree("a", &["t"])]), ["*", "!a", "a/t", "!a/t/x"]);
    assert_eq!(lines(&[tree("a/v/b", &[]), tree("a", &["v"])]), ["*", "!a", "a/v", "a/v/b", "!a/v/b"]);
    assert_eq!(lines(&[tree("", &["#a", "v"]), tree("v/b", &["x"])]), ["/#a", "/v", "v/b", "!v/b", "v/b/x"]);
    assert_eq!(lines(&[tree("a", &["x", "y"]), tree("a", &["y", "z"])]), ["*", "!a", "a/y"]);
    assert_eq!(AllowList::new([]).unwrap().text().lines().last(), Some("*"));
}

#[test]
fn names_are_escaped_only_where_they_must_be() {
    assert_eq!(lines(&[file("a|b^{1}$ (c).py")]), ["*", "!a|b^{1}$ (c).py"]);
    assert_eq!(lines(&[file("[id]^.py")]), ["*", r"!\[id\]\^.py"]);
    assert_eq!(lines(&[file(" a\u{a0}"), file("!b"), file("#c")]), ["*", "![ ]a[\u{a0}]", "!!b", "!#c"]);
    assert_eq!(lines(&[tree("#c", &["x"]), tree("!d", &["y"])]), ["*", "!!d", r"\!d/y", "!#c", r"\#c/x"]);
}

#[test]
fn a_pattern_of_a_tree_only_leaves_out_what_is_in_the_tree() {
    let refused = |pattern: &str| AllowList::new(&[tree("a", &[pattern])]).unwrap_err().to_string();
    assert_eq!(refused("!x"), "`a` leaves out `!x`: an exception lets something in");
    assert_eq!(refused("/!x"), "`a` leaves out `/!x`: an exception lets something in");
    assert_eq!(refused("../x"), "`a` leaves out `../x`: the pattern reaches out of the folder");
    assert_eq!(refused("x/.."), "`a` leaves out `x/..`: that is the whole folder");
    assert_eq!(refused(" "), "`a` leaves out ` `: that is the whole folder");
    assert_eq!(refused("a\nb"), "`a` leaves out `a\nb`: the pattern holds a control character");
    assert_eq!(
        refused("[a"),
        "`a` leaves out `[a`: the set is not closed, is empty, or has a range without an end"
    );
}

#[test]
fn an_operator_is_refused_where_docker_would_read_one() {
    // Behind a plain path Docker compares texts, behind an escaped one it does not.
    assert_eq!(lines(&[tree("a", &["{2}x", "b|c"])]), ["*", "!a", "a/b|c", "a/{2}x"]);
    let refused = AllowList::new(&[tree("!a", &["{2}x"])]).unwrap_err();
    assert!(refused.to_string().ends_with("operator of a regular expression"), "{refused}");
}

/// Paths of up to four parts, from names among which are those that a pattern would misread.
fn some_path() -> impl Strategy<Value = RepoPath> {
    let names =
        prop::sample::select(vec!["a", "b", "tests", "x*y", "[a]", " a", "b ", "!a", "#a", "a|^{2}", "é\\"]);
    prop::collection::vec(names, 1..=4).prop_map(|parts| path(&parts.join("/")))
}

fn some_source() -> impl Strategy<Value = Source> {
    let patterns = ["**/tests", "tests", "a", "*/b", "**/a*", "**", "b/**", "#a", "[ab]", "?", "**a"];
    let exclude = prop::collection::vec(prop::sample::select(patterns.to_vec()), 0..3);
    let folder = prop_oneof![9 => some_path(), 1 => Just(RepoPath::root())];
    prop_oneof![
        some_path().prop_map(Source::File),
        (folder, exclude).prop_map(|(folder, exclude)| tree(folder.as_str(), &exclude)),
    ]
}

/// What the documentation of [`AllowList`] says, one tree at a time.
fn promised(sources: &[Source], path: &RepoPath) -> bool {
    let trees = sources.iter().filter_map(|source| match source {
        Source::Tree(tree) if path.is_within(&tree.path) => Some(tree),
        _ => None,
    });
    let innermost = trees.clone().map(|tree| &tree.path).max_by_key(|path| path.as_str().len());
    let left_in = innermost.is_some_and(|folder| {
        let same: Vec<_> = trees.filter(|tree| tree.path == *folder).collect();
        let exclude =
            same[0].exclude.iter().filter(|pattern| same.iter().all(|tree| tree.exclude.contains(pattern)));
        // A stand-in for the folder's name, which is not this model's subject.
        let prefix = if folder.is_root() { "" } else { "folder/" };
        let rules: String = exclude.map(|pattern| format!("/{prefix}{pattern}\n")).collect();
        let below = RepoPath::new(format!("{prefix}{}", path.relative_to(folder).unwrap())).unwrap();
        Patterns::parse(&rules).unwrap().includes(&below)
    });
    left_in || sources.contains(&Source::File(path.clone()))
}

/// How BuildKit judges once more when the content of a file is asked for (`MatchesOrParentMatches`); where it disagrees with
/// the walk, the image gets an empty file.
fn opens(patterns: &Patterns, path: &RepoPath) -> bool {
    let folders = path.as_str().match_indices('/').map(|(at, _)| &path.as_str()[..at]);
    let all: Vec<_> = folders.chain([path.as_str()]).collect();
    patterns.patterns.iter().fold(true, |open, pattern| {
        let tried = pattern.exception != open && all.iter().any(|path| pattern.matches(path));
        if tried { pattern.exception } else { open }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_allow_list_holds_what_it_promises(
        sources in prop::collection::vec(some_source(), 0..6),
        paths in prop::collection::vec(some_path(), 20),
    ) {
        let list = AllowList::new(&sources).unwrap();
        let parsed = Patterns::parse(list.text()).unwrap();
        let declared_files = || sources.iter().filter_map(|source| match source {
            Source::File(file) => Some(file),
            Source::Tree(_) => None,
        });
        for path in paths.iter().chain(declared_files()) {
            // Nothing lies in a file.
            if declared_files().any(|file| file != path && path.is_within(file)) {
                continue;
            }
            let included = list.includes(path);
            prop_assert_eq!(included, promised(&sources, path), "{} by\n{}", path, list.text());
            prop_assert_eq!(included, parsed.includes(path), "{} by\n{}", path, list.text());
            prop_assert_eq!(included, opens(&parsed, path), "{} by\n{}", path, list.text());
        }
    }

    #[test]
    fn the_order_of_sources_does_not_matter(sources in prop::collection::vec(some_source(), 0..6).prop_shuffle()) {
        let mut sorted = sources.clone();
        sorted.sort();
        let text = |sources| AllowList::new(sources).unwrap().text().to_owned();
        prop_assert_eq!(text(&sources), text(&sorted));
    }

    #[test]
    fn builders_prune_unless_a_name_holds_a_wildcard(
        names in prop::collection::vec("[a-z$|(){}~!#é'\"-]([a-z. -]{0,4}[a-z])?(/[a-z]{1,3}){0,2}", 1..5),
    ) {
        let sources: Vec<_> = names.iter().map(|name| file(name)).collect();
        prop_assert!(!AllowList::new(&sources).unwrap().patterns().walks_everything);
    }
}
