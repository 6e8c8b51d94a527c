//! AWS behind the engine's ports: records in S3. The SDK and its async runtime are inside; callers wait for what they ask.
//! Never decides what is stale, prints nothing, and asks nobody before somebody needs an answer.

mod address;
mod problem;
mod records;
mod session;

use layerwise::cloud::{AddressError, Cloud};
use layerwise::process::Env;
use layerwise::store::RecordStore;

use crate::address::Address;
use crate::records::S3Store;
use crate::session::Session;

/// AWS, with the login that its own command line would use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Aws;

impl Cloud for Aws {
    fn records(&self, address: &str, env: &Env) -> Result<Box<dyn RecordStore + Send>, AddressError> {
        let address = Address::parse(address)?;
        Ok(Box::new(S3Store::new(address, Session::new(env.clone()))))
    }
}
