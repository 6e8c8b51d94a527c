//! A registry that asks for no password, on loopback: for what an answer costs without the password check, which takes the
//! sandbox's own registry longer than the answer.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

/// A registry that runs until it is dropped; what it held goes with it.
pub struct OpenRegistry {
    /// `localhost:PORT`, as at the start of an image's name.
    pub address: String,
    child: duct::Handle,
    folder: Utf8PathBuf,
}

impl OpenRegistry {
    /// Starts `program`, Docker's registry, with an empty store in `folder`, and waits until it answers.
    pub fn start(program: &Utf8Path, folder: Utf8PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let settings = folder.join("settings.json");
        // It reads YAML, and so JSON.
        let text = serde_json::json!({
            "version": 0.1,
            "log": { "level": "error", "accesslog": { "disabled": true } },
            "storage": {
                "filesystem": { "rootdirectory": folder.join("store") },
                "cache": { "blobdescriptor": "inmemory" },
            },
            "http": { "addr": format!("127.0.0.1:{port}") },
        });
        fs::write(&settings, text.to_string())?;
        let child = duct::cmd!(program.as_str(), "serve", settings.as_str())
            .stdout_null()
            .stderr_null()
            .unchecked()
            .start()?;
        let registry = Self { address: format!("localhost:{port}"), child, folder };
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            ensure!(registry.child.try_wait()?.is_none(), "the registry without a login ended at once");
            ensure!(
                begun.elapsed() < Duration::from_secs(20),
                "the registry without a login does not answer"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(registry)
    }
}

impl Drop for OpenRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill().context("the registry without a login does not end");
        let _ = fs::remove_dir_all(&self.folder);
    }
}
