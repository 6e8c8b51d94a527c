//! One request to a registry: proves who we are when asked to, tries again what may pass, and never takes a failure
//! for an answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use ureq::http::{HeaderValue, Response, StatusCode, header};
use ureq::{Agent, Body, ResponseExt};

use super::ask::Ask;
use super::challenge::{self, Challenge};
use super::credentials::{Credentials, DockerConfig};
use super::patience::{Patience, TRIES};
use crate::registry::RegistryError;

/// The longest time that a registry may have us wait before a new try.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Where requests go: a registry's host and the scheme to reach it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Host and port, as image references write it.
    pub host: String,
    /// `https://host`, or `http://host` where that is allowed.
    pub base: String,
}

/// Connections, credentials and tokens for any number of registries.
pub struct Session {
    /// For loopback hosts: no proxy, no certificates to be loaded.
    local: Agent,
    remote: std::sync::OnceLock<Agent>,
    make_remote: Box<dyn Fn() -> Agent + Send + Sync>,
    config: Result<DockerConfig, String>,
    credentials: Slots<Credentials>,
    /// Values of the `Authorization` header, by registry for Basic and by registry and repository for tokens.
    authorizations: Slots<String>,
    patience: Patience,
}

/// Values by key, each made once: whoever needs one that is being made waits for it.
type Slots<T> = Mutex<BTreeMap<String, Arc<Mutex<Option<T>>>>>;

impl Session {
    /// `local` reaches loopback hosts, `make_remote` makes on first need what reaches all others; both wait as `patience`
    /// says.
    pub fn new(
        local: Agent,
        make_remote: impl Fn() -> Agent + Send + Sync + 'static,
        config: Result<DockerConfig, String>,
        patience: Patience,
    ) -> Self {
        Self {
            local,
            remote: std::sync::OnceLock::new(),
            make_remote: Box::new(make_remote),
            config,
            credentials: Slots::default(),
            authorizations: Slots::default(),
            patience,
        }
    }

    /// Sends a request for something in `repository` and answers what is not a matter of access or of trying again:
    /// for a question in practice 200 and 404.
    pub fn send(
        &self,
        place: &Place,
        repository: &str,
        ask: &Ask<'_>,
    ) -> Result<Response<Body>, RegistryError> {
        let url = match ask.path.contains("://") {
            true => ask.path.clone(),
            false => format!("{}/v2/{repository}/{}", place.base, ask.path),
        };
        let agent = self.agent(&place.base);
        let mut refused = None;
        loop {
            let authorization = self.known_authorization(place, repository);
            let tries = if ask.once { 1 } else { TRIES };
            let patience = if ask.is_long() { self.patience.stretched() } else { self.patience };
            let response = self.patiently(place, patience, tries, || {
                let request = ask.request(&url, authorization.as_deref())?;
                match ask.is_long() {
                    true => {
                        let request = agent.configure_request(request);
                        agent.run(patience.limit_transfer(ask.bytes(), request).build())
                    }
                    false => agent.run(request),
                }
            })?;
            if place.base.starts_with("https:") && response.get_uri().scheme_str() != Some("https") {
                return Err(unexpected(place, &"it redirects to a place without encryption"));
            }
            let refuses = matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            // Whoever it redirects to could name a token server of its own, and have our login sent there.
            if refuses && let Some(other) = elsewhere(place, &response) {
                let status = response.status();
                return Err(unauthorized(place, &format!("it redirects to {other}, which answers {status}")));
            }
            match response.status() {
                // Once for a first challenge, once more for a token whose time is over.
                StatusCode::UNAUTHORIZED if refused.is_none() || refused != authorization => {
                    let offered = response.headers().get_all(header::WWW_AUTHENTICATE);
                    let offered: Vec<_> = offered.iter().filter_map(|value| value.to_str().ok()).collect();
                    let challenge = challenge::parse(&offered.join(", "));
                    let challenge =
                        challenge.ok_or_else(|| unauthorized(place, "401 Unauthorized, without a way in"))?;
                    self.authorize(place, repository, &challenge, authorization.as_deref())?;
                    refused = Some(authorization.unwrap_or_default());
                }
                status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                    return Err(unauthorized(place, &format!("{status} for {repository}")));
                }
                _ => return Ok(response),
            }
        }
    }

    /// Tries again, a few times and later each time, what may pass: a lost connection, throttling, a server's own
    /// trouble.
    fn patiently(
        &self,
        place: &Place,
        patience: Patience,
        most: u32,
        ask: impl Fn() -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, RegistryError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let wait = match ask() {
                Ok(response) if is_trouble(response.status()) => {
                    if tries == most {
                        let status = response.status();
                        let often = if tries == 1 { String::new() } else { format!(", {tries} times") };
                        return Err(unexpected(place, &format!("{status}{often}")));
                    }
                    self.wait(tries, response.headers().get(header::RETRY_AFTER))
                }
                Ok(response) => return Ok(response),
                Err(error) if tries < Patience::tries(&error).min(most) => self.wait(tries, None),
                Err(error) => return Err(failed(place, patience, &error)),
            };
            std::thread::sleep(wait);
        }
    }

    /// What it means that the reading of an answer ended like this.
    pub fn failed(&self, place: &Place, error: &ureq::Error) -> RegistryError {
        failed(place, self.patience, error)
    }

    fn agent(&self, url: &str) -> &Agent {
        match url.starts_with("http:") {
            true => &self.local,
            false => self.remote.get_or_init(&self.make_remote),
        }
    }

    /// Waits before another attempt at something of several requests.
    pub fn pause(&self, attempts: usize) {
        std::thread::sleep(self.wait(u32::try_from(attempts).unwrap_or(TRIES), None));
    }

    /// What the registry asks for, or else a time that doubles with each try, and up to half as long again, so that
    /// many clients do not come back at the same moment.
    fn wait(&self, tries: u32, asked: Option<&HeaderValue>) -> Duration {
        let asked = asked.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
        let usual = self.patience.first_wait * 2u32.pow(tries - 1);
        let jitter = std::time::UNIX_EPOCH.elapsed().map_or(0, |now| now.subsec_nanos() % 1000);
        asked.unwrap_or(usual + usual * jitter / 2000).min(LONGEST_WAIT)
    }

    fn known_authorization(&self, place: &Place, repository: &str) -> Option<String> {
        let known = |key: &str| {
            let slot = slot(&self.authorizations, key);
            slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
        };
        known(&place.host).or_else(|| known(&format!("{}/{repository}", place.host)))
    }

    /// Makes the authorization that `challenge` wants, unless somebody else has made a newer one than `refused`.
    fn authorize(
        &self,
        place: &Place,
        repository: &str,
        challenge: &Challenge,
        refused: Option<&str>,
    ) -> Result<(), RegistryError> {
        let key = match challenge {
            Challenge::Basic => place.host.clone(),
            Challenge::Bearer { .. } => format!("{}/{repository}", place.host),
        };
        let slot = slot(&self.authorizations, &key);
        let mut value = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if value.is_some() && value.as_deref() != refused {
            return Ok(());
        }
        *value = None;
        let credentials = self.credentials(place)?;
        *value = Some(match challenge {
            Challenge::Basic => basic(&credentials)
                .ok_or_else(|| unauthorized(place, "it asks for a login, and we have none"))?,
            Challenge::Bearer { realm, service, scope } => {
                let scope = scope.clone().unwrap_or_else(|| format!("repository:{repository}:pull"));
                self.token(place, realm, service.as_deref(), &scope, &credentials)?
            }
        });
        Ok(())
    }

    fn credentials(&self, place: &Place) -> Result<Credentials, RegistryError> {
        let slot = slot(&self.credentials, &place.host);
        let mut value = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(credentials) = value.as_ref() {
            return Ok(credentials.clone());
        }
        let config = self.config.as_ref().map_err(|error| unauthorized(place, error))?;
        let credentials = config.credentials(&place.host).map_err(|error| unauthorized(place, &error))?;
        Ok(value.insert(credentials).clone())
    }

    /// A token from the token server `realm`.
    fn token(
        &self,
        place: &Place,
        realm: &str,
        service: Option<&str>,
        scope: &str,
        credentials: &Credentials,
    ) -> Result<String, RegistryError> {
        #[derive(Deserialize)]
        struct Answer {
            token: Option<String>,
            access_token: Option<String>,
        }
        if !(realm.starts_with("https://") || place.base.starts_with("http:") && realm.starts_with("http://"))
        {
            return Err(unexpected(place, &"its token server would read our credentials without encryption"));
        }
        let agent = self.agent(realm);
        let service = service.map(|service| ("service", service));
        let mut response = self.patiently(place, self.patience, TRIES, || match credentials {
            Credentials::IdentityToken(token) => {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("client_id", "layerwise"),
                    ("scope", scope),
                    ("refresh_token", token),
                ];
                agent.post(realm).send_form(form.into_iter().chain(service))
            }
            _ => {
                // One that is about two repositories names both, with a space between.
                let scopes = scope.split(' ').map(|scope| ("scope", scope));
                let mut request = agent.get(realm).query_pairs(scopes).query_pairs(service);
                if let Some(authorization) = basic(credentials) {
                    request = request.header(header::AUTHORIZATION, authorization);
                }
                request.call()
            }
        })?;
        let status = response.status();
        if status.is_client_error() {
            return Err(unauthorized(place, &format!("its token server answers {status} for {scope}")));
        }
        let body = response.body_mut().read_to_vec().unwrap_or_default();
        // The answer itself is never repeated: it holds the token.
        let answer: Option<Answer> = serde_json::from_slice(&body).ok().filter(|_| status.is_success());
        let token =
            answer.and_then(|answer| answer.token.or(answer.access_token)).filter(|token| !token.is_empty());
        let token = token
            .ok_or_else(|| unexpected(place, &format!("its token server answers {status} and no token")))?;
        Ok(format!("Bearer {token}"))
    }
}

/// What it means that a request ended like this.
fn failed(place: &Place, patience: Patience, error: &ureq::Error) -> RegistryError {
    match error {
        ureq::Error::Protocol(_)
        | ureq::Error::TooManyRedirects
        | ureq::Error::RedirectFailed
        | ureq::Error::BodyExceedsLimit(_) => unexpected(place, error),
        _ => RegistryError::Unreachable { place: place.host.clone(), cause: patience.cause(error) },
    }
}

/// The host that answered, when a redirect led to another one than the registry's.
fn elsewhere(place: &Place, response: &Response<Body>) -> Option<String> {
    let host = response.get_uri().authority()?.as_str();
    let own = place.base.split("://").nth(1)?;
    (!host.eq_ignore_ascii_case(own)).then(|| host.to_owned())
}

fn basic(credentials: &Credentials) -> Option<String> {
    match credentials {
        Credentials::Basic { user, secret } => {
            Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{secret}"))))
        }
        Credentials::None | Credentials::IdentityToken(_) => None,
    }
}

fn slot<T>(slots: &Slots<T>, key: &str) -> Arc<Mutex<Option<T>>> {
    slots.lock().unwrap_or_else(PoisonError::into_inner).entry(key.to_owned()).or_default().clone()
}

fn is_trouble(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

fn unauthorized(place: &Place, cause: &str) -> RegistryError {
    RegistryError::Unauthorized { place: place.host.clone(), cause: cause.to_owned() }
}

/// An answer that the protocol does not know.
pub fn unexpected(place: &Place, cause: &dyn std::fmt::Display) -> RegistryError {
    RegistryError::Unexpected { place: place.host.clone(), cause: cause.to_string() }
}
