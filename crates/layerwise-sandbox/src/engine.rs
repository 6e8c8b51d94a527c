//! The Docker engine, in mount and PID namespaces of its own: however it ends, its containers and mounts end with it.
//! Never uses a socket, a folder, a bridge or a control group of another engine.

use crate::{SandboxError, folder::Folder, http, network::Network, processes::Role, root, wait};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use std::{io, time::Duration};

/// How long the last process of a control group may take to be gone.
const LAST_PROCESS: Duration = Duration::from_secs(10);

const LAUNCHER: &str = include_str!("../assets/engine.sh");

/// The engine did not come up.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox's {what} does not answer; the end of {log}:\n{last_words}")]
pub struct NoAnswer {
    pub(crate) what: &'static str,
    pub(crate) log: Utf8PathBuf,
    pub(crate) last_words: String,
}

impl NoAnswer {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "`sandbox purge` and then `sandbox up` start from nothing"
    }

    pub(crate) fn of(role: Role, what: &'static str, log: &str, folder: &Folder) -> Self {
        Self { what, log: folder.log(log), last_words: role.last_words(folder) }
    }
}

/// Whether the engine answers.
pub(crate) fn answers(folder: &Folder) -> bool {
    http::status_at_socket(&folder.socket(), "/_ping") == Some(200)
}

/// Whether the engine has an image of that name.
pub(crate) fn has_image(folder: &Folder, name: &str) -> bool {
    http::status_at_socket(&folder.socket(), &format!("/images/{name}/json")) == Some(200)
}

/// Starts the engine and waits until it answers.
pub(crate) fn start(folder: &Folder, network: &Network, in_memory: bool) -> Result<(), SandboxError> {
    let run = folder.run();
    // After a crash: what is there belongs to nobody.
    root::remove(&run)?;
    let host_run = run.join("host");
    fs_err::create_dir_all(&host_run)?;
    let (launcher, settings) = (run.join("engine.sh"), folder.path().join("daemon.json"));
    fs_err::write(&launcher, LAUNCHER)?;
    fs_err::write(&settings, format!("{:#}\n", configuration(folder, network)))?;
    let data = folder.data();
    fs_err::create_dir_all(&data)?;
    // The namespaces' first process is killed if `unshare` is, and with it everything else in them.
    let arguments = [
        [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--fork",
            "--kill-child=KILL",
            "--mount-proc",
        ]
        .as_slice(),
        &["sh", launcher.as_str(), host_run.as_str(), settings.as_str()],
        if in_memory { &[data.as_str()] } else { &[] },
    ];
    Role::Engine.start(folder, &arguments.concat(), root::environment(folder))?;
    if Role::Engine.wait_until(folder, || answers(folder)) {
        return Ok(());
    }
    let error = NoAnswer::of(Role::Engine, "engine", "engine", folder);
    Role::Engine.stop(folder)?;
    Err(error.into())
}

/// Stops the engine and deletes what its control groups leave.
pub(crate) fn stop(folder: &Folder) -> Result<(), SandboxError> {
    Role::Engine.stop(folder)?;
    root::remove(&folder.run())?;
    for hierarchy in control_group_hierarchies() {
        remove_control_group(&hierarchy.join(folder.name()))?;
    }
    Ok(())
}

/// The engine's settings file.
fn configuration(folder: &Folder, network: &Network) -> Value {
    let root = folder.root();
    json!({
        "hosts": [format!("unix://{}", folder.socket())],
        "data-root": folder.data(),
        // In the private /run: it ends with the engine.
        "exec-root": "/run/docker",
        "pidfile": "/run/docker/docker.pid",
        "init-path": root.join("usr/bin/docker-init"),
        "userland-proxy-path": root.join("usr/sbin/docker-proxy"),
        // Without the containerd image store: no export of layer caches, no images for several platforms.
        "features": { "containerd-snapshotter": true },
        "builder": { "gc": { "enabled": true, "defaultKeepStorage": "5GB" } },
        // Control groups of our own name, so that they are found and deleted; systemd would keep its own of them.
        "cgroup-parent": format!("/{}", folder.name()),
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        // Rules and forwarding are the business of the module `network`.
        "iptables": false,
        "ip6tables": false,
        "ip-masq": false,
        "ip-forward": false,
        // `docker run --publish 8080:8080` is for this machine alone.
        "ip": "127.0.0.1",
        "bridge": network.bridge(),
        "fixed-cidr": network.subnet(),
        "mtu": network.mtu(),
        // No "default-address-pools": with it, an engine that starts for the second time deletes the machine's `docker0`,
        // whoever's that is.
        "default-network-opts": { "bridge": { "com.docker.network.driver.mtu": network.mtu().to_string() } },
        "insecure-registries": ["127.0.0.0/8"],
    })
}

/// Where control groups are: one folder (version 2), or one for each controller (version 1).
fn control_group_hierarchies() -> Vec<Utf8PathBuf> {
    let top = Utf8Path::new("/sys/fs/cgroup");
    let below = fs_err::read_dir(top).into_iter().flatten().filter_map(|entry| {
        let entry = entry.ok()?;
        entry.file_type().ok()?.is_dir().then(|| Utf8PathBuf::from_path_buf(entry.path()).ok())?
    });
    below.chain([top.to_owned()]).collect()
}

/// Control groups are folders that go, innermost first, by `rmdir` alone.
fn remove_control_group(group: &Utf8Path) -> io::Result<()> {
    let Ok(entries) = fs_err::read_dir(group) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_control_group(&Utf8PathBuf::from_path_buf(entry.path()).unwrap_or_default())?;
        }
    }
    // A process that was killed is in its group until the system has taken it apart.
    let mut removed = Ok(());
    wait::until(LAST_PROCESS, || {
        removed = fs_err::remove_dir(group);
        !matches!(&removed, Err(error) if error.kind() == io::ErrorKind::ResourceBusy)
    });
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
