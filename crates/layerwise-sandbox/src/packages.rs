//! Gets packages from Debian through apt with a configuration of its own: the machine's mirror, proxies and keys, apt's
//! own check of every signature, but private lists and caches. Never touches the dpkg database, `/etc/apt` or
//! `/var/lib/apt`, and runs no package's scripts.

use crate::{
    SandboxError,
    architecture::Architecture,
    command::{Command, CommandError},
    downloads::digest,
    sources::Mirror,
};
use camino::{Utf8Path, Utf8PathBuf};
use std::io;

/// The release whose Docker engine is used: the oldest in Debian with the containerd image store, by which alone layer
/// caches are exported and images are made for several platforms. Its Go programs run on the older release as well.
const ENGINE_RELEASE: &str = "trixie";

const ENGINE: &[&str] = &["containerd", "docker-buildx", "docker-cli", "docker.io"];

/// Programs with libraries of their own release, and those libraries.
const TOOLS: &[&str] = &[
    "docker-registry",
    "libbsd0",
    "libedit2",
    "libgmp10",
    "libjansson4",
    "libmd0",
    "libmnl0",
    "libnftables1",
    "libnftnl11",
    "libseccomp2",
    "libtinfo6",
    "libxtables12",
    "nftables",
    "runc",
    "tini",
];

/// What the stand-in image is made of. `python3-pip-whl` is for the machine: its pip fetches the wheels.
const IMAGE: &[&str] = &[
    "busybox-static",
    "ca-certificates",
    "libbz2-1.0",
    "libc6",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "liblzma5",
    "libpython3.13-minimal",
    "libpython3.13-stdlib",
    "libsqlite3-0",
    "libssl3t64",
    "libstdc++6",
    "libuuid1",
    "libzstd1",
    "media-types",
    "netbase",
    "python3.13-minimal",
    "tzdata",
    "zlib1g",
];

/// Packages of one release and architecture, fetched together.
#[derive(Clone, Debug)]
pub(crate) struct PackageSet {
    pub(crate) label: &'static str,
    pub(crate) release: &'static str,
    pub(crate) architecture: Architecture,
    pub(crate) packages: &'static [&'static str],
}

impl PackageSet {
    pub(crate) fn engine(architecture: Architecture) -> Self {
        Self { label: "engine", release: ENGINE_RELEASE, architecture, packages: ENGINE }
    }

    pub(crate) fn tools(architecture: Architecture, release: &'static str) -> Self {
        Self { label: "tools", release, architecture, packages: TOOLS }
    }

    pub(crate) fn image(architecture: Architecture) -> Self {
        Self { label: "image", release: ENGINE_RELEASE, architecture, packages: IMAGE }
    }

    pub(crate) fn pip(architecture: Architecture) -> Self {
        Self { label: "pip", release: ENGINE_RELEASE, architecture, packages: &["python3-pip-whl"] }
    }

    /// Of the machine's own release: the library becomes part of its programs.
    pub(crate) fn clock(architecture: Architecture, release: &'static str) -> Self {
        Self { label: "clock", release, architecture, packages: &["libfaketime"] }
    }

    /// QEMU for programs of single users, linked statically.
    pub(crate) fn emulator(architecture: Architecture) -> Self {
        Self { label: "emulator", release: ENGINE_RELEASE, architecture, packages: &["qemu-user"] }
    }

    /// Names what is in the set, so that a newer program with another list downloads anew.
    pub(crate) fn key(&self) -> String {
        let (label, release, architecture) = (self.label, self.release, self.architecture.name());
        format!("{label}-{release}-{architecture}-{}", digest(&self.packages.join(" ")))
    }
}

/// An apt that knows one release and architecture, and keeps its files in a folder of its own.
pub(crate) struct PrivateApt {
    folder: Utf8PathBuf,
}

impl PrivateApt {
    /// Fetches and checks the lists of `release`.
    pub(crate) fn update(
        folder: Utf8PathBuf,
        mirror: &Mirror,
        release: &str,
        architecture: Architecture,
    ) -> Result<Self, SandboxError> {
        for below in ["lists/partial", "cache/archives/partial", "sources", "preferences", "conf", "tmp"] {
            fs_err::create_dir_all(folder.join(below))?;
        }
        fs_err::write(folder.join("status"), "")?;
        fs_err::write(folder.join("sources/debian.sources"), mirror.render(release, architecture.name()))?;
        // The machine's own settings (proxies, certificates) come first, ours after them.
        link_settings(&folder.join("conf"))?;
        fs_err::write(folder.join("conf/zz-layerwise"), settings(&folder, architecture.name()))?;
        fs_err::write(folder.join("apt.conf"), format!("Dir::Etc::Parts \"{folder}/conf\";\n"))?;
        let apt = Self { folder };
        // By itself apt goes on when a list cannot be had.
        apt.get().args(["-qq", "-o", "APT::Update::Error-Mode=any", "update"]).run()?;
        Ok(apt)
    }

    /// Downloads `packages` into `into`.
    pub(crate) fn download(&self, packages: &[&str], into: &Utf8Path) -> Result<(), CommandError> {
        self.get().args(["-qq", "download"]).args(packages.iter().copied()).dir(into).run()?;
        Ok(())
    }

    fn get(&self) -> Command {
        Command::new("apt-get")
            .env("APT_CONFIG", self.folder.join("apt.conf"))
            .env("TMPDIR", self.folder.join("tmp"))
            .env("LC_ALL", "C")
    }
}

/// Links to the machine's files of settings.
fn link_settings(folder: &Utf8Path) -> io::Result<()> {
    let main = Utf8Path::new("/etc/apt/apt.conf");
    if main.exists() {
        fs_err::os::unix::fs::symlink(main, folder.join("00main"))?;
    }
    let Ok(entries) = fs_err::read_dir("/etc/apt/apt.conf.d") else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        fs_err::os::unix::fs::symlink(entry.path(), folder.as_std_path().join(entry.file_name()))?;
    }
    Ok(())
}

/// Settings that keep apt inside `folder`. Hooks are for the machine's own packages, and some delete its caches.
fn settings(folder: &Utf8Path, architecture: &str) -> String {
    format!(
        "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n\
         #clear APT::Architectures;\nAPT::Architecture \"{architecture}\";\nAPT::Architectures {{ \"{architecture}\"; \
         }};\nDir::Etc::Main \"/dev/null\";\nDir::Etc::SourceList \"/dev/null\";\nDir::Etc::SourceParts \
         \"{folder}/sources\";\nDir::Etc::Preferences \"/dev/null\";\nDir::Etc::PreferencesParts \
         \"{folder}/preferences\";\nDir::State \"{folder}\";\nDir::State::Lists \"{folder}/lists\";\n\
         Dir::State::Status \"{folder}/status\";\nDir::Cache \"{folder}/cache\";\nDir::Cache::Archives \
         \"archives\";\nAcquire::Languages \"none\";\nAcquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
         Acquire::IndexTargets::deb::CNF::DefaultEnabled \"false\";\nAPT::Sandbox::User \"root\";\n"
    )
}

/// Unpacks every package of `packages` into `into`.
pub(crate) fn unpack(packages: &Utf8Path, into: &Utf8Path) -> Result<(), SandboxError> {
    fs_err::create_dir_all(into)?;
    for package in files(packages)? {
        Command::new("dpkg-deb").args(["--extract", package.as_str(), into.as_str()]).run()?;
    }
    Ok(())
}

/// The package files in a folder, sorted.
pub(crate) fn files(folder: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
    let mut files: Vec<Utf8PathBuf> = fs_err::read_dir(folder)?
        .map(|entry| Ok(Utf8PathBuf::from_path_buf(entry?.path()).unwrap_or_default()))
        .collect::<io::Result<_>>()?;
    files.retain(|file| file.extension() == Some("deb"));
    files.sort();
    Ok(files)
}

/// Name and version of a package, from the name of its file.
pub(crate) fn name_and_version(file: &Utf8Path) -> Option<(String, String)> {
    let mut parts = file.file_stem()?.split('_');
    Some((parts.next()?.to_owned(), parts.next()?.replace("%3a", ":")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_tells_the_version() {
        let read = name_and_version(Utf8Path::new("/d/libgmp10_2%3a6.2.1+dfsg1-1.1_amd64.deb"));
        assert_eq!(read, Some(("libgmp10".to_owned(), "2:6.2.1+dfsg1-1.1".to_owned())));
        assert_eq!(name_and_version(Utf8Path::new("/d/lock")), None);
    }

    #[test]
    fn the_key_names_release_and_architecture() {
        let key = PackageSet::image(Architecture::Arm64).key();
        assert!(key.starts_with("image-trixie-arm64-"), "{key}");
        assert_ne!(key, PackageSet::image(Architecture::Amd64).key());
    }
}
