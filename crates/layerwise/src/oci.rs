//! Any registry that speaks the [OCI distribution protocol](https://github.com/opencontainers/distribution-spec):
//! is an image there, what is its manifest, and how do its parts get there. Never deletes.

mod ask;
mod challenge;
pub mod conformance;
mod credentials;
mod patience;
mod push;
pub mod resolve;
mod session;

use ureq::Agent;
use ureq::http::{Method, Response, StatusCode, header};
use ureq::{Body, config::RedirectAuthHeaders};

use crate::digest::Digest;
use crate::image_ref::ImageRef;
use crate::media_type;
use crate::parallel;
use crate::platform::Platform;
use crate::process::Env;
use crate::registry::{Registry, RegistryError};
use crate::trust;
use ask::Ask;
use credentials::{DockerConfig, is_docker_hub};
use patience::Patience;
pub use push::Content;
use session::{Place, Session, unexpected};

/// Requests that go on at once, each on its own kept-alive connection.
const CONNECTIONS: usize = 8;
/// Bytes of a connection's buffers. Questions and answers are small, and each connection fills its buffers with zeros first.
const BUFFER: usize = 16 << 10;
/// What a manifest or a configuration may measure; the protocol asks registries to take at least 4 MiB.
const LARGEST: u64 = 16 << 20;

/// All registries that image references name, with the credentials of Docker's configuration.
pub struct Oci {
    session: Session,
    insecure: Vec<String>,
}

/// A document of a registry whose bytes are what their digest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The bytes, as stored.
    pub bytes: Vec<u8>,
    /// What the registry says they are.
    pub media_type: String,
    /// Their digest.
    pub digest: Digest,
}

impl Oci {
    /// Credentials, proxy and certificates come from `env`. Registries on loopback addresses and those listed in
    /// `insecure` (`host` or `host:port`) are spoken to without encryption.
    #[must_use]
    pub fn new(env: &Env, insecure: Vec<String>) -> Self {
        Self::with_patience(env, insecure, Patience::default())
    }

    fn with_patience(env: &Env, insecure: Vec<String>, patience: Patience) -> Self {
        let config = move || {
            patience
                .limit(Agent::config_builder())
                .http_status_as_error(false)
                .redirect_auth_headers(RedirectAuthHeaders::Never)
                .max_redirects(5)
                .max_idle_connections_per_host(CONNECTIONS)
                .input_buffer_size(BUFFER)
                .output_buffer_size(BUFFER)
                .user_agent(concat!("layerwise/", env!("CARGO_PKG_VERSION")))
        };
        let local = Agent::new_with_config(config().proxy(None).build());
        let env_of_remote = env.clone();
        let remote = move || {
            let tls = ureq::tls::TlsConfig::builder().root_certs(trust::roots(&env_of_remote)).build();
            Agent::new_with_config(config().tls_config(tls).build())
        };
        Self { session: Session::new(local, remote, DockerConfig::read(env), patience), insecure }
    }

    /// The manifest that `image` names by its digest, or else by its tag; `None` when it is not there.
    ///
    /// # Errors
    /// [`RegistryError`], also when the bytes are not those of the digest.
    pub fn manifest(&self, image: &ImageRef) -> Result<Option<Document>, RegistryError> {
        let (place, repository) = self.place(image);
        let path = format!("manifests/{}", wanted(image));
        let ask = Ask::get(Method::GET, path, media_type::ALL.join(", "));
        let response = self.session.send(&place, &repository, &ask)?;
        let Some(media_type) = manifest_type(&place, &response)? else { return Ok(None) };
        let announced = announced(&place, &response)?;
        let bytes = self.read(&place, response)?;
        let digest = Digest::of(&bytes);
        for expected in announced.into_iter().chain(image.digest()) {
            verify(&place, expected, digest)?;
        }
        Ok(Some(Document { bytes, media_type, digest }))
    }

    /// The blob `digest` of `image`'s repository: a configuration, not a layer, as it is held in memory. `None` when
    /// it is not there.
    ///
    /// # Errors
    /// [`RegistryError`], also when the bytes are not those of the digest.
    pub fn blob(&self, image: &ImageRef, digest: Digest) -> Result<Option<Document>, RegistryError> {
        let (place, repository) = self.place(image);
        let ask = Ask::get(Method::GET, format!("blobs/{digest}"), "*/*");
        let response = self.session.send(&place, &repository, &ask)?;
        if !found(&place, &response)? {
            return Ok(None);
        }
        let media_type = content_type(&response).unwrap_or_default();
        let bytes = self.read(&place, response)?;
        verify(&place, digest, Digest::of(&bytes))?;
        Ok(Some(Document { bytes, media_type, digest }))
    }

    /// The digest of the manifest that `image` names now.
    fn digest(&self, image: &ImageRef) -> Result<Option<Digest>, RegistryError> {
        let (place, repository) = self.place(image);
        let path = format!("manifests/{}", wanted(image));
        let ask = Ask::get(Method::HEAD, path, media_type::ALL.join(", "));
        let response = self.session.send(&place, &repository, &ask)?;
        if manifest_type(&place, &response)?.is_none() {
            return Ok(None);
        }
        match announced(&place, &response)? {
            Some(digest) => Ok(Some(digest)),
            // The header is optional: then the bytes say it.
            None => Ok(self.manifest(image)?.map(|manifest| manifest.digest)),
        }
    }

    fn read(&self, place: &Place, mut response: Response<Body>) -> Result<Vec<u8>, RegistryError> {
        let bytes = response.body_mut().with_config().limit(LARGEST).read_to_vec();
        bytes.map_err(|error| self.session.failed(place, &error))
    }

    fn place(&self, image: &ImageRef) -> (Place, String) {
        let host = image.registry().unwrap_or("docker.io");
        if is_docker_hub(host) {
            let path = image.path();
            let path = if path.contains('/') { path.to_owned() } else { format!("library/{path}") };
            return (Place { host: "docker.io".into(), base: "https://registry-1.docker.io".into() }, path);
        }
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let plain = is_loopback(name) || self.insecure.iter().any(|other| other == host || other == name);
        let scheme = if plain { "http" } else { "https" };
        (Place { host: host.to_owned(), base: format!("{scheme}://{host}") }, image.path().to_owned())
    }
}

impl Registry for Oci {
    fn find(&self, wanted: &[ImageRef]) -> Result<Vec<Option<Digest>>, RegistryError> {
        parallel::ask(wanted, CONNECTIONS, |image| self.digest(image))
    }

    fn violations(
        &self,
        reference: &ImageRef,
        digest: Digest,
        platform: Platform,
    ) -> Result<Vec<String>, RegistryError> {
        let image = reference.at_digest(digest);
        let gone = |what: &str| RegistryError::Unexpected {
            place: self.place(&image).0.host,
            cause: format!("it has no {what} of {image}, which was just confirmed"),
        };
        let manifest = self.manifest(&image)?.ok_or_else(|| gone("manifest"))?;
        let config = match conformance::configuration_of(&manifest.bytes) {
            Some(digest) => self.blob(&image, digest)?.ok_or_else(|| gone("configuration"))?.bytes,
            None => Vec::new(),
        };
        let violations = conformance::check(platform, &manifest.bytes, &config);
        Ok(violations.iter().map(ToString::to_string).collect())
    }
}

/// The part of a path that names a manifest: the digest where the reference is pinned to one.
fn wanted(image: &ImageRef) -> String {
    let digest = image.digest().map(|digest| digest.to_string());
    digest.unwrap_or_else(|| image.tag().unwrap_or("latest").to_owned())
}

fn is_loopback(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn found(place: &Place, response: &Response<Body>) -> Result<bool, RegistryError> {
    match response.status() {
        StatusCode::OK => Ok(true),
        StatusCode::NOT_FOUND => Ok(false),
        status => Err(unexpected(place, &status)),
    }
}

/// The manifest's media type, `None` when there is no manifest. A web server that answers everything with a page is
/// no registry.
fn manifest_type(place: &Place, response: &Response<Body>) -> Result<Option<String>, RegistryError> {
    if !found(place, response)? {
        return Ok(None);
    }
    match content_type(response) {
        Some(media_type) if media_type::ALL.contains(&media_type.as_str()) => Ok(Some(media_type)),
        other => {
            let other = other.unwrap_or("nothing that it names".to_owned());
            Err(unexpected(place, &format!("asked for a manifest, it answers with {other}")))
        }
    }
}

fn content_type(response: &Response<Body>) -> Option<String> {
    let value = response.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
}

/// The digest that the registry announces.
fn announced(place: &Place, response: &Response<Body>) -> Result<Option<Digest>, RegistryError> {
    let Some(value) = response.headers().get("Docker-Content-Digest") else { return Ok(None) };
    let digest = value.to_str().ok().and_then(|text| Digest::parse(text.trim()).ok());
    digest.map(Some).ok_or_else(|| unexpected(place, &format!("{value:?} is no digest")))
}

fn verify(place: &Place, expected: Digest, actual: Digest) -> Result<(), RegistryError> {
    if expected == actual {
        return Ok(());
    }
    Err(unexpected(place, &format!("what it sends as {expected} has the digest {actual}")))
}

#[cfg(test)]
#[path = "oci/tests.rs"]
mod tests;
