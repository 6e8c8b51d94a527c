//! How blobs and manifests get into a registry, and blobs out of it, as the
//! [distribution specification](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push) says. What
//! was sent is verified by the registry, which knows each digest; nothing here gives a tag before all else is there.

use std::io::Read;

use camino::Utf8Path;
use ureq::http::{Method, Response, StatusCode, header};
use ureq::{Body, ResponseExt};

use super::ask::{Ask, Brings, LAYER};
use super::session::{Place, unexpected};
use super::{Oci, found, wanted};
use crate::digest::Digest;
use crate::image_ref::ImageRef;
use crate::registry::RegistryError;

/// A blob to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// Held in memory.
    Bytes(&'a [u8]),
    /// A file with so many bytes.
    File(&'a Utf8Path, u64),
}

/// Times that one upload is begun, or gone on with.
const ATTEMPTS: usize = 4;
/// From so many bytes on an upload that breaks off is gone on with where it broke off.
const LARGE: u64 = 8 << 20;

impl Oci {
    /// Whether the repository of `image` has the blob `digest`.
    ///
    /// # Errors
    /// [`RegistryError`] when it cannot be told.
    pub fn has_blob(&self, image: &ImageRef, digest: Digest) -> Result<bool, RegistryError> {
        let (place, repository) = self.place(image);
        let ask = Ask::get(Method::HEAD, format!("blobs/{digest}"), "*/*");
        found(&place, &self.session.send(&place, &repository, &ask)?)
    }

    /// Reads the blob `digest` of `image`'s repository, however large: `None` when it is not there. The reader does not
    /// verify it.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn open_blob(
        &self,
        image: &ImageRef,
        digest: Digest,
    ) -> Result<Option<impl Read + use<>>, RegistryError> {
        let (place, repository) = self.place(image);
        let ask = Ask::get(Method::GET, format!("blobs/{digest}"), LAYER);
        let response = self.session.send(&place, &repository, &ask)?;
        let is_there = found(&place, &response)?;
        Ok(is_there.then(|| response.into_body().into_with_config().limit(u64::MAX).reader()))
    }

    /// Lets the repository of `to` have the blob `digest` that the repository of `from`, in the same registry, has. Answers
    /// whether the registry did it: not all do.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn mount_blob(&self, to: &ImageRef, from: &ImageRef, digest: Digest) -> Result<bool, RegistryError> {
        let (place, repository) = self.place(to);
        let (_, source) = self.place(from);
        let path = format!("blobs/uploads/?mount={digest}&from={source}");
        let ask = Ask::bring(Method::POST, path, EMPTY).again();
        let response = self.session.send(&place, &repository, &ask)?;
        match response.status() {
            StatusCode::CREATED => Ok(true),
            StatusCode::ACCEPTED => Ok(false),
            // Some say so when they do not know the blob.
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST | StatusCode::METHOD_NOT_ALLOWED => Ok(false),
            status => Err(unexpected(&place, &format!("{status} to a mount of {digest}"))),
        }
    }

    /// Sends the blob `digest` to the repository of `image`.
    ///
    /// # Errors
    /// [`RegistryError`], after several attempts where another one may help.
    pub fn send_blob(
        &self,
        image: &ImageRef,
        digest: Digest,
        content: Content<'_>,
    ) -> Result<(), RegistryError> {
        let (place, repository) = self.place(image);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let sent = self.begin(&place, &repository).and_then(|location| match content {
                Content::File(path, size) if size >= LARGE => {
                    self.send_in_parts(&place, &repository, location, digest, path, size)
                }
                _ => self.send_at_once(&place, &repository, &location, digest, content),
            });
            match sent {
                Err(RegistryError::Unauthorized { .. }) => return sent,
                Err(_) if attempts < ATTEMPTS => self.session.pause(attempts),
                _ => return sent,
            }
        }
    }

    /// Gives `image`, by its tag, this manifest.
    ///
    /// # Errors
    /// [`RegistryError`], also when the registry holds it for another one.
    pub fn put_manifest(
        &self,
        image: &ImageRef,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, RegistryError> {
        let (place, repository) = self.place(image);
        let brings = Brings::Bytes(bytes, media_type);
        // The same bytes under the same name: whoever is not sure whether they arrived sends them again.
        let ask = Ask::bring(Method::PUT, format!("manifests/{}", wanted(image)), brings).again();
        let response = self.session.send(&place, &repository, &ask)?;
        if response.status() != StatusCode::CREATED {
            return Err(refused(&place, "the manifest", response));
        }
        let digest = Digest::of(bytes);
        match super::announced(&place, &response)? {
            Some(other) if other != digest => {
                Err(unexpected(&place, &format!("it took the manifest {digest} for {other}")))
            }
            _ => Ok(digest),
        }
    }

    /// Where an upload goes.
    fn begin(&self, place: &Place, repository: &str) -> Result<String, RegistryError> {
        let ask = Ask::bring(Method::POST, "blobs/uploads/", EMPTY);
        let response = self.session.send(place, repository, &ask)?;
        match response.status() {
            StatusCode::ACCEPTED => location(place, &response),
            _ => Err(refused(place, "an upload", response)),
        }
    }

    fn send_at_once(
        &self,
        place: &Place,
        repository: &str,
        location: &str,
        digest: Digest,
        content: Content<'_>,
    ) -> Result<(), RegistryError> {
        let brings = match content {
            Content::Bytes(bytes) => Brings::Bytes(bytes, OCTETS),
            Content::File(path, size) => Brings::File(path, 0, size),
        };
        let ask = Ask::bring(Method::PUT, with_digest(location, digest), brings);
        let response = self.session.send(place, repository, &ask)?;
        match response.status() {
            StatusCode::CREATED => Ok(()),
            _ => Err(refused(place, "a blob", response)),
        }
    }

    /// One part that is the whole, unless the connection breaks: then the registry is asked how far it came.
    fn send_in_parts(
        &self,
        place: &Place,
        repository: &str,
        mut location: String,
        digest: Digest,
        path: &Utf8Path,
        size: u64,
    ) -> Result<(), RegistryError> {
        let (mut from, mut breaks) = (0, 0);
        while from < size {
            let ask = Ask::bring(Method::PATCH, location.clone(), Brings::File(path, from, size - from));
            match self.session.send(place, repository, &ask) {
                Ok(response) if response.status() == StatusCode::ACCEPTED => {
                    location = self::location(place, &response)?;
                    from = size;
                }
                Ok(response) => return Err(refused(place, "a part of a blob", response)),
                Err(RegistryError::Unreachable { .. } | RegistryError::Unexpected { .. })
                    if breaks < ATTEMPTS =>
                {
                    breaks += 1;
                    self.session.pause(breaks);
                    let ask = Ask::get(Method::GET, location.clone(), "*/*");
                    let response = self.session.send(place, repository, &ask)?;
                    if response.status() != StatusCode::NO_CONTENT {
                        return Err(refused(place, "to go on with an upload", response));
                    }
                    from = arrived(&response);
                    location = self::location(place, &response)?;
                }
                Err(error) => return Err(error),
            }
        }
        self.send_at_once(place, repository, &location, digest, Content::Bytes(&[]))
    }
}

const OCTETS: &str = "application/octet-stream";
/// A body without bytes.
const EMPTY: Brings<'static> = Brings::Bytes(&[], OCTETS);

/// How many bytes have arrived: the registry names the last one, and nothing or `0-0` before the first.
fn arrived(response: &Response<Body>) -> u64 {
    let range = response.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
    let last = range.and_then(|range| range.rsplit('-').next()?.parse::<u64>().ok()).unwrap_or(0);
    if last == 0 { 0 } else { last + 1 }
}

/// The address that the registry gives, which must be its own: our login goes there.
fn location(place: &Place, response: &Response<Body>) -> Result<String, RegistryError> {
    let given = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let given = given.ok_or_else(|| unexpected(place, &"it does not say where an upload goes"))?;
    if given.starts_with('/') {
        return Ok(format!("{}{given}", place.base));
    }
    if given.strip_prefix(&place.base).is_some_and(|rest| rest.starts_with('/')) {
        return Ok(given.to_owned());
    }
    Err(unexpected(
        place,
        &format!("it sends an upload elsewhere: {}", given.split('?').next().unwrap_or(given)),
    ))
}

fn with_digest(location: &str, digest: Digest) -> String {
    let separator = if location.contains('?') { '&' } else { '?' };
    format!("{location}{separator}digest={digest}")
}

/// What the registry says of a request that it does not grant.
fn refused(place: &Place, what: &str, mut response: Response<Body>) -> RegistryError {
    let said = response.body_mut().with_config().limit(64 << 10).read_to_string().unwrap_or_default();
    let said: String = said.trim().chars().take(200).collect();
    let status = response.status();
    unexpected(place, &format!("{status} for {what} at {}: {said}", response.get_uri().path()))
}
