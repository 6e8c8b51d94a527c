//! The port to a cloud: opens places whose protocol is the cloud's own. Never chooses one, and asks nobody before
//! somebody needs an answer.

mod function;
mod repository;

use std::fmt::{self, Debug};

pub use function::{Deployed, Functions, Update};
pub use repository::{Repositories, Repository, RepositoryRules};

use crate::process::Env;
use crate::store::RecordStore;

/// The words with which the address of records in a cloud begins.
pub const BUCKET: &str = "s3://";

/// An address that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{address}` is no address of records: {why}")]
pub struct AddressError {
    /// What was said.
    pub address: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// What a cloud refused, or could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {doing}: {cause}")]
pub struct CloudError {
    /// What was to be done, and with what: `log in to 1234….amazonaws.com`.
    pub doing: String,
    /// What it said.
    pub cause: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

/// A login for a registry that holds for some hours. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub secret: String,
}

impl Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A registry of Amazon ECR, known by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ecr<'a> {
    /// Whose it is: 12 digits.
    pub account: &'a str,
    /// Where it is.
    pub region: &'a str,
}

impl<'a> Ecr<'a> {
    /// What `host` says, if it is [an address of ECR](https://docs.aws.amazon.com/general/latest/gr/ecr.html).
    #[must_use]
    pub fn of(host: &'a str) -> Option<Self> {
        let (account, rest) = host.split_once('.')?;
        let region = ["dkr.ecr.", "dkr.ecr-fips."].iter().find_map(|start| {
            let rest = rest.strip_prefix(start)?;
            rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".amazonaws.com.cn"))
        });
        let dual_stack = || rest.strip_prefix("dkr-ecr.")?.strip_suffix(".on.aws");
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        region.or_else(dual_stack).filter(|_| is_account).map(|region| Self { account, region })
    }
}

/// A cloud, with whatever login `env` and the user's own files give.
pub trait Cloud: Debug + Send + Sync {
    /// The records below `address`: `s3://bucket` or `s3://bucket/prefix`.
    ///
    /// # Errors
    /// [`AddressError`]; that there is no such bucket is said later, by the store.
    fn records(&self, address: &str, env: &Env) -> Result<Box<dyn RecordStore + Send>, AddressError>;

    /// The cloud's own registry `host`.
    fn registry(&self, host: &str, env: &Env) -> Box<dyn CloudRegistry>;

    /// Whose login it is, and in which region, as a phrase.
    ///
    /// # Errors
    /// [`CloudError`].
    fn identity(&self, env: &Env) -> Result<String, CloudError>;

    /// The functions where the registry `host` is: both are in one region.
    fn functions(&self, host: &str, env: &Env) -> Box<dyn Functions>;
}

/// A registry that the cloud itself keeps.
pub trait CloudRegistry: Repositories {
    /// A login that is good for pushing, for the next hours.
    ///
    /// # Errors
    /// [`CloudError`].
    fn login(&self) -> Result<Login, CloudError>;
}

#[cfg(test)]
mod tests {
    use super::Ecr;

    #[test]
    fn a_registry_of_ecr_is_known_by_its_name() {
        let region = |host| Ecr::of(host).map(|ecr| (ecr.account, ecr.region));
        let known = Some(("123456789012", "eu-west-1"));
        assert_eq!(region("123456789012.dkr.ecr.eu-west-1.amazonaws.com"), known);
        assert_eq!(region("123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com"), known);
        assert_eq!(region("123456789012.dkr-ecr.eu-west-1.on.aws"), known);
        assert_eq!(
            region("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"),
            Some(("123456789012", "cn-north-1"))
        );
        for other in ["public.ecr.aws", "12.dkr.ecr.eu-west-1.amazonaws.com", "localhost:5000", "ghcr.io"] {
            assert_eq!(region(other), None, "{other}");
        }
    }

    #[test]
    fn a_cloud_is_object_safe() {
        fn _object(_: &dyn super::Cloud) {}
    }
}
