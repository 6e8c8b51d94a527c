//! The Docker engine's own store: is an image there, and what engine is it; and a second name for an image. Builds and
//! containers are other modules' work.

mod endpoint;
mod socket;
mod transfer;

use std::collections::BTreeMap;
use std::time::Duration;

use fs_err as fs;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::tls::{ClientCert, PrivateKey, RootCerts, TlsConfig};
use ureq::{Agent, http::StatusCode};

pub use endpoint::{Endpoint, EngineError, TlsFiles};

use crate::digest::Digest;
use crate::image_ref::ImageRef;
use crate::parallel;
use crate::platform::Platform;
use crate::registry::{Labels, Names, Registry, RegistryError};
use crate::trust;
use socket::{NoResolver, SocketConnector};

/// Requests that go on at once. The containerd store answers one in many small steps, most of which wait for another
/// process: 42 images take 81 ms with 8 connections on two cores, 56 ms with one for each.
const CONNECTIONS: usize = 32;
/// Bytes of a connection's buffers. Questions and answers are small, and each connection fills its buffers with zeros first.
const BUFFER: usize = 16 << 10;
/// A local engine answers within milliseconds; a busy one may take seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to an engine. Cheap to make: nothing is sent before the first question.
pub struct Engine {
    agent: Agent,
    base: String,
    place: String,
}

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The engine's version: `28.5.2`.
    pub version: String,
    /// The newest version of its API: `1.51`.
    pub api_version: String,
    /// `linux`, for anything that can build for Lambda.
    pub os: String,
    /// `x86_64` or `aarch64`.
    pub architecture: String,
    /// How it keeps images.
    pub store: Store,
    /// The storage driver's name: `overlayfs`, `overlay2`.
    pub driver: String,
    /// The folder of its data, on its own host.
    pub root: String,
}

/// How an engine keeps images, which decides by what digest it knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// containerd's: an image is known by its manifest's digest.
    Containerd,
    /// The older one: there are no manifests, an image is known by its configuration's digest.
    GraphDriver,
}

impl Engine {
    /// The engine at `endpoint`.
    ///
    /// # Errors
    /// [`EngineError`] when the address is of a kind that we do not speak or its TLS files cannot be used.
    pub fn at(endpoint: &Endpoint) -> Result<Self, EngineError> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_idle_connections_per_host(CONNECTIONS)
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .timeout_global(Some(PATIENCE))
            .proxy(None);
        let place = endpoint.host.clone();
        if let Some(path) = endpoint.host.strip_prefix("unix://") {
            let agent = Agent::with_parts(config.build(), SocketConnector(path.into()), NoResolver);
            return Ok(Self { agent, base: "http://engine".to_owned(), place });
        }
        let Some(address) = endpoint.host.strip_prefix("tcp://") else {
            let (host, chosen_by) = (endpoint.host.clone(), endpoint.chosen_by.clone());
            return Err(EngineError::NotSupported { host, chosen_by });
        };
        let address = address.trim_end_matches('/');
        let (config, scheme) = match &endpoint.tls {
            Some(files) => (config.tls_config(tls(files)?), "https"),
            None => (config, "http"),
        };
        Ok(Self {
            agent: Agent::new_with_config(config.build()),
            base: format!("{scheme}://{address}"),
            place,
        })
    }

    /// Whether it answers at all, and the newest version of its API.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn ping(&self) -> Result<String, RegistryError> {
        let response = self.agent.get(format!("{}/_ping", self.base)).call();
        let response = response.map_err(|error| self.unreachable(&error))?;
        let version = response.headers().get("Api-Version").and_then(|value| value.to_str().ok());
        match version {
            Some(version) if response.status() == StatusCode::OK => Ok(version.to_owned()),
            _ => Err(self.unexpected(format!("{} to a ping, so it is no Docker engine", response.status()))),
        }
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn about(&self) -> Result<About, RegistryError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Info {
            server_version: String,
            #[serde(rename = "OSType")]
            os_type: String,
            architecture: String,
            driver: String,
            #[serde(default)]
            driver_status: Option<Vec<Vec<String>>>,
            docker_root_dir: String,
        }
        let api_version = self.ping()?;
        let info: Info = self.get("/info")?.ok_or_else(|| self.unexpected("it has no /info".to_owned()))?;
        let containerd = |pair: &Vec<String>| pair.iter().any(|text| text == "io.containerd.snapshotter.v1");
        let store = match info.driver_status.unwrap_or_default().iter().any(containerd) {
            true => Store::Containerd,
            false => Store::GraphDriver,
        };
        Ok(About {
            version: info.server_version,
            api_version,
            os: info.os_type,
            architecture: info.architecture,
            store,
            driver: info.driver,
            root: info.docker_root_dir,
        })
    }

    /// The digest that the engine knows `image` by now, `None` when it has no such image: see [`Store`].
    ///
    /// The image's history tells it too, as the id of its newest entry, and several times faster than the image's
    /// description, whose size the containerd store adds up at each question. An image without a history, and on
    /// engine 26 one of another platform, has to be described.
    fn digest(&self, image: &ImageRef) -> Result<Option<Digest>, RegistryError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Image {
            id: Digest,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Entry {
            id: String,
        }
        match self.get::<Vec<Entry>>(&format!("/images/{image}/history")) {
            Ok(None) => return Ok(None),
            Ok(Some(history)) => {
                if let Some(Ok(digest)) = history.first().map(|newest| Digest::parse(&newest.id)) {
                    return Ok(Some(digest));
                }
            }
            Err(RegistryError::Unexpected { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(self.get::<Image>(&format!("/images/{image}/json"))?.map(|image| image.id))
    }

    /// Asks for `path`; `None` when the engine says that there is no such image.
    fn get<A: DeserializeOwned>(&self, path: &str) -> Result<Option<A>, RegistryError> {
        let mut response = self
            .agent
            .get(format!("{}{path}", self.base))
            .call()
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let body = response.body_mut().read_to_string();
        let body = body.map_err(|error| self.unexpected(error.to_string()))?;
        match status {
            StatusCode::OK => {
                let answer = serde_json::from_str(&body);
                answer.map(Some).map_err(|error| self.unexpected(format!("{path}: {error}")))
            }
            // Any web server says 404; only an engine says this.
            StatusCode::NOT_FOUND if body.to_ascii_lowercase().contains("no such image") => Ok(None),
            _ => Err(self.refused(path, status, &body)),
        }
    }

    fn refused(&self, what: &str, status: StatusCode, body: &str) -> RegistryError {
        let said: String = body.trim().chars().take(200).collect();
        self.unexpected(format!("{what}: {status}: {said}"))
    }

    fn unreachable(&self, error: &ureq::Error) -> RegistryError {
        RegistryError::Unreachable { place: self.place.clone(), cause: error.to_string() }
    }

    fn unexpected(&self, cause: String) -> RegistryError {
        RegistryError::Unexpected { place: self.place.clone(), cause }
    }
}

/// One small question per image, some at a time, and not one list of all: the containerd store adds up the size of each
/// image that it lists, a label filter comes on top, and the list grows with everything else in the store. Measured
/// for 42 images of 44 on two cores: the list takes 190 ms on engine 26 and 280 ms on 28, the questions 45 and 65 ms;
/// with a graph driver both take less than 10.
impl Registry for Engine {
    fn find(&self, wanted: &[ImageRef]) -> Result<Vec<Option<Digest>>, RegistryError> {
        parallel::ask(wanted, CONNECTIONS, |image| self.digest(image))
    }

    /// Lambda takes images from a registry: what one will hold is not decided before the push.
    fn violations(&self, _: &ImageRef, _: Digest, _: Platform) -> Result<Vec<String>, RegistryError> {
        Ok(Vec::new())
    }
}

impl Names for Engine {
    fn name_also(&self, image: &ImageRef, also: &ImageRef) -> Result<(), RegistryError> {
        let request = self.agent.post(format!("{}/images/{image}/tag", self.base));
        let request = request.query("repo", also.repository()).query("tag", also.tag().unwrap_or("latest"));
        let mut response = request.send_empty().map_err(|error| self.unreachable(&error))?;
        if response.status() == StatusCode::CREATED {
            return Ok(());
        }
        let body = response.body_mut().read_to_string().unwrap_or_default();
        Err(self.refused(&format!("{image} as {also}"), response.status(), &body))
    }
}

impl Labels for Engine {
    fn label(&self, image: &ImageRef, name: &str) -> Result<Option<String>, RegistryError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Image {
            #[serde(default)]
            config: Option<Config>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Config {
            #[serde(default)]
            labels: Option<BTreeMap<String, String>>,
        }
        let described = self.get::<Image>(&format!("/images/{image}/json"))?;
        Ok(described.and_then(|image| image.config?.labels?.remove(name)))
    }
}

fn tls(files: &TlsFiles) -> Result<TlsConfig, EngineError> {
    let read = |name: &str| fs::read(files.folder.join(name)).ok();
    let fail = |name: &str, why: String| EngineError::Tls { path: files.folder.join(name), why };
    let mut config = TlsConfig::builder().disable_verification(!files.verify);
    if let Some(pem) = read("ca.pem") {
        let certificates = trust::certificates(&pem);
        if certificates.is_empty() {
            return Err(fail("ca.pem", "it holds no certificate".to_owned()));
        }
        config = config.root_certs(RootCerts::new_with_certs(&certificates));
    }
    if let (Some(certificate), Some(key)) = (read("cert.pem"), read("key.pem")) {
        let key = PrivateKey::from_pem(&key).map_err(|error| fail("key.pem", error.to_string()))?;
        let chain = trust::certificates(&certificate);
        config = config.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
    }
    Ok(config.build())
}

#[cfg(test)]
#[path = "engine/tests.rs"]
mod tests;
