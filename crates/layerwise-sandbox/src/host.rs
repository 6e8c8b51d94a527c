//! Decides whether this machine can run the sandbox, and says why not. Never changes anything.

use crate::architecture::Architecture;
use rustix::process::geteuid;
use std::{env, path::Path};

/// A machine that can run the sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) architecture: Architecture,
    /// The code name of its Debian release; a name of the lists in [`crate::packages`].
    pub(crate) release: &'static str,
}

/// Why this machine cannot run the sandbox.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the sandbox cannot run on this machine: {reason}")]
pub struct Unsupported {
    /// The reason, as part of a sentence.
    pub reason: String,
    hint: String,
}

/// The releases of Debian whose packages are known to go together.
const RELEASES: [&str; 2] = ["bookworm", "trixie"];

/// Programs of the machine that are used, with the Debian package of each.
const PROGRAMS: [(&str, &str); 11] = [
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
    ("tar", "tar"),
    ("chmod", "coreutils"),
    ("sh", "dash"),
    ("mount", "mount"),
    ("setsid", "util-linux"),
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("ip", "iproute2"),
    ("python3", "python3"),
];

/// `CAP_NET_ADMIN` and `CAP_SYS_ADMIN` in a capability mask.
const NEEDED_CAPABILITIES: u64 = 1 << 12 | 1 << 21;

impl Host {
    /// This machine, if the sandbox can run on it.
    pub(crate) fn supported() -> Result<Self, Unsupported> {
        let docker = "install Docker Desktop or another Docker engine with buildx: everything but the `sandbox` \
                      commands works with it";
        let unsupported = |reason: String, hint: &str| Unsupported { reason, hint: hint.to_owned() };
        if !cfg!(target_os = "linux") {
            return Err(unsupported(format!("it runs {}, not Debian Linux", env::consts::OS), docker));
        }
        let architecture = Architecture::native()
            .ok_or_else(|| unsupported(format!("its processor is {}", env::consts::ARCH), docker))?;
        let os_release = fs_err::read_to_string("/etc/os-release").unwrap_or_default();
        let release = release(&os_release).map_err(|found| {
            unsupported(format!("it runs {found}, not Debian 12 (bookworm) or 13 (trixie)"), docker)
        })?;
        if !geteuid().is_root() {
            let hint = format!("run it as root (for example in a virtual machine), or {docker}");
            return Err(unsupported("you are not root".to_owned(), &hint));
        }
        let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
        if capabilities(&status).is_some_and(|held| held & NEEDED_CAPABILITIES != NEEDED_CAPABILITIES) {
            let reason = "root lacks CAP_SYS_ADMIN or CAP_NET_ADMIN (an unprivileged container?)".to_owned();
            return Err(unsupported(reason, docker));
        }
        let missing: Vec<_> = PROGRAMS.iter().filter(|(program, _)| !in_path(program)).collect();
        if !missing.is_empty() {
            let names: Vec<_> = missing.iter().map(|(program, _)| *program).collect();
            let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
            packages.dedup();
            let hint = format!("apt-get install {}", packages.join(" "));
            return Err(unsupported(format!("it has no {}", names.join(", no ")), &hint));
        }
        Ok(Self { architecture, release })
    }
}

impl Unsupported {
    /// What to do about it.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// The code name in the text of an `os-release` file; for a system that is not known, what it calls itself.
fn release(os_release: &str) -> Result<&'static str, String> {
    let value = |name: &str| {
        let line = os_release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches('"')
    };
    let known =
        RELEASES.into_iter().find(|known| value("ID") == "debian" && value("VERSION_CODENAME") == *known);
    known.ok_or_else(|| match value("PRETTY_NAME") {
        "" => "an unknown system".to_owned(),
        name => name.to_owned(),
    })
}

/// The effective capabilities in the text of `/proc/PID/status`.
fn capabilities(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// Whether a program of that name is in `PATH`.
pub(crate) fn in_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_debian_by_its_code_name() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        assert_eq!(release(debian), Ok("bookworm"));
        let ubuntu = "PRETTY_NAME=\"Ubuntu 24.04\"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n";
        assert_eq!(release(ubuntu), Err("Ubuntu 24.04".to_owned()));
        assert_eq!(release(""), Err("an unknown system".to_owned()));
    }

    #[test]
    fn reads_the_capabilities() {
        assert_eq!(capabilities("CapPrm:\t1\nCapEff:\t0000000000201000\n"), Some(NEEDED_CAPABILITIES));
        assert_eq!(capabilities(""), None);
    }
}
