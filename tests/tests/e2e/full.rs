//! An engine whose disk is full: what needs room fails and says why, what needs none is built, and with room again the
//! next run finishes.

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::engine::{Endpoint, Engine};
use layerwise::process::Cancel;
use layerwise_tests::quick::IMAGES;
use layerwise_tests::random::Random;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::checkout::names;
use crate::quick;
use crate::truth::Truth;
use crate::world::World;

/// What the engine's disk holds, in mebibytes: itself, the images of this test, and what takes their place.
const DISK: usize = 96;
/// What one image needs.
const LARGE: usize = 24;
/// What is left to the engine at first.
const LEFT: usize = 12;

pub fn a_full_disk_of_the_engine_is_said_and_stops_nothing_else(world: &World) -> Result<(), Failed> {
    let checkout = quick::checkout(world, "disk", &mut Random::new(1))?;
    checkout.write("left/data.bin", &"x".repeat(LARGE << 20));
    with_engine(world, |host, disk| {
        let build = |images: &[&str]| {
            let command =
                checkout.command(&[&["build-lambdas", "--json", "--assemble=never"], images].concat());
            checkout.report(&command.env("DOCKER_HOST", host))
        };
        let ballast = disk.join("ballast");
        let room = rustix::fs::statvfs(disk.as_std_path())?;
        let room = usize::try_from(room.f_bavail * room.f_bsize)?;
        fs::write(&ballast, vec![0; room - (LEFT << 20)])?;
        // There is room for these. Not at the same time as the large one: what that one leaves is anybody's guess.
        let small = build(&["quick-right"])?;
        assert_eq!(small.code, 0, "{}", small.stderr);
        let full = build(&["quick-left", "quick-right"])?;
        assert_eq!((full.code, full.with("failed")), (3, names(["quick-left"])), "{}", full.stderr);
        assert_eq!(full.with("fresh"), small.with("built"));
        let error = full.outcome("quick-left")["error"].to_string();
        assert!(error.contains("quick-left: ") && error.contains("no space left on device"), "{error}");
        assert!(full.stderr.contains("hint: the engine's disk is full: "), "{}", full.stderr);
        assert_eq!(checkout.records(), 2);

        fs::remove_file(&ballast)?;
        let again = build(&["quick-left", "quick-right"])?;
        assert_eq!((again.code, again.with("built")), (0, names(["quick-left"])), "{}", again.stderr);
        Ok(())
    })?;
    quick::finish(&checkout)?;
    Truth::of(&checkout).check().map(|count| assert_eq!(count, IMAGES.len()))
}

/// Does `work` with an engine of its own, whose address and whose disk are told: a small file system in memory, which
/// only this engine sees. It shares nothing with the sandbox's engine but the programs, and has no network for containers.
fn with_engine(
    world: &World,
    work: impl FnOnce(&str, &Utf8Path) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let folder = world.folder("disk/engine");
    let (run, data, host_run) = (world.folder("disk/r"), folder.join("data"), folder.join("host"));
    for folder in [&data, &host_run] {
        fs::create_dir_all(folder)?;
    }
    let host = format!("unix://{run}/s");
    let sandbox = world.sandbox_folder();
    let mut settings: Value = serde_json::from_slice(&fs::read(sandbox.join("daemon.json"))?)?;
    settings["hosts"] = json!([host]);
    settings["data-root"] = json!(data);
    settings["bridge"] = json!("none");
    for name in ["fixed-cidr", "mtu", "default-network-opts", "builder"] {
        settings.as_object_mut().ok_or("no settings")?.remove(name);
    }
    let file = folder.join("daemon.json");
    fs::write(&file, settings.to_string())?;
    let script = format!(
        "mount --no-mtab -t tmpfs -o size={DISK}m disk {data} && exec sh {sandbox}/run/engine.sh {host_run} {file}"
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
