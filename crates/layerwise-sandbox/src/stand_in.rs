//! The stand-in for AWS's Lambda base image for Python, in the engine's store under AWS's own name: `FROM` finds it
//! there and asks no registry. Never pushes it anywhere.

use crate::{
    SandboxError, architecture::Architecture, command::CommandError, downloads::digest, engine,
    folder::Folder, root, rootfs,
};
use camino::Utf8PathBuf;

const DOCKERFILE: &str = include_str!("../assets/Dockerfile");

/// The name of the image; its platforms have tags of their own beside it, as AWS's have.
pub(crate) const IMAGE: &str = "public.ecr.aws/lambda/python:3.13";

/// Whether the engine has the image.
pub(crate) fn is_built(folder: &Folder, architectures: &[Architecture]) -> bool {
    fs_err::read_to_string(built(folder)).is_ok_and(|found| found == key(architectures))
        && engine::has_image(folder, IMAGE)
}

/// Builds the image for `architectures` together, and each alone under its own tag.
pub(crate) fn build(folder: &Folder, architectures: &[Architecture]) -> Result<(), SandboxError> {
    fs_err::write(folder.stand_in().join("Dockerfile"), DOCKERFILE)?;
    let platforms: Vec<_> = architectures.iter().map(|architecture| platforms(*architecture)).collect();
    buildx(folder, &platforms.join(","), IMAGE)?;
    for (architecture, platforms) in architectures.iter().zip(&platforms) {
        buildx(folder, platforms, &format!("{IMAGE}-{}", architecture.aws_name()))?;
    }
    Ok(fs_err::write(built(folder), key(architectures))?)
}

/// The architecture, and a variant of it that nobody asks for: of several platforms BuildKit makes an index, as AWS's
/// images are. A `FROM` for another platform then fails; a single manifest would be taken for whatever is asked.
fn platforms(architecture: Architecture) -> String {
    let variant = match architecture {
        Architecture::Amd64 => "v2",
        Architecture::Arm64 => "v9",
    };
    let name = architecture.name();
    format!("linux/{name},linux/{name}/{variant}")
}

fn buildx(folder: &Folder, platforms: &str, tag: &str) -> Result<(), CommandError> {
    root::command(folder, "usr/libexec/docker/cli-plugins/docker-buildx")
        .args(["build", "--provenance=false", "--progress=plain", "--platform", platforms, "--tag", tag])
        .arg(folder.stand_in())
        .env("DOCKER_HOST", format!("unix://{}", folder.socket()))
        .env("DOCKER_CONFIG", folder.docker_config())
        // The image's time; with it the same archives give the same digest.
        .env("SOURCE_DATE_EPOCH", rootfs::TIME)
        .run()?;
    Ok(())
}

fn key(architectures: &[Architecture]) -> String {
    let archives: String =
        architectures.iter().map(|architecture| rootfs::key(*architecture) + "\n").collect();
    let platforms: Vec<_> = architectures.iter().map(|architecture| platforms(*architecture)).collect();
    format!("{archives}{}\n{}\n", digest(DOCKERFILE), platforms.join(","))
}

/// A file that names what the engine's image was made of.
fn built(folder: &Folder) -> Utf8PathBuf {
    folder.path().join("stand-in.built")
}
