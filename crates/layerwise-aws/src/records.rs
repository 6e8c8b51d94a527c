//! Records in S3: `<prefix>/v1/<image>/<architecture>/<64 hex>.record`, each written once and by its first writer. Beside
//! them one object `latest`, which names the newest and is read only to explain a difference.

use std::sync::OnceLock;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use layerwise::digest::Digest;
use layerwise::name::Name;
use layerwise::platform::Platform;
use layerwise::record::{Record, RecordError, RecordKey};
use layerwise::store::{Lookup, RecordStore, StoreError};

use crate::address::Address;
use crate::problem::{Asked, Problem};
use crate::session::Session;

/// A record is some kilobytes; a hundred thousand input files make 10 MB.
const LARGEST: i64 = 64 << 20;
/// How often an answer that breaks off, or a write that collides with another's, is tried again.
const AGAIN: usize = 3;

const PROBE: &[u8] = b"This object shows that records can be written here, each once.\n";

/// What tells that nothing is under a key, given the permission to know it.
const READ: &str = "s3:GetObject on its objects and s3:ListBucket on the bucket";
const WRITE: &str = "s3:PutObject on its objects";
const REMOVE: &str = "s3:DeleteObject on its objects";

/// Records below an address in S3.
pub(crate) struct S3Store {
    address: Address,
    /// `bucket x`, for messages.
    thing: String,
    session: Session,
    client: OnceLock<Client>,
}

/// What became of a write.
enum Written {
    Yes,
    /// There was one already.
    No,
    /// Somebody writes the same object at this moment.
    Collided,
}

impl S3Store {
    pub(crate) fn new(address: Address, session: Session) -> Self {
        let thing = format!("bucket `{}`", address.bucket);
        Self { address, thing, session, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&Client, Problem> {
        let config = self.session.config()?;
        Ok(self.client.get_or_init(|| Client::new(config)))
    }

    fn asked<'a>(&'a self, permissions: &'a str) -> Asked<'a> {
        Asked { permissions, thing: &self.thing }
    }

    /// The object's bytes, or nothing.
    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Problem> {
        let client = self.client()?;
        let mut cut = None;
        for _ in 0..AGAIN {
            let request = client.get_object().bucket(&self.address.bucket).key(key);
            let object = match self.session.wait(request.send())? {
                Ok(object) => object,
                Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => {
                    return Ok(None);
                }
                Err(error) => return Err(Problem::of(&error, self.asked(READ))),
            };
            if object.content_length().is_some_and(|length| length > LARGEST) {
                // It is read as what it is: not a record.
                return Ok(Some(Vec::new()));
            }
            match self.session.wait(object.body.collect())? {
                Ok(body) => return Ok(Some(body.to_vec())),
                Err(error) => cut = Some(Problem::cut(&error)),
            }
        }
        cut.map_or(Ok(None), Err)
    }

    fn write(&self, key: &str, bytes: &[u8], only_if_free: bool) -> Result<Written, Problem> {
        let body = ByteStream::from(bytes.to_vec());
        let request = self.client()?.put_object().bucket(&self.address.bucket).key(key).body(body);
        let request = if only_if_free { request.if_none_match("*") } else { request };
        match self.session.wait(request.send())? {
            Ok(_) => Ok(Written::Yes),
            Err(error) => match error.raw_response().map(|response| response.status().as_u16()) {
                Some(412) => Ok(Written::No),
                Some(409) => Ok(Written::Collided),
                _ => Err(Problem::of(&error, self.asked(WRITE))),
            },
        }
    }

    fn create(&self, key: &str, bytes: &[u8]) -> Result<bool, Problem> {
        for _ in 0..AGAIN {
            match self.write(key, bytes, true)? {
                Written::Yes => return Ok(true),
                Written::No => return Ok(false),
                Written::Collided => {}
            }
        }
        // Whoever we collide with writes the same fingerprint.
        Ok(false)
    }

    fn folder(&self, image: &Name, platform: Platform) -> String {
        self.address.key(&format!("v1/{image}/{}", platform.architecture()))
    }

    fn key(&self, key: &RecordKey) -> String {
        format!("{}/{}.record", self.folder(&key.image, key.platform), key.fingerprint.hex())
    }

    fn latest(&self, image: &Name, platform: Platform) -> String {
        format!("{}/latest", self.folder(image, platform))
    }

    fn error(&self, doing: &'static str) -> impl Fn(Problem) -> StoreError + '_ {
        move |Problem { cause, hint, unreachable }| StoreError {
            doing,
            place: self.address.to_string(),
            cause,
            unreachable,
            hint,
        }
    }
}

impl RecordStore for S3Store {
    fn get(&self, key: &RecordKey) -> Result<Lookup, StoreError> {
        let Some(bytes) = self.read(&self.key(key)).map_err(self.error("read"))? else {
            return Ok(Lookup::Absent);
        };
        let text = String::from_utf8(bytes).map_err(|error| RecordError::Damaged(error.to_string()));
        Ok(match text.and_then(|text| Record::parse(key, &text)) {
            Ok(record) => Lookup::Found(Box::new(record)),
            Err(error) => Lookup::Unusable(error),
        })
    }

    fn put(&self, key: &RecordKey, record: &Record) -> Result<bool, StoreError> {
        let written = self.create(&self.key(key), record.text().as_bytes()).map_err(self.error("write"))?;
        if written {
            let (pointer, name) = (self.latest(&key.image, key.platform), key.fingerprint.to_string());
            // The record counts already. Without the pointer, a difference is explained by an older build.
            let _ = self.write(&pointer, name.as_bytes(), false);
        }
        Ok(written)
    }

    fn remove(&self, key: &RecordKey) -> Result<(), StoreError> {
        let remove = || {
            let request = self.client()?.delete_object().bucket(&self.address.bucket).key(self.key(key));
            let answer = self.session.wait(request.send())?;
            answer.map(drop).map_err(|error| Problem::of(&error, self.asked(REMOVE)))
        };
        remove().map_err(self.error("write"))
    }

    fn recent(&self, image: &Name, platform: Platform, limit: usize) -> Result<Vec<Record>, StoreError> {
        let named = self.read(&self.latest(image, platform)).map_err(self.error("read"))?;
        let text = named.and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(fingerprint) = text.and_then(|text| Digest::parse(text.trim()).ok()) else {
            return Ok(Vec::new());
        };
        let found = self.get(&RecordKey { image: image.clone(), platform, fingerprint })?;
        let record = match found {
            Lookup::Found(record) => Some(*record),
            Lookup::Absent | Lookup::Unusable(_) => None,
        };
        Ok(record.into_iter().take(limit).collect())
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        // The right to write is looked at before the condition: that one is there already proves both.
        let probe = || {
            let key = self.address.key("writable");
            let is_first = self.create(&key, PROBE)?;
            if is_first && self.create(&key, PROBE)? {
                let cause = "it writes an object anew that shall be written once (If-None-Match)";
                return Err(Problem::of_our_own(&cause));
            }
            Ok(())
        };
        probe().map_err(self.error("write"))
    }
}

#[cfg(test)]
#[path = "records/tests.rs"]
mod tests;
