//! Whose login it is. Needs no permission.

use aws_sdk_sts::Client;
use layerwise::cloud::CloudError;

use crate::problem::{Asked, Problem};
use crate::session::Session;

/// The login's own name, and the region, as a phrase.
pub(crate) fn identity(session: &Session) -> Result<String, CloudError> {
    let ask = || {
        let config = session.config()?;
        let answer = session.wait(Client::new(config).get_caller_identity().send())?;
        let asked = Asked { permissions: "sts:GetCallerIdentity", thing: "login" };
        let identity = answer.map_err(|error| Problem::of(&error, asked))?;
        let region = config.region().map_or("no region", |region| region.as_ref());
        Ok(format!("{} in {region}", identity.arn().unwrap_or("somebody without a name")))
    };
    ask().map_err(|Problem { cause, hint, .. }| CloudError {
        doing: "ask AWS who we are".to_owned(),
        cause,
        hint,
    })
}
