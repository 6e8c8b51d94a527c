//! Assembles the file system of the stand-in for AWS's Python image, laid out as theirs: Python in `/var/lang` with its
//! own `site-packages`, the runtime client, the emulator, a shell. The archive has the same bytes for the same packages.
//! Never runs a program of it, so that it is made for any architecture.

use crate::{
    SandboxError,
    architecture::Architecture,
    command::Command,
    downloads::{Downloads, digest},
    folder::Folder,
    packages::{self, PackageSet},
    root::remove,
    wheels,
};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err::os::unix::fs::symlink;
use std::{io, os::unix::fs::PermissionsExt};

/// Programs and settings that are ours.
const FILES: [(&str, &str); 12] = [
    ("lambda-entrypoint.sh", include_str!("../assets/lambda-entrypoint.sh")),
    ("var/runtime/bootstrap", include_str!("../assets/bootstrap")),
    ("var/lang/bin/pip", PIP),
    ("var/lang/bin/pip3", PIP),
    ("var/lang/bin/pip3.13", PIP),
    // A virtual environment over Debian's Python: with it `sys.prefix` is /var/lang, and pip installs there.
    ("var/lang/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.13\n"),
    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
    ("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
    ("etc/nsswitch.conf", "hosts: files dns\n"),
    ("etc/os-release", OS_RELEASE),
    ("root/.keep", ""),
    ("opt/.keep", ""),
];
const PIP: &str = include_str!("../assets/pip");
const OS_RELEASE: &str = "ID=debian\nVERSION_ID=\"13\"\nNAME=\"Layerwise stand-in for AWS Lambda Python\"\n";

/// Which of [`FILES`] are programs, by where they lie.
const PROGRAMS: [&str; 3] = ["lambda-entrypoint.sh", "var/runtime/", "var/lang/bin/"];

const SITE_PACKAGES: &str = "var/lang/lib/python3.13/site-packages";
const EMULATOR: &str = "usr/local/bin/aws-lambda-rie";

/// What Debian's packages have and a Lambda has not.
const SUPERFLUOUS: [&str; 13] = [
    "usr/share/applications",
    "usr/share/bug",
    "usr/share/ca-certificates",
    "usr/share/doc",
    "usr/share/doc-base",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/perl5",
    "usr/share/pixmaps",
    "usr/lib/python3.13/EXTERNALLY-MANAGED",
    "usr/lib/python3.13/pydoc_data",
];

/// The time of every file: the earliest that a zip archive can express.
pub(crate) const TIME: &str = "315532800";

/// Makes the archives for `architectures`, the machine's own first.
pub(crate) fn make(
    folder: &Folder,
    downloads: &Downloads,
    architectures: &[Architecture],
) -> Result<(), SandboxError> {
    fs_err::create_dir_all(folder.stand_in())?;
    for architecture in architectures {
        let wheels = wheels::fetch(downloads, *architecture, &folder.tmp())?;
        archive(folder, downloads, *architecture, &wheels)?;
        fs_err::write(key_path(folder, *architecture), key(*architecture))?;
    }
    Ok(())
}

/// Whether the archive for `architecture` is there.
pub(crate) fn is_made(folder: &Folder, architecture: Architecture) -> bool {
    fs_err::read_to_string(key_path(folder, architecture)).is_ok_and(|found| found == key(architecture))
}

fn archive(
    folder: &Folder,
    downloads: &Downloads,
    architecture: Architecture,
    wheels: &Utf8Path,
) -> Result<(), SandboxError> {
    let set = PackageSet::image(architecture);
    let packages = downloads.get(&set.key()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let tree = folder.tmp().join(format!("rootfs-{}", architecture.name()));
    remove(&tree)?;
    for directory in ["bin", "sbin", "lib", "lib64"] {
        fs_err::create_dir_all(tree.join("usr").join(directory))?;
        symlink(format!("usr/{directory}"), tree.join(directory))?;
    }
    packages::unpack(&packages, &tree)?;
    let certificates = certificates(&tree)?;
    for path in SUPERFLUOUS {
        remove(&tree.join(path))?;
    }
    for directory in ["dev", "etc/ssl/certs", "home", "proc", "run", "sys", "tmp", "usr/lib/ssl", "var/task"]
    {
        fs_err::create_dir_all(tree.join(directory))?;
    }
    fs_err::write(tree.join("etc/ssl/certs/ca-certificates.crt"), certificates)?;
    link(&tree, "usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt")?;
    link(&tree, "etc/localtime", "/usr/share/zoneinfo/UTC")?;
    link_applets(folder, &tree, architecture)?;
    write_files(&tree)?;
    link(&tree, "var/lang/bin/python3.13", "/usr/bin/python3.13")?;
    link(&tree, "var/lang/bin/python3", "python3.13")?;
    link(&tree, "var/lang/bin/python", "python3.13")?;
    fs_err::create_dir_all(tree.join(SITE_PACKAGES))?;
    wheels::unpack(wheels, &tree.join(SITE_PACKAGES))?;
    fs_err::create_dir_all(tree.join("usr/local/bin"))?;
    wheels::unpack_emulator(wheels, architecture, &tree.join(EMULATOR))?;
    fs_err::set_permissions(tree.join(EMULATOR), PermissionsExt::from_mode(0o755))?;
    pack(&tree, &path(folder, architecture))?;
    Ok(remove(&tree)?)
}

/// Where the archive lies, in the build context of the image.
fn path(folder: &Folder, architecture: Architecture) -> Utf8PathBuf {
    folder.stand_in().join(format!("rootfs-{}.tar", architecture.name()))
}

/// A file that names what the archive was made of.
fn key_path(folder: &Folder, architecture: Architecture) -> Utf8PathBuf {
    path(folder, architecture).with_extension("key")
}

/// Names what the archive is made of. This file is a part of that.
pub(crate) fn key(architecture: Architecture) -> String {
    let ours: String = FILES.iter().map(|(_, text)| *text).collect();
    PackageSet::image(architecture).key()
        + "-"
        + &digest(&(ours + wheels::REQUIREMENTS + include_str!("rootfs.rs")))
}

/// One file with the certificates of Debian's package, as its script would make it.
fn certificates(tree: &Utf8Path) -> io::Result<String> {
    let mut files: Vec<_> = fs_err::read_dir(tree.join("usr/share/ca-certificates/mozilla"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    files.sort();
    files.iter().map(fs_err::read_to_string).collect()
}

/// The shell and its tools: one program under many names. It can be asked for them only on its own architecture, so the
/// machine's own is asked, once, when its archive is made.
fn link_applets(folder: &Folder, tree: &Utf8Path, architecture: Architecture) -> Result<(), SandboxError> {
    let list = folder.stand_in().join("applets");
    if Some(architecture) == Architecture::native() {
        fs_err::write(&list, Command::new(tree.join("usr/bin/busybox")).arg("--list").run()?)?;
    }
    for applet in fs_err::read_to_string(&list)?.lines() {
        let path = tree.join("usr/bin").join(applet);
        if fs_err::symlink_metadata(&path).is_err() {
            symlink("busybox", path)?;
        }
    }
    Ok(())
}

fn link(tree: &Utf8Path, path: &str, to: &str) -> io::Result<()> {
    let path = tree.join(path);
    remove(&path)?;
    symlink(to, path)
}

fn write_files(tree: &Utf8Path) -> io::Result<()> {
    for (name, text) in FILES {
        let path = tree.join(name);
        fs_err::create_dir_all(path.parent().unwrap_or(tree))?;
        fs_err::write(&path, text)?;
        let mode = if PROGRAMS.iter().any(|place| name.starts_with(place)) { 0o755 } else { 0o644 };
        fs_err::set_permissions(&path, PermissionsExt::from_mode(mode))?;
    }
    Ok(())
}

/// Writes the archive: order, owners and times do not depend on the machine, nor do permissions on its umask.
fn pack(tree: &Utf8Path, archive: &Utf8Path) -> Result<(), SandboxError> {
    Command::new("chmod").args(["-R", "u=rwX,go=rX", tree.as_str()]).run()?;
    fs_err::set_permissions(tree.join("tmp"), PermissionsExt::from_mode(0o1777))?;
    let partial = archive.with_extension("partial");
    let time = format!("--mtime=@{TIME}");
    Command::new("tar")
        .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu", &time])
        .args(["-C", tree.as_str(), "-cf", partial.as_str(), "."])
        .run()?;
    Ok(fs_err::rename(partial, archive)?)
}
