//! Credentials for registries, from where `docker login` keeps them. Reads `config.json` and asks credential helpers;
//! writes nothing and shows nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use camino::Utf8PathBuf;
use fs_err as fs;
use serde::Deserialize;

use crate::process::{Cancel, Command, Env, ProcessError};

/// Docker Hub's key in Docker's files, of the time of its first API.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";
/// A helper may ask a cloud, or a person's keychain.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is known for one registry. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing: the registry may still let us read.
    None,
    /// A user and a password or token.
    Basic {
        /// The user.
        user: String,
        /// The password.
        secret: String,
    },
    /// A refresh token for the registry's token server.
    IdentityToken(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic",
            Self::IdentityToken(_) => "IdentityToken",
        })
    }
}

/// Docker's configuration, as far as it is about credentials.
pub struct DockerConfig {
    file: Config,
    folder: Option<Utf8PathBuf>,
    /// Where helpers are looked for.
    path: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    auths: BTreeMap<String, Auth>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: String,
    identitytoken: String,
}

impl DockerConfig {
    /// Reads `config.json` from `DOCKER_CONFIG` or `~/.docker`. A missing file is an empty one.
    ///
    /// # Errors
    /// What is wrong with the file; it names the path and holds nothing of its content.
    pub fn read(env: &Env) -> Result<Self, String> {
        let folder = env.path("DOCKER_CONFIG").or_else(|| env.in_home(".docker"));
        let text = match folder.as_ref().map(|folder| fs::read_to_string(folder.join("config.json"))) {
            None => "{}".to_owned(),
            Some(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => "{}".to_owned(),
            Some(Err(error)) => return Err(error.to_string()),
            Some(Ok(text)) => text,
        };
        // serde_json's own message could repeat a part of the text.
        let place = folder.as_ref().map(|folder| folder.join("config.json")).unwrap_or_default();
        let file = serde_json::from_str(&text)
            .map_err(|error| format!("`{place}` is not Docker's configuration (line {})", error.line()))?;
        Ok(Self { file, folder, path: env.get("PATH").unwrap_or_default().to_owned() })
    }

    /// What is known for the registry `host`: from its own helper, else from the store for all, else from the file.
    ///
    /// # Errors
    /// What the helper said, when it could not tell.
    pub fn credentials(&self, host: &str) -> Result<Credentials, String> {
        let key = if is_docker_hub(host) { DOCKER_HUB } else { host };
        let helper = self.file.cred_helpers.get(host).or(self.file.creds_store.as_ref());
        if let Some(helper) = helper.filter(|helper| !helper.is_empty()) {
            let found = self.ask(helper, key)?;
            if found != Credentials::None {
                return Ok(found);
            }
        }
        let same = |written: &&String| written.as_str() == key || host_of(written) == host_of(key);
        match self.file.auths.keys().find(same).and_then(|written| self.file.auths.get(written)) {
            None => Ok(Credentials::None),
            Some(Auth { identitytoken, .. }) if !identitytoken.is_empty() => {
                Ok(Credentials::IdentityToken(identitytoken.clone()))
            }
            // With a helper in use the file holds empty entries.
            Some(Auth { auth, .. }) if auth.is_empty() => Ok(Credentials::None),
            Some(Auth { auth, .. }) => decode(auth)
                .ok_or_else(|| format!("the entry for {host} in Docker's configuration cannot be read")),
        }
    }

    /// The [protocol of the helpers](https://github.com/docker/docker-credential-helpers): the key on standard input,
    /// JSON on standard output.
    fn ask(&self, helper: &str, key: &str) -> Result<Credentials, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Answer {
            username: String,
            secret: String,
        }
        let program = format!("docker-credential-{helper}");
        let mut command = Command::new(program.as_str(), ".")
            .args(["get"])
            .stdin(key)
            .deadline(PATIENCE)
            .env("PATH", &self.path);
        if let Some(folder) = &self.folder {
            command = command.env("DOCKER_CONFIG", folder.as_str());
        }
        let output = match command.run(&Cancel::default()) {
            Ok(output) => output,
            // The helpers' own words for "I have none"; they write them to standard output.
            Err(ProcessError::Failed { said, .. }) if said.contains("credentials not found") => {
                return Ok(Credentials::None);
            }
            Err(error) => return Err(error.to_string()),
        };
        let answer: Answer = serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("`{program}` gave an answer that cannot be read"))?;
        Ok(match answer.username.as_str() {
            "<token>" => Credentials::IdentityToken(answer.secret),
            _ => Credentials::Basic { user: answer.username, secret: answer.secret },
        })
    }
}

/// Whether `host` is one of Docker Hub's names.
pub fn is_docker_hub(host: &str) -> bool {
    matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io")
}

fn host_of(key: &str) -> &str {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    key.split('/').next().unwrap_or(key)
}

fn decode(auth: &str) -> Option<Credentials> {
    let text = String::from_utf8(BASE64_STANDARD.decode(auth.trim()).ok()?).ok()?;
    let (user, secret) = text.trim_end_matches('\0').split_once(':')?;
    Some(Credentials::Basic { user: user.to_owned(), secret: secret.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A folder with this `config.json`, which is also the only one in which helpers are looked for.
    fn place(json: &str) -> (tempfile::TempDir, DockerConfig) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        fs::write(format!("{path}/config.json"), json).unwrap();
        let env = Env::from_iter([("DOCKER_CONFIG", path), ("PATH", path)]);
        let config = DockerConfig::read(&env).unwrap();
        (folder, config)
    }

    fn config(json: &str) -> DockerConfig {
        place(json).1
    }

    fn basic(user: &str, secret: &str) -> Result<Credentials, String> {
        Ok(Credentials::Basic { user: user.into(), secret: secret.into() })
    }

    #[test]
    fn entries_are_found_under_the_forms_that_docker_has_written() {
        let entry = format!(r#"{{"auth": "{}"}}"#, BASE64_STANDARD.encode("me:a:b"));
        for (written, host) in [
            ("localhost:5000", "localhost:5000"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("https://index.docker.io/v1/", "registry-1.docker.io"),
            ("https://r.example/v1/", "r.example"),
            ("http://r.example", "r.example"),
        ] {
            let config = config(&format!(r#"{{"auths": {{"{written}": {entry}}}}}"#));
            assert_eq!(config.credentials(host), basic("me", "a:b"), "{written}");
            assert_eq!(config.credentials("other.example"), Ok(Credentials::None));
        }
    }

    #[test]
    fn tokens_empty_entries_and_broken_ones() {
        let config = config(
            r#"{"auths": {"a.io": {"auth": "eDp5", "identitytoken": "t"}, "b.io": {}, "c.io": {"auth": "%"}}}"#,
        );
        assert_eq!(config.credentials("a.io"), Ok(Credentials::IdentityToken("t".into())));
        assert_eq!(config.credentials("b.io"), Ok(Credentials::None));
        assert!(config.credentials("c.io").unwrap_err().contains("c.io"));
    }

    #[test]
    fn a_helper_is_asked_by_its_protocol() {
        let (folder, config) = place(
            r#"{"credsStore": "all", "credHelpers": {"r.io": "none"}, "auths": {"f.io": {"auth": "eDp5"}, "a.io": {}}}"#,
        );
        let script = r#"#!/bin/sh
read key
case "$1 $key" in
  "get a.io") echo '{"ServerURL": "a.io", "Username": "u", "Secret": "s"}';;
  "get t.io") echo '{"ServerURL": "t.io", "Username": "<token>", "Secret": "s"}';;
  "get x.io") echo 'hunter2';;
  "get e.io") echo 'the keychain is locked'; exit 1;;
  *) echo 'credentials not found in native keychain'; exit 1;;
esac
"#;
        let program = folder.path().join("docker-credential-all");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(config.credentials("a.io"), basic("u", "s"));
        assert_eq!(config.credentials("t.io"), Ok(Credentials::IdentityToken("s".into())));
        assert_eq!(
            config.credentials("f.io"),
            basic("x", "y"),
            "what the store does not know may be in the file"
        );
        assert_eq!(config.credentials("n.io"), Ok(Credentials::None));
        assert!(config.credentials("e.io").unwrap_err().contains("the keychain is locked"));
        assert!(!config.credentials("x.io").unwrap_err().contains("hunter2"));
        assert!(config.credentials("r.io").unwrap_err().contains("`docker-credential-none` is not found"));
    }

    #[test]
    fn a_missing_file_is_empty_and_a_broken_one_is_not_repeated() {
        assert!(DockerConfig::read(&Env::default()).is_ok());
        let (folder, _) = place("{}");
        let path = folder.path().to_str().unwrap();
        fs::write(format!("{path}/config.json"), "{\"auths\": \"hunter2\"}").unwrap();
        let error = DockerConfig::read(&Env::from_iter([("DOCKER_CONFIG", path)])).err().unwrap();
        assert!(error.contains("config.json") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", basic("me", "hunter2").unwrap());
        assert_eq!(shown, "Basic");
    }
}
