//! What a sandbox leaves outside its folder while it is up, found by other means than its own.

use crate::private::{Private, wait_for};
use libtest_mimic::Failed;

/// All of it, a line each.
pub fn of(private: &Private, bridge: &str) -> Result<Vec<String>, Failed> {
    let folder = private.folder().as_str();
    let mut traces = Vec::new();
    for entry in fs_err::read_dir("/proc")? {
        let path = entry?.path();
        let read = |name: &str| fs_err::read(path.join(name)).unwrap_or_default();
        let said = String::from_utf8_lossy(&[read("cmdline"), read("environ")].concat()).replace('\0', " ");
        if said.contains(folder) && path.file_name() != Some(std::process::id().to_string().as_ref()) {
            traces.push(format!("process {}: {said}", path.display()));
        }
    }
    let mounts = fs_err::read_to_string("/proc/self/mountinfo")?;
    traces.extend(mounts.lines().filter(|line| line.contains(folder)).map(|line| format!("mount {line}")));
    for entry in fs_err::read_dir("/sys/class/net")? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == bridge {
            traces.push(format!("interface {name}"));
        }
        let master = fs_err::canonicalize(entry.path().join("master")).unwrap_or_default();
        if master.ends_with(bridge) {
            traces.push(format!("port of a bridge {name}"));
        }
    }
    let groups = duct::cmd!("find", "/sys/fs/cgroup", "-name", bridge).unchecked().stderr_null().read()?;
    traces.extend(groups.lines().map(|line| format!("control group {line}")));
    traces.extend(
        tables(private)?.filter(|table| table.contains(bridge)).map(|table| format!("nft table {table}")),
    );
    Ok(traces)
}

/// What is left a moment after the sandbox went down. The kernel deletes the pairs of interfaces of ended containers
/// when it comes to it; so `before`, what there was while it was up, is looked for by name.
pub fn left(private: &Private, bridge: &str, before: &[String]) -> Result<Vec<String>, Failed> {
    let mut left = of(private, bridge)?;
    for port in before.iter().filter_map(|trace| trace.strip_prefix("port of a bridge ")) {
        let path = format!("/sys/class/net/{port}");
        if !wait_for(|| fs_err::symlink_metadata(&path).is_err()) {
            left.push(format!("interface {port}"));
        }
    }
    Ok(left)
}

/// Asked of the sandbox's own nft: the machine may have none. After a purge there is none to ask.
fn tables(private: &Private) -> Result<impl Iterator<Item = String>, Failed> {
    let root = private.folder().join("root");
    let nft = root.join("usr/sbin/nft");
    let machine = std::env::consts::ARCH;
    let libraries = format!("{root}/usr/lib/{machine}-linux-gnu:{root}/lib/{machine}-linux-gnu");
    let tables = match nft.exists() {
        true => duct::cmd!(nft.as_std_path(), "list", "tables").env("LD_LIBRARY_PATH", libraries).read()?,
        false => String::new(),
    };
    Ok(tables.lines().map(str::to_owned).collect::<Vec<_>>().into_iter())
}

/// The names in the kernel's table of foreign program formats.
pub fn formats() -> Result<Vec<String>, Failed> {
    let script = "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && ls /proc/sys/fs/binfmt_misc";
    let names = duct::cmd!("unshare", "--mount", "--propagation", "private", "sh", "-c", script).read()?;
    Ok(names.lines().map(str::to_owned).collect())
}
