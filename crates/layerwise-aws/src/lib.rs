//! AWS behind the engine's ports: records in S3, logins and repositories of ECR, functions of Lambda. The SDK and its async runtime are inside; callers wait for what they ask.
//! Never decides what is stale, prints nothing, and asks nobody before somebody needs an answer.

mod address;
mod ecr;
mod functions;
mod identity;
mod policy;
mod problem;
mod records;
#[cfg(test)]
mod replay;
mod session;

use layerwise::cloud::{self, AddressError, Cloud, CloudError, CloudRegistry, Functions};
use layerwise::process::Env;
use layerwise::store::RecordStore;

use crate::address::Address;
use crate::ecr::Ecr;
use crate::functions::Lambda;
use crate::records::S3Store;
use crate::session::Session;

/// AWS, with the login that its own command line would use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Aws;

impl Cloud for Aws {
    fn records(&self, address: &str, env: &Env) -> Result<Box<dyn RecordStore + Send>, AddressError> {
        let address = Address::parse(address)?;
        Ok(Box::new(S3Store::new(address, Session::new(env.clone(), None))))
    }

    fn registry(&self, host: &str, env: &Env) -> Box<dyn CloudRegistry> {
        Box::new(Ecr::new(host, Session::new(env.clone(), region(host))))
    }

    fn identity(&self, env: &Env) -> Result<String, CloudError> {
        identity::identity(&Session::new(env.clone(), None))
    }

    fn functions(&self, host: &str, env: &Env) -> Box<dyn Functions> {
        Box::new(Lambda::new(Session::new(env.clone(), region(host))))
    }
}

/// The region that a registry's name says.
fn region(host: &str) -> Option<String> {
    cloud::Ecr::of(host).map(|ecr| ecr.region.to_owned())
}
