//! Engines besides the sandbox's own, each for one test.

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::engine::{Endpoint, Engine, Store};
use layerwise::process::Cancel;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::world::World;

/// An engine of a test's own.
pub struct Own {
    /// The test's folder.
    pub name: &'static str,
    /// What its disk holds, in mebibytes.
    pub disk: usize,
    /// How it keeps images.
    pub store: Store,
}

/// Does `work` with an engine of its own, whose address and whose disk are told: a small file system in memory, which
/// only this engine sees. It shares nothing with the sandbox's engine but the programs, and has no network for containers.
pub fn with_engine(
    world: &World,
    Own { name, disk: size, store }: &Own,
    work: impl FnOnce(&str, &Utf8Path) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let folder = world.folder(&format!("{name}/engine"));
    let (run, data, host_run) =
        (world.folder(&format!("{name}/r")), folder.join("data"), folder.join("host"));
    for folder in [&data, &host_run] {
        fs::create_dir_all(folder)?;
    }
    let host = format!("unix://{run}/s");
    let sandbox = world.sandbox_folder();
    let mut settings: Value = serde_json::from_slice(&fs::read(sandbox.join("daemon.json"))?)?;
    settings["hosts"] = json!([host]);
    settings["data-root"] = json!(data);
    settings["bridge"] = json!("none");
    settings["features"] = json!({ "containerd-snapshotter": *store == Store::Containerd });
    for name in ["fixed-cidr", "mtu", "default-network-opts", "builder"] {
        settings.as_object_mut().ok_or("no settings")?.remove(name);
    }
    let file = folder.join("daemon.json");
    fs::write(&file, settings.to_string())?;
    let script = format!(
        "mount --no-mtab -t tmpfs -o size={size}m disk {data} && exec sh {sandbox}/run/engine.sh {host_run} {file}"
    );
    let namespaces =
        ["--mount", "--propagation=private", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"];
    let root = sandbox.join("root/usr");
    let path = format!("{root}/bin:{root}/sbin:{}", std::env::var("PATH")?);
    let command = world.command("unshare", &folder).args(namespaces).args(["sh", "-c", &script]);
    let command = command.env("PATH", path);
    let ended = Ended(Cancel::default());
    std::thread::scope(|scope| {
        let cancel = ended.0.clone();
        let engine = scope.spawn(move || {
            let mut log = Vec::new();
            let ended = command.stream(&cancel, &mut |_, bytes| log.extend_from_slice(bytes));
            format!("{ended:?} {}", String::from_utf8_lossy(&log))
        });
        // Whatever happens, or nobody would ever leave this scope.
        let ended = ended;
        let endpoint = Endpoint { host: host.clone(), chosen_by: "the test".into(), tls: None };
        let client = Engine::at(&endpoint)?;
        let patience = Instant::now() + Duration::from_secs(60);
        while client.ping().is_err() && !engine.is_finished() && Instant::now() < patience {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let done = client.ping().map_err(Failed::from).and_then(|_| work(&host, &disk(&data)?));
        drop(ended);
        let log = engine.join().map_err(|_| "the engine panicked")?;
        done.map_err(|why| format!("{}; the engine: {log}", why.message().unwrap_or("?")).into())
    })
}

/// Ends the engine when it is dropped.
struct Ended(Cancel);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// `data` as the processes of the engine see it.
fn disk(data: &Utf8Path) -> Result<Utf8PathBuf, Failed> {
    for process in fs::read_dir("/proc")?.flatten() {
        let path = Utf8PathBuf::from_path_buf(process.path()).map_err(|_| "not UTF-8")?;
        let mounts = fs::read_to_string(path.join("mountinfo")).unwrap_or_default();
        if mounts.contains(&format!(" {data} ")) {
            return Ok(path.join("root").join(data.strip_prefix("/")?));
        }
    }
    Err("no process has the disk".into())
}
