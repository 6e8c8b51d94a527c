//! The media types of manifests.

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
