//! Where the repository is: what was typed, what the environment says, or the nearest folder that looks like one.

use camino::{Utf8Path, Utf8PathBuf};

/// Why there is no root.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Neither typed nor found.
    #[error(
        "no repository here: neither `{from}` nor a folder above it holds `.git` or a Cargo alias `xtask`"
    )]
    NotFound {
        /// Where the search began.
        from: Utf8PathBuf,
    },
    /// Said, but not there.
    #[error("the repository's root `{path}` is not a folder")]
    NoFolder {
        /// What was said.
        path: Utf8PathBuf,
    },
}

/// Finds the root: `said` (a flag or a variable), seen from `folder`; else the nearest folder from `folder` upwards
/// that is one.
///
/// # Errors
/// [`RootError`].
pub fn find(said: Option<&Utf8Path>, folder: &Utf8Path) -> Result<Utf8PathBuf, RootError> {
    let Some(said) = said else {
        let found = folder.ancestors().find(|ancestor| is_root(ancestor));
        return found.map(Utf8Path::to_owned).ok_or_else(|| RootError::NotFound { from: folder.to_owned() });
    };
    // As the file system sees it: what is compared with it later must not differ by a link or a `..`.
    folder
        .join(said)
        .canonicalize_utf8()
        .ok()
        .filter(|path| path.is_dir())
        .ok_or_else(|| RootError::NoFolder { path: said.to_owned() })
}

fn is_root(folder: &Utf8Path) -> bool {
    folder.join(".git").exists()
        || fs_err::read_to_string(folder.join(".cargo/config.toml"))
            .is_ok_and(|config| config.lines().any(|line| line.trim_start().starts_with("xtask")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_found_from_anywhere_inside() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::from_path_buf(guard.path().canonicalize().unwrap()).unwrap();
        let inner = folder.join("repo/lambdas/ping");
        fs_err::create_dir_all(&inner).unwrap();
        fs_err::create_dir_all(folder.join("repo/.cargo")).unwrap();
        fs_err::write(folder.join("repo/.cargo/config.toml"), "[alias]\nxtask = \"run\"\n").unwrap();
        assert_eq!(find(None, &inner).unwrap(), folder.join("repo"));
        fs_err::create_dir(folder.join("repo/lambdas/.git")).unwrap();
        assert_eq!(find(None, &inner).unwrap(), folder.join("repo/lambdas"));
        assert_eq!(find(Some("../..".into()), &inner).unwrap(), folder.join("repo"));
        assert!(matches!(find(Some("nowhere".into()), &inner), Err(RootError::NoFolder { .. })));
    }
}
