use std::os::unix::fs::{PermissionsExt, symlink};

use camino::Utf8PathBuf;

use super::*;
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
    }

    fn link(&self, path: &str, target: &str) {
        symlink(target, self.root.join(path)).unwrap();
    }

    fn mode(&self, path: &str, mode: u32) {
        fs_err::set_permissions(self.root.join(path), PermissionsExt::from_mode(mode)).unwrap();
    }

    fn scan(&self, sources: &[Source]) -> Result<Scanned, Vec<ScanError>> {
        let sources: Vec<_> = sources.iter().map(|source| (LayerClass::Handler, source.clone())).collect();
        scan(&self.root, &[Request { sources: &sources }]).map(|mut scanned| scanned.remove(0))
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
    Source::Tree(Tree { path: path(text), exclude: Vec::new(), folders: true })
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
