//! Which branch is built, for the cache of layers: what CI says, or else what git's own files say. Runs no git.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::process::Env;

/// Where a branch's name may stand, the first one first: ours, then GitHub's (of a pull request, of anything else), GitLab's,
/// Bitbucket's, Buildkite's.
const VARIABLES: [&str; 6] = [
    "LAYERWISE_BRANCH",
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_COMMIT_REF_NAME",
    "BITBUCKET_BRANCH",
    "BUILDKITE_BRANCH",
];

/// What the main branch is called when nothing says it.
const MAIN: &str = "main";

/// The branch that is built; `None` where nobody says it and git is on none.
pub fn current(root: &Utf8Path, env: &Env) -> Option<String> {
    let said = VARIABLES.iter().find_map(|name| env.get(name).filter(|value| !value.is_empty()));
    said.map(str::to_owned).or_else(|| named_by(&git_folder(root)?.join("HEAD"), "refs/heads/"))
}

/// The main branch: what a clone took from its origin.
pub fn main(root: &Utf8Path, env: &Env) -> String {
    let said = env.get("LAYERWISE_MAIN_BRANCH").filter(|value| !value.is_empty()).map(str::to_owned);
    let cloned = || named_by(&common_folder(root)?.join("refs/remotes/origin/HEAD"), "refs/remotes/origin/");
    said.or_else(cloned).unwrap_or_else(|| MAIN.to_owned())
}

/// The rest of a file that says `ref: ` and then what is below `folder`.
fn named_by(file: &Utf8Path, folder: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    Some(text.trim().strip_prefix("ref: ")?.strip_prefix(folder)?.to_owned())
}

/// git's folder of this checkout: `.git`, or where the file `.git` of a further worktree points to.
fn git_folder(root: &Utf8Path) -> Option<Utf8PathBuf> {
    let git = root.join(".git");
    match fs::read_to_string(&git) {
        Ok(text) => Some(root.join(text.trim().strip_prefix("gitdir: ")?)),
        Err(_) => git.is_dir().then_some(git),
    }
}

/// git's folder of all worktrees.
fn common_folder(root: &Utf8Path) -> Option<Utf8PathBuf> {
    let folder = git_folder(root)?;
    match fs::read_to_string(folder.join("commondir")) {
        Ok(text) => Some(folder.join(text.trim())),
        Err(_) => Some(folder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_env() -> Env {
        Env::from_iter([("HOME", "/nowhere")])
    }

    #[test]
    fn ci_says_it_or_else_git_does() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert_eq!((current(root, &no_env()), main(root, &no_env())), (None, "main".to_owned()));
        write("one/.git/HEAD", "ref: refs/heads/mend/it\n");
        write("one/.git/refs/remotes/origin/HEAD", "ref: refs/remotes/origin/trunk\n");
        write("one/.git/worktrees/two/HEAD", "ref: refs/heads/second\n");
        write("one/.git/worktrees/two/commondir", "../..\n");
        write("two/.git", "gitdir: ../one/.git/worktrees/two\n");
        let of = |checkout: &str| {
            (current(&root.join(checkout), &no_env()), main(&root.join(checkout), &no_env()))
        };
        assert_eq!(of("one"), (Some("mend/it".to_owned()), "trunk".to_owned()));
        assert_eq!(of("two"), (Some("second".to_owned()), "trunk".to_owned()));
        write("one/.git/HEAD", "4b825dc642cb6eb9a060e54bf8d69288fbee4904\n");
        assert_eq!(of("one").0, None);
        let pull_request = Env::from_iter([("GITHUB_HEAD_REF", ""), ("GITHUB_REF_NAME", "release")]);
        assert_eq!(current(&root.join("two"), &pull_request), Some("release".to_owned()));
    }
}
