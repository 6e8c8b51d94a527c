//! Tests of `scan`.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;

use camino::Utf8PathBuf;
use proptest::prelude::*;

use super::*;
use crate::dockerignore::AllowList;
use crate::inputs::{Entry, Tree};

struct Repo {
    _guard: tempfile::TempDir,
    root: Utf8PathBuf,
}

impl Repo {
    fn new(files: &[&str]) -> Self {
        let guard = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(guard.path().to_owned()).unwrap();
        let repo = Self { _guard: guard, root };
        files.iter().for_each(|path| repo.write(path));
        repo
    }

    /// Writes a file that holds its own path.
    fn write(&self, path: &str) {
        let file = self.root.join(path);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(file, path).unwrap();
        self.mode(path, 0o644);
    }

    fn link(&self, path: &str, target: &str) {
        symlink(target, self.root.join(path)).unwrap();
    }

    fn mode(&self, path: &str, mode: u32) {
        fs_err::set_permissions(self.root.join(path), PermissionsExt::from_mode(mode)).unwrap();
    }

    fn scan(&self, sources: &[Source]) -> Result<Scanned, Vec<Arc<ScanError>>> {
        let sources: Vec<_> = sources.iter().map(|source| (LayerClass::Handler, source.clone())).collect();
        scan(&self.root, &[Request { sources: &sources }]).remove(0)
    }

    /// The entries as texts: `path`, `path*` for an executable, `path -> target`, `path/`.
    #[track_caller]
    fn entries(&self, sources: &[Source]) -> Vec<String> {
        let scanned = self.scan(sources).unwrap();
        let entries = scanned.inputs.classes.values().flatten();
        entries
            .map(|(path, entry)| match entry {
                Entry::File { digest, executable } => {
                    assert_eq!(*digest, Digest::of(fs_err::read(path.on_disk(&self.root)).unwrap()));
                    format!("{path}{}", if *executable { "*" } else { "" })
                }
                Entry::Link { target } => format!("{path} -> {target}"),
                Entry::Folder => format!("{path}/"),
            })
            .collect()
    }

    #[track_caller]
    fn errors(&self, sources: &[Source]) -> Vec<String> {
        self.scan(sources).unwrap_err().iter().map(ToString::to_string).collect()
    }
}

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

fn file(text: &str) -> Source {
    Source::File(path(text))
}

fn tree(text: &str, exclude: &[&str]) -> Source {
    let exclude = exclude.iter().map(|&pattern| pattern.to_owned()).collect();
    Source::Tree(Tree { path: path(text), exclude, folders: false })
}

fn copied(text: &str) -> Source {
    Source::Tree(Tree { path: path(text), exclude: Arc::default(), folders: true })
}

#[test]
fn a_tree_is_what_its_patterns_leave() {
    let repo = Repo::new(&["a/x.py", "a/tests/t.py", "a/sub/y.py", "b/z.py"]);
    assert_eq!(repo.entries(&[tree("a", &["**/tests"])]), ["a/sub/y.py", "a/x.py"]);
    assert_eq!(
        repo.entries(&[copied("a")]),
        ["a/", "a/sub/", "a/sub/y.py", "a/tests/", "a/tests/t.py", "a/x.py"]
    );
    assert_eq!(repo.entries(&[tree("", &["a"])]), ["b/z.py"]);
}

#[test]
fn a_declared_file_is_taken_in_whatever_the_trees_say() {
    let repo = Repo::new(&["a/x.py", "a/tests/t.py", "a/tests/u.py"]);
    assert_eq!(repo.entries(&[tree("a", &["**/tests"]), file("a/tests/t.py")]), ["a/tests/t.py", "a/x.py"]);
}

#[test]
fn a_tree_in_a_folder_that_another_leaves_out_is_taken_in() {
    let repo = Repo::new(&["a/x", "a/venv/y", "a/venv/keep/z", "a/venv/keep/tests/t"]);
    let sources = [tree("a", &["venv", "**/tests"]), tree("a/venv/keep", &[])];
    assert_eq!(repo.entries(&sources), ["a/venv/keep/tests/t", "a/venv/keep/z", "a/x"]);
    let outer = Source::Tree(Tree { path: path("a"), exclude: Arc::new(["venv".into()]), folders: true });
    let inner = tree("a/venv/keep", &["tests"]);
    assert_eq!(repo.entries(&[outer, inner]), ["a/", "a/venv/", "a/venv/keep/", "a/venv/keep/z", "a/x"]);
}

#[test]
fn an_error_is_of_the_images_that_read_it_and_of_no_other() {
    let repo = Repo::new(&["good/x", "bad/x", "shared/y"]);
    repo.link("bad/outside", "../../elsewhere");
    let sources = |sources: &[Source]| -> Vec<_> {
        sources.iter().map(|source| (LayerClass::Handler, source.clone())).collect()
    };
    let images = [
        sources(&[tree("good", &[]), tree("shared", &[])]),
        sources(&[tree("bad", &[]), tree("shared", &[])]),
        sources(&[file("missing"), tree("bad", &[]), file("bad/x"), tree("shared", &["!y"])]),
        sources(&[tree("bad", &["outside"])]),
    ];
    let requests = images.each_ref().map(|sources| Request { sources });
    let scanned = scan(&repo.root, &requests).into_iter().map(|scanned| match scanned {
        Ok(_) => vec!["good".to_owned()],
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    });
    let outside = "the symbolic link `bad/outside` leaves the repository: it leads to `../../elsewhere`";
    let exception = "an exception lets something in";
    let found: Vec<Vec<String>> = scanned.collect();
    assert_eq!(found[..2], [vec!["good".to_owned()], vec![outside.to_owned()]]);
    assert_eq!(found[2].len(), 3, "{found:?}");
    assert!(found[2].iter().any(|error| error.contains(exception)), "{found:?}");
    assert_eq!(found[3], ["good"]);
}

#[test]
fn each_class_has_its_own_entries() {
    let repo = Repo::new(&["a/x", "b"]);
    let sources = [
        (LayerClass::Packages, tree("a", &[])),
        (LayerClass::Handler, file("b")),
        (LayerClass::Handler, file("a/x")),
    ];
    let scanned = scan(&repo.root, &[Request { sources: &sources }, Request { sources: &[] }]);
    let scanned: Vec<Scanned> = scanned.into_iter().map(Result::unwrap).collect();
    let paths = |class| scanned[0].inputs.classes[&class].keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(paths(LayerClass::Packages), ["a/x"]);
    assert_eq!(paths(LayerClass::Handler), ["a/x", "b"]);
    assert_eq!(scanned[1].inputs, InputManifest::default());
}

#[test]
fn of_a_mode_the_executable_bit_counts_and_the_rest_is_reported() {
    let repo = Repo::new(&["a/plain", "a/run", "a/group", "a/setuid", "a/b/x"]);
    repo.mode("a", 0o755);
    repo.mode("a/run", 0o755);
    repo.mode("a/group", 0o664);
    repo.mode("a/setuid", 0o4755);
    repo.mode("a/b", 0o775);
    assert_eq!(repo.entries(&[tree("a", &[])]), ["a/b/x", "a/group", "a/plain", "a/run*", "a/setuid*"]);
    let odd = repo.scan(&[tree("a", &[])]).unwrap().odd_modes;
    let expected = [("a/b", 0o775), ("a/group", 0o664), ("a/setuid", 0o4755)];
    assert_eq!(odd, expected.map(|(text, mode)| (path(text), mode)).into());
}

#[test]
fn in_a_tree_a_link_is_an_entry_and_is_not_followed() {
    let repo = Repo::new(&["a/x", "b/y"]);
    repo.link("a/file", "x");
    repo.link("a/folder", "../b");
    repo.link("a/nowhere", "gone");
    repo.link("a/itself", "itself");
    assert_eq!(
        repo.entries(&[tree("a", &[])]),
        ["a/file -> x", "a/folder -> ../b", "a/itself -> itself", "a/nowhere -> gone", "a/x"]
    );
}

#[test]
fn a_declared_link_counts_with_all_that_it_leads_over() {
    let repo = Repo::new(&["real/x.py"]);
    repo.link("folder", "real");
    repo.link("link.py", "./folder/x.py");
    assert_eq!(repo.entries(&[file("link.py")]), ["folder -> real", "link.py -> ./folder/x.py", "real/x.py"]);
    let followed = repo.scan(&[file("link.py")]).unwrap().followed;
    assert_eq!(followed, ["folder", "real/x.py"].map(path));
}

#[test]
fn a_declared_link_to_what_buildkit_takes_for_a_pattern_is_refused() {
    let repo = Repo::new(&["odd/[x].txt", "odd/a\\b", "odd/a*b?]", "[d]/f"]);
    repo.link("set", "odd/[x].txt");
    repo.link("escape", "odd/a\\b");
    repo.link("folder", "[d]");
    repo.link("star", "odd/a*b?]");
    assert_eq!(
        repo.errors(&[file("set"), file("escape"), file("folder/f"), file("star"), file("odd/[x].txt")]),
        [
            "the symbolic link `escape` leads to `odd/a\\b`, whose name BuildKit takes for a pattern",
            "the symbolic link `folder` leads to `[d]/f`, whose name BuildKit takes for a pattern",
            "the symbolic link `set` leads to `odd/[x].txt`, whose name BuildKit takes for a pattern",
        ]
    );
}

#[test]
fn a_link_that_leaves_the_repository_is_refused() {
    let repo = Repo::new(&["a/x"]);
    repo.link("a/absolute", "/etc/passwd");
    repo.link("a/up", "../../x");
    let expected = [
        "the symbolic link `a/absolute` leaves the repository: it leads to `/etc/passwd`",
        "the symbolic link `a/up` leaves the repository: it leads to `../../x`",
    ];
    assert_eq!(repo.errors(&[tree("a", &[])]), expected);
    assert_eq!(repo.errors(&[file("a/absolute"), file("a/up")]), expected);
    assert_eq!(repo.entries(&[tree("a", &["absolute", "up"])]), ["a/x"]);
}

#[test]
fn every_wrong_declaration_is_named_once() {
    let repo = Repo::new(&["a/x", "b/tests/t"]);
    fs_err::create_dir(repo.root.join("empty")).unwrap();
    repo.link("loop", "pool");
    repo.link("pool", "loop");
    repo.link("dangling", "a/gone");
    repo.link("to_a", "a");
    let files = ["gone", "gone", "a/x/y", "a", "to_a", "loop", "dangling"].map(file);
    let trees = [tree("gone", &[]), tree("a/x", &[]), tree("to_a", &[]), tree("b", &["[x"])];
    let endless = "n".repeat(300);
    assert_eq!(
        repo.errors(&[&files[..], &trees[..], &[file(&endless)]].concat()),
        [
            "`a/gone` does not exist: `dangling` leads there",
            "`a/x/y` does not exist",
            "`a/x` is a file, not a folder",
            "`a` is a folder",
            "`a` is a folder: `to_a` leads there",
            "`b` leaves out `[x`: the set is not closed, is empty, or has a range without an end",
            "`gone` does not exist",
            "`loop` is a symbolic link that leads back to itself",
            "`to_a` goes through the symbolic link `to_a`: the folder is `a`",
            &format!("cannot read `{endless}`: invalid filename"),
        ]
    );
    assert_eq!(
        repo.errors(&[tree("empty", &[])]),
        ["nothing is in `empty`, or its patterns leave out everything"]
    );
    assert_eq!(
        repo.errors(&[tree("b", &["**/tests"])]),
        ["nothing is in `b`, or its patterns leave out everything"]
    );
    assert_eq!(repo.entries(&[copied("empty")]), ["empty/"]);
}

#[test]
fn special_files_are_refused_without_being_opened() {
    let repo = Repo::new(&["a/x"]);
    // Opening it would wait for a writer for ever.
    assert!(duct::cmd!("mkfifo", repo.root.join("a/pipe").as_str()).run().is_ok());
    let _socket = std::os::unix::net::UnixListener::bind(repo.root.join("a/socket")).unwrap();
    assert_eq!(
        repo.errors(&[tree("a", &[]), file("a/pipe")]),
        [
            "`a/pipe` is a named pipe, which no image can hold",
            "`a/socket` is a socket, which no image can hold"
        ]
    );
    assert_eq!(repo.entries(&[tree("a", &["pipe", "socket"])]), ["a/x"]);
}

#[test]
fn names_that_no_ignore_file_can_hold_are_refused() {
    use std::os::unix::ffi::OsStrExt as _;
    let repo = Repo::new(&["a/x"]);
    for name in [&b"a\xff"[..], b"b\n"] {
        fs_err::write(repo.root.join("a").as_std_path().join(std::ffi::OsStr::from_bytes(name)), "").unwrap();
    }
    assert_eq!(
        repo.errors(&[tree("a", &[])]),
        ["\"a\u{fffd}\" in `a` is not UTF-8", "\"b\\n\" in `a` holds a control character"]
    );
    assert_eq!(repo.entries(&[tree("a", &["a?", "b?"])]), ["a/x"]);
}

#[test]
fn what_is_left_out_is_not_looked_at() {
    let repo = Repo::new(&["a/x", "a/venv/secret"]);
    repo.link("a/venv/link", "/etc");
    repo.mode("a/venv", 0o000);
    assert_eq!(repo.entries(&[tree("a", &["venv"])]), ["a/x"]);
    repo.mode("a/venv", 0o755);
}

/// A small repository and sources in it: files by name, folders by name with patterns.
fn some_repository() -> impl Strategy<Value = (Vec<String>, Vec<Source>)> {
    let names = prop::sample::select(vec!["a", "b", "ba", "tests", "x y", "[a]", "#ab", "!é"]);
    let files = prop::collection::btree_set(prop::collection::vec(names, 1..5), 1..12);
    files.prop_flat_map(|files| {
        // A path is a file only where no other path goes through it.
        let texts: Vec<_> = files.iter().map(|parts| parts.join("/")).collect();
        let is_file = |text: &String| !texts.iter().any(|other| other.starts_with(&format!("{text}/")));
        let files: Vec<_> = texts.iter().filter(|text| is_file(text)).cloned().collect();
        let folders: Vec<_> = files
            .iter()
            .filter_map(|text| path(text).parent())
            .map(|folder| folder.as_str().to_owned())
            .collect();
        let patterns = prop::sample::subsequence(
            vec![
                "**/tests", "a", "*/b", "**/a*", "[ab]", "**a", "**/ba", "b/**", "?", "#ab", "/tests/", "a|b",
            ],
            0..4,
        );
        let source = prop_oneof![
            prop::sample::select(files.clone()).prop_map(|text| file(&text)),
            (prop::sample::select(folders), patterns).prop_map(|(folder, exclude)| tree(&folder, &exclude)),
        ];
        (Just(files), prop::collection::vec(source, 1..4))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scan_finds_what_the_allow_list_lets_in((files, sources) in some_repository()) {
        let texts: Vec<_> = files.iter().map(String::as_str).collect();
        let repo = Repo::new(&texts);
        let Ok(list) = AllowList::new(&sources) else {
            prop_assert!(repo.scan(&sources).is_err_and(|errors| !errors.is_empty()));
            return Ok(());
        };
        let included: BTreeSet<_> = files.iter().map(|text| path(text)).filter(|path| list.includes(path)).collect();
        match repo.scan(&sources) {
            Ok(scanned) => {
                prop_assert_eq!(scanned.inputs.paths().into_iter().cloned().collect::<BTreeSet<_>>(), included);
            }
            Err(errors) => {
                let only_empty = errors.iter().all(|error| matches!(**error, ScanError::Empty { .. }));
                prop_assert!(only_empty, "{:?}", errors);
            }
        }
    }
}
