//! Gets the wheels of the stand-in image from PyPI, by the pip of a Debian package and the machine's own pip settings
//! (index, certificate). Every version and hash is pinned. Never installs anything on the machine.

use crate::{
    SandboxError,
    architecture::Architecture,
    command::Command,
    downloads::{Downloads, digest},
    packages::{self, PackageSet},
};
use camino::{Utf8Path, Utf8PathBuf};
use std::io;

/// The wheels with their hashes.
pub(crate) const REQUIREMENTS: &str = include_str!("../assets/wheels.txt");

/// Wheels that are fetched for the emulator in them, not for Python.
const EMULATOR_WHEEL: &str = "aws_sam_cli-";

/// The folder with the wheels for `architecture`, fetched if need be.
pub(crate) fn fetch(
    downloads: &Downloads,
    architecture: Architecture,
    tmp: &Utf8Path,
) -> Result<Utf8PathBuf, SandboxError> {
    let key = format!("wheels-{}-{}", architecture.name(), digest(REQUIREMENTS));
    downloads.get_or_fetch(&key, |folder| {
        let of_the_image =
            ["--python-version=3.13", "--implementation=cp", "--platform", architecture.wheel_platform()];
        download(downloads, "python3", REQUIREMENTS, folder, &tmp.join(&key), &of_the_image)
    })
}

/// Downloads the wheels of `requirements` into `folder`: those for `python`, unless `arguments` say another. `work` is
/// for what is needed meanwhile.
pub(crate) fn download(
    downloads: &Downloads,
    python: &str,
    requirements: &str,
    folder: &Utf8Path,
    work: &Utf8Path,
    arguments: &[&str],
) -> Result<(), SandboxError> {
    let pip = pip(downloads, work)?;
    let list = work.join("requirements.txt");
    fs_err::write(&list, requirements)?;
    Command::new(python)
        .args([pip.as_str(), "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir"])
        .args(["--no-deps", "--require-hashes", "--only-binary=:all:"])
        .args(arguments.iter().copied())
        .args(["--dest", folder.as_str(), "--requirement", list.as_str()])
        .env("TMPDIR", work.as_str())
        .run()?;
    Ok(fs_err::remove_dir_all(work)?)
}

/// The pip of Debian's package, unpacked below `work`: a wheel that Python runs as it is.
fn pip(downloads: &Downloads, work: &Utf8Path) -> Result<Utf8PathBuf, SandboxError> {
    let native = Architecture::native().unwrap_or(Architecture::Amd64);
    let not_found = || io::Error::new(io::ErrorKind::NotFound, "no pip in the package python3-pip-whl");
    let package = downloads.get(&PackageSet::pip(native).key()).ok_or_else(not_found)?;
    packages::unpack(&package, work)?;
    let wheels = wheels(&work.join("usr/share/python-wheels"))?;
    let wheel =
        wheels.into_iter().find(|wheel| wheel.file_name().is_some_and(|name| name.starts_with("pip-")));
    Ok(wheel.ok_or_else(not_found)?.join("pip"))
}

/// Unpacks the Python packages among the wheels in `folder` into `site_packages`.
pub(crate) fn unpack(folder: &Utf8Path, site_packages: &Utf8Path) -> Result<(), SandboxError> {
    for wheel in wheels(folder)?.iter().filter(|wheel| !is_emulator(wheel)) {
        zip(&["-e", wheel.as_str(), site_packages.as_str()])?;
    }
    Ok(())
}

/// Copies AWS's Runtime Interface Emulator for `architecture` out of the wheels in `folder` to `into`.
pub(crate) fn unpack_emulator(
    folder: &Utf8Path,
    architecture: Architecture,
    into: &Utf8Path,
) -> Result<(), SandboxError> {
    let member = format!("samcli/local/rapid/aws-lambda-rie-{}", architecture.aws_name());
    let script = "import shutil, sys, zipfile\nwith zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as \
                  source, open(sys.argv[3], 'wb') as target:\n    shutil.copyfileobj(source, target)";
    for wheel in wheels(folder)?.iter().filter(|wheel| is_emulator(wheel)) {
        Command::new("python3").args(["-c", script, wheel.as_str(), &member, into.as_str()]).run()?;
    }
    Ok(())
}

fn zip(arguments: &[&str]) -> Result<(), SandboxError> {
    Command::new("python3").args(["-m", "zipfile"]).args(arguments.iter().copied()).run()?;
    Ok(())
}

fn is_emulator(wheel: &Utf8Path) -> bool {
    wheel.file_name().is_some_and(|name| name.starts_with(EMULATOR_WHEEL))
}

fn wheels(folder: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
    let mut wheels: Vec<Utf8PathBuf> = fs_err::read_dir(folder)?
        .map(|entry| Ok(Utf8PathBuf::from_path_buf(entry?.path()).unwrap_or_default()))
        .collect::<io::Result<_>>()?;
    wheels.retain(|file| file.extension() == Some("whl"));
    wheels.sort();
    Ok(wheels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wheel_is_pinned() {
        let lines = REQUIREMENTS.replace("\\\n", " ");
        let requirements: Vec<_> = lines.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(requirements.len(), 5);
        assert!(requirements.iter().all(|line| line.contains("==") && line.contains("--hash=sha256:")));
    }
}
