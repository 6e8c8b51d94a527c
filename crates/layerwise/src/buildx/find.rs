//! Where `docker-buildx` is. Looks, never runs anything.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use serde::Deserialize;

use crate::process::Env;

const PROGRAM: &str = "docker-buildx";

/// Where packages put Docker's plugins: the
/// [CLI's own list](https://github.com/docker/cli/blob/master/cli-plugins/manager/manager_unix.go), then Homebrew's and
/// Docker Desktop's.
const SYSTEM: [&str; 6] = [
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
    "/opt/homebrew/lib/docker/cli-plugins",
    "/Applications/Docker.app/Contents/Resources/cli-plugins",
];

/// There is no `docker-buildx`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// The path that was set holds no program.
    #[error("there is no program at `{0}`, where docker-buildx should be")]
    NotThere(Utf8PathBuf),
    /// It is in none of the usual places.
    #[error("docker-buildx is not found in {} or PATH", .0.iter().map(|place| format!("`{place}`")).collect::<Vec<_>>().join(", "))]
    Nowhere(Vec<Utf8PathBuf>),
}

impl FindError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotThere(_) => "correct the path, or leave it out to have the usual places searched",
            Self::Nowhere(_) => {
                "install Docker's buildx plugin (package docker-buildx or docker-buildx-plugin)"
            }
        }
    }
}

/// The `docker-buildx` to use: `explicit`, else as the `docker` CLI finds its plugins, else from `PATH`.
///
/// # Errors
/// [`FindError`], with the places that were searched.
pub fn find(explicit: Option<&Utf8Path>, env: &Env) -> Result<Utf8PathBuf, FindError> {
    if let Some(path) = explicit {
        let found = is_program(path).then(|| path.to_owned());
        return found.ok_or_else(|| FindError::NotThere(path.to_owned()));
    }
    let places = plugin_folders(env);
    let path: Vec<_> = env.get("PATH").unwrap_or_default().split(':').map(Utf8PathBuf::from).collect();
    let mut programs = places.iter().chain(&path).map(|folder| folder.join(PROGRAM));
    programs.find(|program| is_program(program)).ok_or_else(|| FindError::Nowhere(places.clone()))
}

fn plugin_folders(env: &Env) -> Vec<Utf8PathBuf> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Config {
        cli_plugins_extra_dirs: Vec<Utf8PathBuf>,
    }
    let mut folders = Vec::new();
    let home = env.in_home(".docker");
    if let Some(config) = env.path("DOCKER_CONFIG").or(home.clone()) {
        let text = fs::read_to_string(config.join("config.json")).unwrap_or_default();
        folders.extend(serde_json::from_str::<Config>(&text).unwrap_or_default().cli_plugins_extra_dirs);
        folders.push(config.join("cli-plugins"));
    }
    folders.extend(home.map(|home| home.join("cli-plugins")));
    folders.extend(SYSTEM.map(Utf8PathBuf::from));
    folders.dedup();
    folders
}

fn is_program(path: &Utf8Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn program(path: &Utf8Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_order_is_that_of_the_docker_cli() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let env = Env::from_iter([
            ("DOCKER_CONFIG", root.join("config").to_string()),
            ("HOME", root.join("home").to_string()),
            ("PATH", format!("/nowhere:{}", root.join("bin"))),
        ]);
        let expect = |place: &str| assert_eq!(find(None, &env).unwrap(), root.join(place).join(PROGRAM));
        // A folder and a file without the executable bit are no programs.
        fs::create_dir_all(root.join("config/cli-plugins").join(PROGRAM)).unwrap();
        program(&root.join("bin").join(PROGRAM));
        if !SYSTEM.iter().any(|place| is_program(&Utf8Path::new(place).join(PROGRAM))) {
            expect("bin");
        }
        program(&root.join("home/.docker/cli-plugins").join(PROGRAM));
        expect("home/.docker/cli-plugins");
        program(&root.join("extra").join(PROGRAM));
        let config = format!(r#"{{"cliPluginsExtraDirs": ["{}"]}}"#, root.join("extra"));
        fs::write(root.join("config/config.json"), config).unwrap();
        expect("extra");
        assert_eq!(
            find(Some(&root.join("bin").join(PROGRAM)), &env).unwrap(),
            root.join("bin").join(PROGRAM)
        );
        assert!(matches!(find(Some(&root.join("bin")), &env), Err(FindError::NotThere(_))));
    }
}
