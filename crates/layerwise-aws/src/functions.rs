//! Lambda functions of package type Image: what they run, and running another image. Never creates or deletes a function,
//! and changes nothing of it but its image.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{LastUpdateStatus, PackageType};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use layerwise::cloud::{CloudError, Deployed, Functions, Update};
use layerwise::digest::Digest;
use layerwise::image_ref::ImageRef;
use layerwise::platform::Platform;

use crate::problem::{Asked, Problem};
use crate::session::Session;

/// Lambda makes a large image ready in some minutes.
const LONGEST: Duration = Duration::from_secs(600);
/// Between two looks at an update that goes on.
const LOOK_AGAIN: Duration = Duration::from_millis(1500);
/// How many versions are looked at for an earlier image.
const VERSIONS: usize = 50;
const LATEST: &str = "$LATEST";

/// The functions of an account in a region.
pub(crate) struct Lambda {
    session: Session,
    client: OnceLock<Client>,
}

impl Lambda {
    pub(crate) fn new(session: Session) -> Self {
        Self { session, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&Client, Problem> {
        let config = self.session.config()?;
        Ok(self.client.get_or_init(|| Client::new(config)))
    }

    fn find(&self, function: &str, version: &str) -> Result<GetFunctionOutput, Problem> {
        let request = self.client()?.get_function().function_name(function).qualifier(version);
        self.session.wait(request.send())?.map_err(|error| problem(&error, "lambda:GetFunction", function))
    }

    /// Waits until no update goes on; answers what the function is then.
    fn settled(&self, function: &str) -> Result<GetFunctionOutput, Problem> {
        let begun = Instant::now();
        loop {
            let found = self.find(function, LATEST)?;
            let configuration = found.configuration();
            let status = configuration.and_then(|configuration| configuration.last_update_status());
            if status != Some(&LastUpdateStatus::InProgress) {
                return Ok(found);
            }
            if begun.elapsed() > LONGEST {
                return Err(Problem::of_our_own(&"an update of it does not end"));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn give(&self, function: &str, image: &ImageRef) -> Result<String, Problem> {
        let begun = Instant::now();
        loop {
            let request = self.client()?.update_function_code().function_name(function);
            let request = request.image_uri(image.to_string()).publish(true);
            match self.session.wait(request.send())? {
                Ok(updated) => return Ok(updated.version.unwrap_or_default()),
                // Somebody else has begun one.
                Err(error)
                    if error.code() == Some("ResourceConflictException") && begun.elapsed() < LONGEST =>
                {
                    std::thread::sleep(LOOK_AGAIN);
                    self.settled(function)?;
                }
                Err(error) => return Err(problem(&error, "lambda:UpdateFunctionCode", function)),
            }
        }
    }

    fn update_to(
        &self,
        function: &str,
        image: &ImageRef,
        platform: Option<Platform>,
    ) -> Result<Update, Problem> {
        let found = self.settled(function)?;
        let before = deployed(&found)?;
        let architecture = found.configuration().and_then(|found| found.architectures().first());
        if let (Some(found), Some(platform)) = (architecture.map(|found| found.as_str()), platform)
            && found.replace("x86_64", "amd64") != platform.architecture()
        {
            return Err(Problem::of_our_own(&format!("it runs on {found}, and {image} is for {platform}")));
        }
        if before.image.digest() == image.digest() {
            return Ok(Update { before, version: None });
        }
        let version = self.give(function, image)?;
        let after = self.settled(function)?;
        let configuration = after.configuration();
        match configuration.and_then(|configuration| configuration.last_update_status()) {
            Some(LastUpdateStatus::Failed) => {
                let reason =
                    configuration.and_then(|configuration| configuration.last_update_status_reason());
                Err(Problem::of_our_own(&reason.unwrap_or("the update failed")))
            }
            _ => Ok(Update { before, version: Some(version) }),
        }
    }

    fn earlier_than_now(&self, function: &str, wanted: Option<&str>) -> Result<Deployed, Problem> {
        if let Some(version) = wanted {
            return deployed(&self.find(function, version)?);
        }
        let now = deployed(&self.find(function, LATEST)?)?;
        for version in self.versions(function)?.into_iter().take(VERSIONS) {
            let found = deployed(&self.find(function, &version)?)?;
            if found.image.digest() != now.image.digest() {
                return Ok(found);
            }
        }
        Err(Problem::of_our_own(&"no published version of it runs another image"))
    }

    /// The numbers of its published versions, newest first.
    fn versions(&self, function: &str) -> Result<Vec<String>, Problem> {
        let request = self.client()?.list_versions_by_function().function_name(function);
        let pages = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>();
        let found = self
            .session
            .wait(pages)?
            .map_err(|error| problem(&error, "lambda:ListVersionsByFunction", function))?;
        let number = |version: Option<String>| version?.parse::<u64>().ok();
        let mut versions: Vec<u64> = found.into_iter().filter_map(|found| number(found.version)).collect();
        versions.sort_unstable_by(|a, b| b.cmp(a));
        Ok(versions.iter().map(ToString::to_string).collect())
    }
}

impl Functions for Lambda {
    fn current(&self, function: &str) -> Result<Deployed, CloudError> {
        self.find(function, LATEST).and_then(|found| deployed(&found)).map_err(error("look at", function))
    }

    fn update(
        &self,
        function: &str,
        image: &ImageRef,
        platform: Option<Platform>,
    ) -> Result<Update, CloudError> {
        self.update_to(function, image, platform).map_err(error("update", function))
    }

    fn earlier(&self, function: &str, wanted: Option<&str>) -> Result<Deployed, CloudError> {
        self.earlier_than_now(function, wanted).map_err(error("look for an earlier image of", function))
    }
}

fn error(doing: &'static str, function: &str) -> impl Fn(Problem) -> CloudError {
    let doing = format!("{doing} the function {function}");
    move |Problem { cause, hint, .. }| CloudError { doing: doing.clone(), cause, hint }
}

fn problem<E>(error: &SdkError<E, Response>, permission: &str, function: &str) -> Problem
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some("ResourceNotFoundException") => {
            let hint =
                "functions are made by your infrastructure code; check the name, the region and the account";
            Problem { cause: "there is none".to_owned(), hint: Some(hint.to_owned()), unreachable: false }
        }
        _ => Problem::of(error, Asked { permissions: permission, thing: function }),
    }
}

/// What a version runs.
fn deployed(found: &GetFunctionOutput) -> Result<Deployed, Problem> {
    let configuration = found.configuration();
    if configuration.and_then(|found| found.package_type()) == Some(&PackageType::Zip) {
        let hint = "a function's package type cannot be changed: make a new one of type Image".to_owned();
        let cause = "it runs a zip file, not an image".to_owned();
        return Err(Problem { cause, hint: Some(hint), unreachable: false });
    }
    let code = found.code();
    let digest = code.and_then(|code| code.resolved_image_uri()).and_then(|uri| uri.split_once('@'));
    let digest = digest.and_then(|(_, digest)| Digest::parse(digest).ok());
    let image = code.and_then(|code| ImageRef::parse(code.image_uri()?).ok());
    let version = configuration.and_then(|found| found.version()).unwrap_or(LATEST).to_owned();
    match (image, digest) {
        (Some(image), Some(digest)) => Ok(Deployed { version, image: image.at_digest(digest) }),
        _ => Err(Problem::of_our_own(&"AWS does not say which image it runs")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::{Replay, answer, session_at};

    const OLD: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    const NEW: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

    fn json(body: &str) -> String {
        answer("200 OK", "Content-Type: application/json\r\n", body)
    }

    fn function(digest: &str, status: &str, more: &str) -> String {
        json(&format!(
            "{{\"Configuration\": {{\"Version\": \"$LATEST\", \"PackageType\": \"Image\", \"Architectures\": [\"x86_64\"], \
             \"LastUpdateStatus\": \"{status}\"{more}}}, \"Code\": {{\"ImageUri\": \"r.io/ping:sha-1\", \
             \"ResolvedImageUri\": \"r.io/ping@{digest}\"}}}}"
        ))
    }

    fn updated() -> String {
        json("{\"Version\": \"7\"}")
    }

    fn update(answers: Vec<String>, platform: Platform) -> (Result<Update, CloudError>, usize) {
        let replay = Replay::of(answers);
        let image = ImageRef::parse(&format!("r.io/ping@{NEW}")).unwrap();
        let update = Lambda::new(session_at(&replay.endpoint)).update("ping", &image, Some(platform));
        (update, replay.requests().len())
    }

    #[test]
    fn an_update_waits_for_anothers_and_for_its_own_end() {
        let conflict = "X-Amzn-Errortype: ResourceConflictException\r\n";
        let answers = vec![
            function(OLD, "InProgress", ""),
            function(OLD, "Successful", ""),
            answer("409 Conflict", conflict, "{}"),
            function(OLD, "Successful", ""),
            updated(),
            function(NEW, "InProgress", ""),
            function(NEW, "Successful", ""),
        ];
        let (update, requests) = update(answers, Platform::LinuxAmd64);
        let update = update.unwrap();
        assert_eq!(update.before.image.to_string(), format!("r.io/ping@{OLD}"));
        assert_eq!((update.version.as_deref(), requests), (Some("7"), 7));
    }

    #[test]
    fn what_runs_already_is_left_alone() {
        let (update, _) = update(vec![function(NEW, "Successful", "")], Platform::LinuxAmd64);
        assert_eq!(update.unwrap().version, None);
    }

    #[test]
    fn what_cannot_be_is_said() {
        let said = |answers| {
            let error = update(answers, Platform::LinuxAmd64).0.unwrap_err();
            format!("{error}\n    hint: {}", error.hint.as_deref().unwrap_or_default())
        };
        let reason = ", \"LastUpdateStatusReason\": \"The image manifest is not supported.\"";
        let missing = "X-Amzn-Errortype: ResourceNotFoundException\r\n";
        let zip = "{\"Configuration\": {\"PackageType\": \"Zip\"}}";
        let said = [
            said(vec![function(OLD, "Successful", ""), updated(), function(NEW, "Failed", reason)]),
            said(vec![answer("404 Not Found", missing, "{\"Message\": \"Function not found\"}")]),
            said(vec![json(zip)]),
        ];
        insta::assert_snapshot!(said.join("\n"));
        let (other, _) = update(vec![function(OLD, "Successful", "")], Platform::LinuxArm64);
        assert!(other.unwrap_err().to_string().contains("it runs on x86_64"));
    }
}
