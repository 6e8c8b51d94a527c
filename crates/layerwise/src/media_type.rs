//! The media types of manifests, and of what Lambda images are made of. Words only.

/// One image, in OCI's form.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Several manifests, in OCI's form.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// One image, in Docker's form (version 2, schema 2).
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Several manifests, in Docker's form.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// All that we understand. A registry that is not told so may answer with an ancient form of the manifest, of
/// another digest.
pub const ALL: [&str; 4] = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST];

/// A configuration, in OCI's form.
pub const OCI_CONFIGURATION: &str = "application/vnd.oci.image.config.v1+json";
/// A configuration, in Docker's form.
pub const DOCKER_CONFIGURATION: &str = "application/vnd.docker.container.image.v1+json";
/// A layer compressed with gzip, in OCI's form.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// A layer compressed with gzip, in Docker's form.
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
