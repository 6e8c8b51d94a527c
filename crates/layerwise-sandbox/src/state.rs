//! What a sandbox remembers between commands, in one file that only its owner may read.
//! Never holds what can be found out: whether a process runs is asked of the system.

use crate::folder::Folder;
use fs_err::os::unix::fs::OpenOptionsExt;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// What a sandbox remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Third number of the engine's addresses: see [`crate::network`].
    pub(crate) network: u8,
    pub(crate) registry_port: u16,
    pub(crate) registry_password: String,
    /// The machine did not forward packets before.
    pub(crate) forwarding_was_off: bool,
    /// arm64 programs were asked for.
    pub(crate) emulate_arm64: bool,
    /// AWS was asked for. (A sandbox of an earlier version knows nothing of it.)
    #[serde(default)]
    pub(crate) aws: bool,
    /// The port that it has or had; 0 before the first time.
    #[serde(default)]
    pub(crate) aws_port: u16,
}

impl State {
    /// What `folder` remembers; nothing, if it is new or what it remembers cannot be read (then it is made anew).
    pub(crate) fn load(folder: &Folder) -> Option<Self> {
        serde_json::from_slice(&fs_err::read(path(folder)).ok()?).ok()
    }

    pub(crate) fn save(&self, folder: &Folder) -> io::Result<()> {
        write_private(&path(folder), &serde_json::to_string_pretty(self)?)
    }
}

fn path(folder: &Folder) -> camino::Utf8PathBuf {
    folder.path().join("state.json")
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn write_private(path: &camino::Utf8Path, text: &str) -> io::Result<()> {
    let partial = path.with_extension("partial");
    match fs_err::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs_err::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&partial)?;
    file.write_all(text.as_bytes())?;
    fs_err::rename(partial, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn remembers_and_keeps_it_private() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::create(camino::Utf8Path::from_path(temporary.path()).unwrap()).unwrap();
        assert_eq!(State::load(&folder), None);
        let state = State {
            network: 7,
            registry_port: 20001,
            registry_password: "secret".to_owned(),
            forwarding_was_off: false,
            emulate_arm64: true,
            aws: true,
            aws_port: 20002,
        };
        state.save(&folder).unwrap();
        assert_eq!(State::load(&folder), Some(state));
        assert_eq!(fs_err::metadata(path(&folder)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
