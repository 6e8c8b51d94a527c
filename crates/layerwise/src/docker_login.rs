//! A login for one registry in a Docker configuration of its own, for as long as a run goes on. Everything else in it is the
//! user's, whose own files are only read.

use std::io;
use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rustix::process::{Pid, test_kill_process};
use serde_json::{Value, json};

use crate::cloud::Login;
use crate::process::Env;

/// A folder for `DOCKER_CONFIG`; deleted when dropped.
#[derive(Debug)]
pub struct DockerLogin {
    folder: Utf8PathBuf,
}

impl DockerLogin {
    /// The configuration that `env` says, with `login` for `host`, in a folder below `work` that only the user can read.
    /// What a killed run left there is deleted.
    ///
    /// # Errors
    /// Any error of the file system, and a configuration that is none; both name the path.
    pub fn new(work: &Utf8Path, env: &Env, host: &str, login: &Login) -> io::Result<Self> {
        let all = work.join("docker");
        fs::create_dir_all(&all)?;
        sweep(&all)?;
        let folder = all.join(std::process::id().to_string());
        remove(&folder)?;
        fs::create_dir(&folder)?;
        // From here on it is deleted, whatever happens.
        let this = Self { folder };
        fs::set_permissions(&this.folder, PermissionsExt::from_mode(0o700))?;
        let users = env.path("DOCKER_CONFIG").or_else(|| env.in_home(".docker"));
        let mut config = json!({});
        if let Some(users) = users.filter(|users| users.is_dir()) {
            let users = absolute(&users)?;
            config = this.take(&users)?;
        }
        let auth = BASE64_STANDARD.encode(format!("{}:{}", login.user, login.secret));
        config["auths"][host] = json!({ "auth": auth });
        // With a helper, which may be one for all registries, Docker would not look at the entry. An empty name is none.
        config["credHelpers"][host] = "".into();
        fs::write(this.folder.join("config.json"), format!("{config:#}\n"))?;
        Ok(this)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// Takes over what is in the user's folder: contexts, builders, plugins as they are, the configuration as it is read.
    fn take(&self, users: &Utf8Path) -> io::Result<Value> {
        let mut config = json!({});
        for entry in fs::read_dir(users)? {
            let entry = entry?;
            let path =
                Utf8PathBuf::from_path_buf(entry.path()).map_err(|_| io::ErrorKind::InvalidFilename)?;
            let name = path.file_name().unwrap_or_default();
            if name == "config.json" {
                // serde_json's own message could repeat a part of the text.
                let unreadable = |error: serde_json::Error| {
                    io::Error::other(format!(
                        "`{path}` is not Docker's configuration (line {})",
                        error.line()
                    ))
                };
                config = serde_json::from_str(&fs::read_to_string(&path)?).map_err(unreadable)?;
            } else {
                fs::os::unix::fs::symlink(&path, self.folder.join(name))?;
            }
        }
        for part in ["auths", "credHelpers"] {
            if !config[part].is_object() {
                config[part] = json!({});
            }
        }
        Ok(config)
    }
}

impl Drop for DockerLogin {
    fn drop(&mut self) {
        // The next run tries again.
        let _ = remove(&self.folder);
    }
}

/// Deletes what runs that are no more have left.
fn sweep(all: &Utf8Path) -> io::Result<()> {
    for entry in fs::read_dir(all)? {
        let entry = entry?;
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| Pid::from_raw(name.parse().ok()?));
        if pid.is_some_and(|pid| test_kill_process(pid).is_err()) {
            remove(&all.join(name.to_string_lossy().as_ref()))?;
        }
    }
    Ok(())
}

/// The links in it go, what they lead to stays.
fn remove(folder: &Utf8Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn absolute(path: &Utf8Path) -> io::Result<Utf8PathBuf> {
    let path = fs::canonicalize(path)?;
    Utf8PathBuf::from_path_buf(path).map_err(|_| io::ErrorKind::InvalidFilename.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

    struct Place {
        _guard: tempfile::TempDir,
        users: Utf8PathBuf,
        work: Utf8PathBuf,
    }

    impl Place {
        fn new(config: &str) -> Self {
            let guard = tempfile::tempdir().unwrap();
            let folder = Utf8PathBuf::from_path_buf(guard.path().to_owned()).unwrap();
            let (users, work) = (folder.join("users"), folder.join("work"));
            fs::create_dir_all(users.join("contexts")).unwrap();
            fs::write(users.join("contexts/one"), "mine").unwrap();
            fs::write(users.join("config.json"), config).unwrap();
            Self { _guard: guard, users, work }
        }

        fn login(&self) -> io::Result<DockerLogin> {
            let login = Login { user: "AWS".to_owned(), secret: "token".to_owned() };
            let env = Env::from_iter([("DOCKER_CONFIG", self.users.as_str())]);
            DockerLogin::new(&self.work, &env, HOST, &login)
        }
    }

    #[test]
    fn the_login_is_added_to_what_the_user_has() {
        let config =
            r#"{"credsStore": "desktop", "auths": {"other.io": {"auth": "eDp5"}}, "currentContext": "one"}"#;
        let place = Place::new(config);
        let login = place.login().unwrap();
        let written = fs::read_to_string(login.folder().join("config.json")).unwrap();
        let written: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(written["auths"][HOST]["auth"], "QVdTOnRva2Vu");
        assert_eq!(written["credHelpers"][HOST], "", "no helper is asked for it");
        assert_eq!((&written["credsStore"], &written["currentContext"]), (&json!("desktop"), &json!("one")));
        assert_eq!(written["auths"]["other.io"]["auth"], "eDp5");
        assert_eq!(fs::read_to_string(login.folder().join("contexts/one")).unwrap(), "mine");
        let mode = fs::metadata(login.folder()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);

        let folder = login.folder().to_owned();
        drop(login);
        assert!(!folder.exists());
        assert_eq!(fs::read_to_string(place.users.join("config.json")).unwrap(), config);
        assert_eq!(fs::read_to_string(place.users.join("contexts/one")).unwrap(), "mine");
    }

    #[test]
    fn what_a_killed_run_left_is_deleted_and_what_runs_is_not() {
        let place = Place::new("{}");
        // No process has the largest number that a pid can be; who started us runs, and is the same user's.
        let parent = rustix::process::getppid().unwrap().as_raw_nonzero();
        let (killed, running) =
            (place.work.join("docker/2147483647"), place.work.join(format!("docker/{parent}")));
        fs::create_dir_all(&killed).unwrap();
        fs::create_dir_all(&running).unwrap();
        let _login = place.login().unwrap();
        assert!(!killed.exists() && running.exists());
    }

    #[test]
    fn a_broken_configuration_is_named_and_not_repeated() {
        let place = Place::new("{\"auths\": hunter2");
        let error = place.login().unwrap_err().to_string();
        assert!(error.contains("config.json") && !error.contains("hunter2"), "{error}");
        assert_eq!(fs::read_dir(place.work.join("docker")).unwrap().count(), 0, "nothing is left");
    }
}
