//! A function under debugpy: the debugger put into a running container, its port at one place of this machine whichever
//! container is behind it, and what an editor has to know. Nothing of it is in any image.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use hyper::body::Bytes;
use serde_json::json;

use crate::driver::Driver;
use crate::error::DevError;
use crate::invoke;
use crate::reload::Inside;

/// The debugger's port in a container.
pub(crate) const PORT: &str = "5678/tcp";
/// Seconds for an invocation of a function that is being debugged: somebody reads variables meanwhile.
pub(crate) const TIMEOUT: u16 = 3600;
/// Where the debugger is in a container: the folder that its image holds, and its parent.
pub(crate) const FOLDER: &str = "/opt/layerwise";
const ABOVE: &str = "/opt";
/// Seconds for a runtime to start with a debugger in it.
const START: u16 = 60;

/// What Python runs at its own start when it is the function's runtime.
///
/// The emulator starts a runtime only when it is asked something, and nobody could set a breakpoint before. So the
/// first question after a start is ours: it is answered here, and the handler never sees it.
const HOOK: &str = r#"
import os

if "AWS_LAMBDA_RUNTIME_API" in os.environ and "LAYERWISE_DEBUGGED" not in os.environ:
    os.environ["LAYERWISE_DEBUGGED"] = "1"
    # It warns of modules of Python's own, which nobody debugs here.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    import debugpy

    debugpy.configure(subProcess=False)
    try:
        debugpy.listen(("0.0.0.0", 5678))
    except Exception as error:
        print(f"the debugger does not listen: {error}")
    if os.path.exists("/opt/layerwise/run/wake"):
        os.remove("/opt/layerwise/run/wake")
        import http.client

        api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        question = api.getresponse()
        question.read()
        number = question.headers["Lambda-Runtime-Aws-Request-Id"]
        api.request("POST", f"/2018-06-01/runtime/invocation/{number}/response", "null")
        api.getresponse().read()
        api.close()
"#;

/// Python runs lines of such files in its own folders that begin with `import`.
const START_FILE: &str = "import sys; sys.path.append('/opt/layerwise'); import layerwise_debug\n";

/// The debugger of one function.
pub(crate) struct Debug {
    /// Its port on this machine.
    pub(crate) port: u16,
    /// Where the container of the moment has it; 0 while there is none.
    behind: Arc<AtomicU16>,
    /// Its files, as an archive from [`ABOVE`].
    files: Bytes,
}

impl Debug {
    /// Serves the debugger's port on `listener`, whichever container is behind it.
    pub(crate) fn serve(driver: &Driver, listener: TcpListener, files: Bytes) -> io::Result<Self> {
        let port = listener.local_addr()?.port();
        let behind = Arc::new(AtomicU16::new(0));
        let target = behind.clone();
        driver.spawn(async move {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            while let Ok((mut editor, _)) = listener.accept().await {
                let port = target.load(Ordering::Relaxed);
                tokio::spawn(async move {
                    if let Ok(mut there) = tokio::net::TcpStream::connect(("127.0.0.1", port)).await {
                        // However it ends, the editor notices.
                        let _ = tokio::io::copy_bidirectional(&mut editor, &mut there).await;
                    }
                });
            }
        });
        Ok(Self { port, behind, files })
    }

    /// Puts the debugger into a container.
    pub(crate) async fn equip(&self, inside: &Inside) -> Result<(), DevError> {
        inside.put_below(ABOVE, self.files.clone()).await?;
        let folder = inside.python_packages().await?;
        let files = [
            (format!("{FOLDER}/layerwise_debug.py"), HOOK),
            (format!("{folder}/layerwise_debug.pth"), START_FILE),
        ];
        inside.put(archive(&files).map_err(system)?).await
    }

    /// Starts the runtime of a container, whose emulator is at `emulator`, so that its debugger listens at `debugger`.
    pub(crate) async fn wake(&self, inside: &Inside, emulator: u16, debugger: u16) -> Result<(), DevError> {
        inside
            .put(
                archive(&[(format!("{FOLDER}/run/"), ""), (format!("{FOLDER}/run/wake"), "")])
                    .map_err(system)?,
            )
            .await?;
        // An emulator whose runtime was killed says so once, in its place.
        for _ in 0..2 {
            match invoke::invoke(emulator, Bytes::from_static(b"{}"), START).await {
                Ok(answer) if answer.in_its_place => {}
                Ok(_) => break,
                Err(failure) => return Err(inside.silent(&failure)),
            }
        }
        self.behind.store(debugger, Ordering::Relaxed);
        Ok(())
    }
}

fn system(cause: io::Error) -> DevError {
    DevError::System { doing: "put the debugger together", cause }
}

/// Files and folders for a container, as an archive from `/`. Whoever the runtime runs as may remove what is in the folders.
fn archive(files: &[(String, &str)]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        let is_folder = path.ends_with('/');
        header.set_entry_type(if is_folder { tar::EntryType::Directory } else { tar::EntryType::Regular });
        header.set_mode(if is_folder { 0o777 } else { 0o644 });
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, path.trim_start_matches('/'), text.as_bytes())?;
    }
    archive.into_inner()
}

/// What an editor has to know, as Visual Studio Code's `launch.json` has it: `places` are paths of the repository and where
/// the container has them, most particular first.
#[must_use]
pub fn configuration(name: &str, port: u16, places: &[(String, String)]) -> String {
    let local = |path: &str| match path {
        "." | "" => "${workspaceFolder}".to_owned(),
        path => format!("${{workspaceFolder}}/{path}"),
    };
    // In the order in which people read it.
    let mappings: Vec<String> = places
        .iter()
        .map(|(path, to)| {
            format!("    {{ \"localRoot\": {}, \"remoteRoot\": {} }}", json!(local(path)), json!(to))
        })
        .collect();
    format!(
        "{{\n  \"name\": {},\n  \"type\": \"debugpy\",\n  \"request\": \"attach\",\n  \
         \"connect\": {{ \"host\": \"127.0.0.1\", \"port\": {port} }},\n  \
         \"pathMappings\": [\n{}\n  ],\n  \"justMyCode\": false\n}}",
        json!(format!("{name} (cargo xtask dev)")),
        mappings.join(",\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_is_told_where_files_are() {
        let places = [("lambdas/ping", "/var/task"), (".", "/opt/all")];
        let places = places.map(|(path, remote)| (path.to_owned(), remote.to_owned()));
        let text = configuration("ping", 5678, &places);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        insta::assert_snapshot!(text);
    }
}
