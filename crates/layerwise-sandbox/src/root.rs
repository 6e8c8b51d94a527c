//! The unpacked engine, registry and tools of a sandbox: programs that run from where they lie.
//! Never runs one of them by itself.

use crate::{
    SandboxError,
    architecture::Architecture,
    command::Command,
    downloads::Downloads,
    folder::Folder,
    packages::{self, PackageSet},
    wait,
};
use camino::Utf8PathBuf;
use std::{collections::BTreeMap, env, io, time::Duration};

/// Parts of the packages that no program here needs: two thirds of their size.
const SUPERFLUOUS: [&str; 6] = [
    "etc",
    "usr/share",
    "usr/bin/ctr",
    "usr/bin/containerd-shim",
    "usr/bin/containerd-shim-runc-v1",
    "usr/bin/containerd-stress",
];

/// Settings of the machine that reach the engine: how it finds other registries.
const PASSED_ON: [&str; 8] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Unpacks `sets` as the sandbox's programs. They are there whole or not at all.
pub(crate) fn unpack(
    folder: &Folder,
    downloads: &Downloads,
    sets: &[PackageSet],
) -> Result<(), SandboxError> {
    let (root, partial) = (folder.root(), folder.path().join("root.partial"));
    remove(&partial)?;
    remove(&root)?;
    let mut versions = BTreeMap::new();
    for set in sets {
        let Some(packages) = downloads.get(&set.key()) else { continue };
        versions
            .extend(packages::files(&packages)?.iter().filter_map(|file| packages::name_and_version(file)));
        packages::unpack(&packages, &partial)?;
    }
    for path in SUPERFLUOUS {
        remove(&partial.join(path))?;
    }
    fs_err::write(
        partial.join("versions.json"),
        serde_json::to_string_pretty(&versions).map_err(io::Error::from)?,
    )?;
    fs_err::write(partial.join("key"), key(sets))?;
    fs_err::rename(partial, root)?;
    link_clients(folder)
}

/// Whether the programs of `sets` are there.
pub(crate) fn is_unpacked(folder: &Folder, sets: &[PackageSet]) -> bool {
    fs_err::read_to_string(folder.root().join("key")).is_ok_and(|found| found == key(sets))
}

/// The version of each package.
pub(crate) fn versions(folder: &Folder) -> BTreeMap<String, String> {
    let text = fs_err::read(folder.root().join("versions.json")).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// One of the programs, which finds its libraries.
pub(crate) fn command(folder: &Folder, program: &str) -> Command {
    Command::with_environment(folder.root().join(program), environment(folder))
}

/// The environment of those programs.
pub(crate) fn environment(folder: &Folder) -> BTreeMap<String, String> {
    let root = folder.root();
    let mut environment: BTreeMap<String, String> =
        PASSED_ON.iter().filter_map(|name| Some((name.to_string(), env::var(name).ok()?))).collect();
    let path = format!(
        "{root}/usr/bin:{root}/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    );
    let libraries = Architecture::native().map_or("", Architecture::library_folder);
    environment.insert("PATH".to_owned(), path);
    environment
        .insert("LD_LIBRARY_PATH".to_owned(), format!("{root}/usr/lib/{libraries}:{root}/lib/{libraries}"));
    environment.insert("HOME".to_owned(), folder.path().to_string());
    environment.insert("TMPDIR".to_owned(), folder.tmp().to_string());
    environment
}

/// The Docker client's plugin for builds.
pub(crate) fn buildx(folder: &Folder) -> Utf8PathBuf {
    folder.root().join("usr/libexec/docker/cli-plugins/docker-buildx")
}

/// Puts the clients, which need no libraries of ours, where `PATH` and Docker find them.
fn link_clients(folder: &Folder) -> Result<(), SandboxError> {
    let docker = folder.root().join("usr/bin/docker");
    let plugins = folder.docker_config().join("cli-plugins");
    for (link, program) in [
        (folder.bin().join("docker"), docker),
        (folder.bin().join("docker-buildx"), buildx(folder)),
        (plugins.join("docker-buildx"), buildx(folder)),
    ] {
        fs_err::create_dir_all(link.parent().unwrap_or(folder.path()))?;
        remove(&link)?;
        fs_err::os::unix::fs::symlink(program, link)?;
    }
    Ok(())
}

fn key(sets: &[PackageSet]) -> String {
    sets.iter().map(|set| set.key() + "\n").collect()
}

/// Deletes what is at `path`, if anything. A child of a program that was killed may still be writing there: then again.
pub(crate) fn remove(path: &camino::Utf8Path) -> io::Result<()> {
    let mut removed = Ok(());
    wait::until(Duration::from_secs(10), || {
        removed = match fs_err::symlink_metadata(path) {
            Ok(found) if found.is_dir() => fs_err::remove_dir_all(path),
            Ok(_) => fs_err::remove_file(path),
            Err(error) => Err(error),
        };
        !removed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::DirectoryNotEmpty)
    });
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
