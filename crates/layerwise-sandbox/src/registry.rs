//! The registry, with a user and a random password as Amazon ECR has them. Listens on the loopback interface only.
//! Never writes the password into a file that others may read.

use crate::{
    SandboxError,
    engine::NoAnswer,
    folder::Folder,
    http, port,
    processes::Role,
    root,
    state::{State, write_private},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::io::{self, Read};

/// The user name of every Amazon ECR registry.
pub(crate) const USER: &str = "AWS";

/// bcrypt's least: the password is random, and checked with each request.
const HASH_COST: u32 = 4;

/// Nothing is left to listen on.
#[derive(Debug, thiserror::Error)]
#[error("no free port between 20000 and 29999 on 127.0.0.1 for the sandbox's registry")]
pub struct NoFreePort;

/// A new password.
pub(crate) fn password() -> io::Result<String> {
    let mut bytes = [0; 24];
    fs_err::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The name of the registry in an image's reference.
pub(crate) fn address(state: &State) -> String {
    format!("localhost:{}", state.registry_port)
}

/// Whether our registry, not another server, answers: it asks for a password.
pub(crate) fn answers(folder: &Folder, state: &State) -> bool {
    Role::Registry.main_process(folder).is_some()
        && http::status_at_port(state.registry_port, "/v2/") == Some(401)
}

/// Starts the registry and waits until it answers; on another port, if its own is taken by now.
pub(crate) fn start(folder: &Folder, state: &mut State) -> Result<(), SandboxError> {
    Role::Registry.stop(folder)?;
    // Somebody may take the port between our look and the registry's start: then the next.
    for _ in 0..3 {
        state.registry_port = port::free(u32::from(state.registry_port)).ok_or(NoFreePort)?;
        state.save(folder)?;
        let settings = folder.path().join("registry.json");
        let hash = bcrypt::hash(&state.registry_password, HASH_COST).map_err(io::Error::other)?;
        write_private(&passwords(folder), &format!("{USER}:{hash}\n"))?;
        fs_err::write(&settings, format!("{:#}\n", configuration(folder, state.registry_port)))?;
        let program = folder.root().join("usr/bin/docker-registry");
        let arguments = [program.as_str(), "serve", settings.as_str()];
        Role::Registry.start(folder, &arguments, root::environment(folder))?;
        if Role::Registry.wait_until(folder, || answers(folder, state)) {
            return Ok(log_in(folder, state)?);
        }
    }
    let error = NoAnswer::of(Role::Registry, "registry", "registry", folder);
    Role::Registry.stop(folder)?;
    Err(error.into())
}

fn passwords(folder: &Folder) -> camino::Utf8PathBuf {
    folder.path().join("htpasswd")
}

/// The registry's settings file: it reads YAML, and so JSON.
fn configuration(folder: &Folder, port: u16) -> serde_json::Value {
    serde_json::json!({
        "version": 0.1,
        "log": { "level": "warn", "accesslog": { "disabled": true } },
        "storage": {
            "filesystem": { "rootdirectory": folder.path().join("registry") },
            "delete": { "enabled": true },
            "cache": { "blobdescriptor": "inmemory" },
        },
        "http": { "addr": format!("127.0.0.1:{port}") },
        "auth": { "htpasswd": { "realm": "layerwise sandbox", "path": passwords(folder) } },
    })
}

/// Writes what `docker login` would.
fn log_in(folder: &Folder, state: &State) -> io::Result<()> {
    let folder = folder.docker_config();
    fs_err::create_dir_all(&folder)?;
    write_private(&folder.join("config.json"), &client_configuration(state))
}

fn client_configuration(state: &State) -> String {
    let auth = BASE64_STANDARD.encode(format!("{USER}:{}", state.registry_password));
    format!("{:#}\n", serde_json::json!({ "auths": { address(state): { "auth": auth } } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_differ() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert_eq!(one.len(), 48);
        assert_ne!(one, other);
    }

    #[test]
    fn the_login_is_docker_s() {
        let state = State {
            network: 0,
            registry_port: 20001,
            registry_password: "p".to_owned(),
            forwarding_was_off: false,
            emulate_arm64: false,
            aws: false,
            aws_port: 0,
        };
        let expected =
            "{\n  \"auths\": {\n    \"localhost:20001\": {\n      \"auth\": \"QVdTOnA=\"\n    }\n  }\n}\n";
        assert_eq!(client_configuration(&state), expected);
    }
}
