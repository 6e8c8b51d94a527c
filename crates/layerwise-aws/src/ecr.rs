//! Amazon ECR: logins, and repositories as they are to be. Never deletes anything, and never asks for an image: that is done
//! by the registry's own protocol.

use std::sync::OnceLock;

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::{
    EncryptionConfiguration, EncryptionType, ImageScanningConfiguration, ImageTagMutability,
    ImageTagMutabilityExclusionFilter, ImageTagMutabilityExclusionFilterType, Repository as Found,
};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use layerwise::cloud::{CloudError, CloudRegistry, Login, Repositories, Repository};
use serde_json::Value;

use crate::policy::{is_lambda_let_in, lifecycle, same_lifecycle, with_lambda_let_in};
use crate::problem::{Asked, Problem};
use crate::session::Session;

/// A registry of ECR.
pub(crate) struct Ecr {
    host: String,
    session: Session,
    client: OnceLock<Client>,
}

/// What is to be done to a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Create,
    Scanning,
    Mutability,
    Lifecycle(Option<Value>),
    LetLambdaIn(Value),
    /// Cannot be changed: said, never done.
    Encryption,
}

impl Ecr {
    pub(crate) fn new(host: &str, session: Session) -> Self {
        Self { host: host.to_owned(), session, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&Client, Problem> {
        let config = self.session.config()?;
        Ok(self.client.get_or_init(|| Client::new(config)))
    }

    /// The answer to a request, or nothing where the thing `missing` is not there.
    fn ask<A, E>(
        &self,
        answer: Result<Result<A, SdkError<E, Response>>, Problem>,
        permission: &str,
        missing: &str,
    ) -> Result<Option<A>, Problem>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match answer? {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.code() == Some(missing) => Ok(None),
            Err(error) => Err(Problem::of(&error, Asked { permissions: permission, thing: &self.host })),
        }
    }

    fn find(&self, name: &str) -> Result<Option<Found>, Problem> {
        let request = self.client()?.describe_repositories().repository_names(name);
        let answer = self.session.wait(request.send());
        let found = self.ask(answer, "ecr:DescribeRepositories", "RepositoryNotFoundException")?;
        Ok(found.and_then(|found| found.repositories.unwrap_or_default().into_iter().next()))
    }

    fn changes(&self, wish: &Repository) -> Result<Vec<Change>, Problem> {
        let Some(found) = self.find(&wish.name)? else { return Ok(vec![Change::Create]) };
        let client = self.client()?;
        let rules = &wish.rules;
        let mut changes = Vec::new();
        let scans = found.image_scanning_configuration().is_some_and(|scanning| scanning.scan_on_push());
        if scans != rules.scan_on_push {
            changes.push(Change::Scanning);
        }
        let filters = found.image_tag_mutability_exclusion_filters().iter();
        let mut filters: Vec<&str> = filters.map(|filter| filter.filter()).collect();
        let mut wished: Vec<&str> = match rules.immutable {
            true => rules.mutable_tags.iter().map(String::as_str).collect(),
            false => Vec::new(),
        };
        filters.sort_unstable();
        wished.sort_unstable();
        if found.image_tag_mutability() != Some(&mutability(wish)) || filters != wished {
            changes.push(Change::Mutability);
        }
        let request = client.get_lifecycle_policy().repository_name(&wish.name);
        let answer = self.session.wait(request.send());
        let present = self.ask(answer, "ecr:GetLifecyclePolicy", "LifecyclePolicyNotFoundException")?;
        let present = present.and_then(|policy| serde_json::from_str(policy.lifecycle_policy_text()?).ok());
        let wished = lifecycle(rules);
        if !same_lifecycle(present.as_ref(), wished.as_ref()) {
            changes.push(Change::Lifecycle(wished));
        }
        if wish.lambda {
            let request = client.get_repository_policy().repository_name(&wish.name);
            let answer = self.session.wait(request.send());
            let present = self.ask(answer, "ecr:GetRepositoryPolicy", "RepositoryPolicyNotFoundException")?;
            let present = present.and_then(|policy| serde_json::from_str(policy.policy_text()?).ok());
            if !present.as_ref().is_some_and(is_lambda_let_in) {
                let functions = functions(found.repository_arn().unwrap_or_default());
                changes.push(Change::LetLambdaIn(with_lambda_let_in(present, &functions)));
            }
        }
        let encryption = found.encryption_configuration();
        let key = encryption.and_then(|encryption| encryption.kms_key());
        if rules.kms_key.is_some() && key != rules.kms_key.as_deref() {
            changes.push(Change::Encryption);
        }
        Ok(changes)
    }

    fn set_up(&self, wish: &Repository) -> Result<(), Problem> {
        let mut changes = self.changes(wish)?;
        if changes == [Change::Create] {
            self.make(wish, &Change::Create)?;
            // What creating cannot say.
            changes = self.changes(wish)?;
        }
        changes.iter().try_for_each(|change| self.make(wish, change))
    }

    fn make(&self, wish: &Repository, change: &Change) -> Result<(), Problem> {
        let (client, name) = (self.client()?, &wish.name);
        let built = |error: &dyn std::fmt::Display| Problem::of_our_own(error);
        match change {
            Change::Create => {
                let scanning =
                    ImageScanningConfiguration::builder().scan_on_push(wish.rules.scan_on_push).build();
                let request = client
                    .create_repository()
                    .repository_name(name)
                    .image_scanning_configuration(scanning)
                    .image_tag_mutability(mutability(wish))
                    .set_image_tag_mutability_exclusion_filters(filters(wish)?);
                let request = match &wish.rules.kms_key {
                    None => request,
                    Some(key) => {
                        let key = EncryptionConfiguration::builder()
                            .encryption_type(EncryptionType::Kms)
                            .kms_key(key)
                            .build();
                        request.encryption_configuration(key.map_err(|error| built(&error))?)
                    }
                };
                // Somebody else may create it at this moment: what is missing is then done by the rest.
                let answer = self.session.wait(request.send());
                self.ask(answer, "ecr:CreateRepository", "RepositoryAlreadyExistsException").map(drop)
            }
            Change::Scanning => {
                let scanning =
                    ImageScanningConfiguration::builder().scan_on_push(wish.rules.scan_on_push).build();
                let request = client
                    .put_image_scanning_configuration()
                    .repository_name(name)
                    .image_scanning_configuration(scanning);
                let answer = self.session.wait(request.send());
                self.ask(answer, "ecr:PutImageScanningConfiguration", "").map(drop)
            }
            Change::Mutability => {
                let request = client
                    .put_image_tag_mutability()
                    .repository_name(name)
                    .image_tag_mutability(mutability(wish))
                    .set_image_tag_mutability_exclusion_filters(filters(wish)?);
                let answer = self.session.wait(request.send());
                self.ask(answer, "ecr:PutImageTagMutability", "").map(drop)
            }
            Change::Lifecycle(Some(policy)) => {
                let request = client
                    .put_lifecycle_policy()
                    .repository_name(name)
                    .lifecycle_policy_text(policy.to_string());
                let answer = self.session.wait(request.send());
                self.ask(answer, "ecr:PutLifecyclePolicy", "").map(drop)
            }
            Change::Lifecycle(None) => {
                let request = client.delete_lifecycle_policy().repository_name(name);
                let answer = self.session.wait(request.send());
                self.ask(answer, "ecr:DeleteLifecyclePolicy", "LifecyclePolicyNotFoundException").map(drop)
            }
            Change::LetLambdaIn(policy) => {
                let request =
                    client.set_repository_policy().repository_name(name).policy_text(policy.to_string());
                let answer = self.session.wait(request.send());
                self.ask(answer, "ecr:SetRepositoryPolicy", "").map(drop)
            }
            Change::Encryption => Ok(()),
        }
    }

    fn error(&self, doing: &str, name: &str) -> impl Fn(Problem) -> CloudError {
        let doing = format!("{doing} {}/{name}", self.host);
        move |Problem { cause, hint, .. }| CloudError { doing: doing.clone(), cause, hint }
    }
}

impl Repositories for Ecr {
    fn differences(&self, wish: &Repository) -> Result<Vec<String>, CloudError> {
        let changes = self.changes(wish).map_err(self.error("look at the repository", &wish.name))?;
        Ok(changes.iter().map(|change| phrase(change, wish)).collect())
    }

    fn apply(&self, wish: &Repository) -> Result<(), CloudError> {
        self.set_up(wish).map_err(self.error("set up the repository", &wish.name))
    }

    fn create_missing(&self, wishes: &[Repository]) -> Result<Vec<String>, CloudError> {
        // Most often all are there: then one question is enough for a hundred.
        let all_there = |wishes: &[Repository]| {
            let names = wishes.iter().map(|wish| wish.name.clone()).collect();
            let request = self.client()?.describe_repositories().set_repository_names(Some(names));
            let answer = self.session.wait(request.send());
            self.ask(answer, "ecr:DescribeRepositories", "RepositoryNotFoundException")
                .map(|found| found.is_some())
        };
        let mut created = Vec::new();
        for wishes in wishes.chunks(100) {
            let first = wishes.first().map_or("", |wish| &wish.name);
            if all_there(wishes).map_err(self.error("look at the repository", first))? {
                continue;
            }
            for wish in wishes {
                let create = || match self.find(&wish.name)? {
                    Some(_) => Ok(false),
                    None => self.set_up(wish).map(|()| true),
                };
                if create().map_err(self.error("create the repository", &wish.name))? {
                    created.push(wish.name.clone());
                }
            }
        }
        Ok(created)
    }
}

impl CloudRegistry for Ecr {
    fn login(&self) -> Result<Login, CloudError> {
        let login = || {
            let answer = self.session.wait(self.client()?.get_authorization_token().send());
            let token = self.ask(answer, "ecr:GetAuthorizationToken", "")?;
            let token =
                token.and_then(|token| token.authorization_data.unwrap_or_default().into_iter().next());
            let unreadable = || Problem::of_our_own(&"the token that AWS gives cannot be read");
            token.and_then(|token| decode(token.authorization_token()?)).ok_or_else(unreadable)
        };
        login().map_err(|Problem { cause, hint, .. }| CloudError {
            doing: format!("log in to {}", self.host),
            cause,
            hint,
        })
    }
}

/// All functions of the account and region of the repository with this ARN.
fn functions(repository: &str) -> String {
    let mut parts = repository.splitn(6, ':').skip(1);
    let (partition, _, region, account) = (parts.next(), parts.next(), parts.next(), parts.next());
    let [partition, region, account] = [partition, region, account].map(|part| part.unwrap_or("*"));
    format!("arn:{partition}:lambda:{region}:{account}:function:*")
}

fn decode(token: &str) -> Option<Login> {
    let text = String::from_utf8(BASE64_STANDARD.decode(token).ok()?).ok()?;
    let (user, secret) = text.split_once(':')?;
    Some(Login { user: user.to_owned(), secret: secret.to_owned() })
}

fn mutability(wish: &Repository) -> ImageTagMutability {
    match (wish.rules.immutable, wish.rules.mutable_tags.is_empty()) {
        (false, _) => ImageTagMutability::Mutable,
        (true, true) => ImageTagMutability::Immutable,
        (true, false) => ImageTagMutability::ImmutableWithExclusion,
    }
}

fn filters(wish: &Repository) -> Result<Option<Vec<ImageTagMutabilityExclusionFilter>>, Problem> {
    if mutability(wish) != ImageTagMutability::ImmutableWithExclusion {
        return Ok(None);
    }
    let filter = |pattern: &String| {
        ImageTagMutabilityExclusionFilter::builder()
            .filter_type(ImageTagMutabilityExclusionFilterType::Wildcard)
            .filter(pattern)
            .build()
            .map_err(|error| Problem::of_our_own(&error))
    };
    wish.rules.mutable_tags.iter().map(filter).collect::<Result<_, _>>().map(Some)
}

fn phrase(change: &Change, wish: &Repository) -> String {
    let rules = &wish.rules;
    match change {
        Change::Create => "create it".to_owned(),
        Change::Scanning if rules.scan_on_push => "scan images when they are pushed".to_owned(),
        Change::Scanning => "do not scan images when they are pushed".to_owned(),
        Change::Mutability if !rules.immutable => "let tags move".to_owned(),
        Change::Mutability if rules.mutable_tags.is_empty() => "let no tag move".to_owned(),
        Change::Mutability => format!("let no tag move but {}", rules.mutable_tags.join(", ")),
        Change::Lifecycle(None) => "delete nothing by itself".to_owned(),
        Change::Lifecycle(Some(_)) => {
            let images = rules.max_images.map(|images| format!("content tags beyond the newest {images}"));
            let days = rules.max_age_days.map(|days| format!("images without a tag after {days} days"));
            let both: Vec<String> = images.into_iter().chain(days).collect();
            format!("delete {}", both.join(", "))
        }
        Change::LetLambdaIn(_) => "let Lambda pull its images".to_owned(),
        Change::Encryption => {
            "it is encrypted with another key than is wished, which only a new repository can change"
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::{Replay, answer, session_at};

    fn refusal(code: &str) -> String {
        let headers = "Content-Type: application/x-amz-json-1.1\r\n";
        answer("400 Bad Request", headers, &format!("{{\"__type\": \"{code}\", \"message\": \"it says\"}}"))
    }

    fn token(text: &str) -> String {
        let data = format!("{{\"authorizationData\": [{{\"authorizationToken\": \"{text}\"}}]}}");
        answer("200 OK", "Content-Type: application/x-amz-json-1.1\r\n", &data)
    }

    fn login(answers: Vec<String>) -> Result<Login, CloudError> {
        let replay = Replay::of(answers);
        let login = Ecr::new("registry", session_at(&replay.endpoint)).login();
        replay.requests();
        login
    }

    #[test]
    fn a_token_is_waited_for_when_ecr_throttles() {
        let answers = vec![refusal("ThrottlingException"), token("QVdTOnRva2VuOng=")];
        let login = login(answers).unwrap();
        assert_eq!((login.user.as_str(), login.secret.as_str()), ("AWS", "token:x"));
        assert!(!format!("{login:?}").contains("token"));
    }

    #[test]
    fn without_a_token_the_reason_is_said() {
        let said = |answers| {
            let error = login(answers).unwrap_err();
            format!("{error}\n    hint: {}", error.hint.as_deref().unwrap_or_default())
        };
        let said = [
            said(vec![refusal("ExpiredTokenException")]),
            said(vec![refusal("AccessDeniedException")]),
            said(vec![refusal("ThrottlingException"); 3]),
            said(vec![token("?")]),
        ];
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn functions_are_those_of_the_repositorys_account_and_region() {
        let arn = "arn:aws-cn:ecr:cn-north-1:123456789012:repository/team/ping";
        assert_eq!(functions(arn), "arn:aws-cn:lambda:cn-north-1:123456789012:function:*");
    }
}
