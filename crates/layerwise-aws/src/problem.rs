//! What went wrong at AWS, in words, and what to do about it. Pure: reads the SDK's errors and asks nobody.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The cause, as the end of a sentence.
    pub(crate) cause: String,
    /// What to do about it, where that is known.
    pub(crate) hint: Option<String>,
    /// Whether nobody answered, or nobody had time to: this passes.
    pub(crate) unreachable: bool,
}

/// What a request needed: the permissions that may be missing, and what it was about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The permissions in IAM's words.
    pub(crate) permissions: &'a str,
    /// The thing: `bucket x`.
    pub(crate) thing: &'a str,
}

const LOG_IN: &str = "log in (`aws sso login`), or name a profile with AWS_PROFILE, or set AWS_ACCESS_KEY_ID and \
                      AWS_SECRET_ACCESS_KEY";

impl Problem {
    fn new(cause: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { cause: cause.into(), hint: Some(hint.into()), unreachable: false }
    }

    fn passing(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), hint: None, unreachable: true }
    }

    /// Something that has nothing to do with AWS.
    pub(crate) fn of_our_own(error: &dyn std::fmt::Display) -> Self {
        Self { cause: error.to_string(), hint: None, unreachable: false }
    }

    /// Nobody said which region.
    pub(crate) fn no_region() -> Self {
        Self::new(
            "no AWS region is said",
            "set AWS_REGION, or `region` in the profile that AWS_PROFILE names",
        )
    }

    /// A body that ended too early.
    pub(crate) fn cut(error: &dyn Error) -> Self {
        Self::passing(format!("the answer was cut: {}", innermost(error)))
    }

    /// What an error of the SDK means.
    pub(crate) fn of<E>(error: &SdkError<E, Response>, asked: Asked<'_>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(service) => {
                let meta = service.err().meta();
                let response = service.raw();
                answered(
                    response.status().as_u16(),
                    meta.code().unwrap_or_default(),
                    meta.message().unwrap_or_default(),
                    response.headers().get("x-amz-bucket-region"),
                    asked,
                )
            }
            SdkError::TimeoutError(_) => Self::passing("no answer in time"),
            error => login(error).unwrap_or_else(|| Self::passing(innermost(error))),
        }
    }
}

/// What an answer means that says no.
fn answered(
    status: u16,
    code: &str,
    message: &str,
    bucket_region: Option<&str>,
    asked: Asked<'_>,
) -> Problem {
    let Asked { permissions, thing } = asked;
    let said = match (code, message) {
        ("", "") => format!("AWS answers {status}"),
        ("", message) => format!("AWS answers {status}: {message}"),
        (code, "") => format!("AWS answers {status} {code}"),
        (code, message) => format!("AWS answers {code}: {message}"),
    };
    match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            Problem::new("the login for AWS has expired", LOG_IN)
        }
        "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidToken"
        | "AuthFailure"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException" => {
            Problem::new(format!("AWS does not accept the login ({code})"), LOG_IN)
        }
        "RequestTimeTooSkewed" => Problem::new(
            "this machine's clock is wrong by more than AWS allows",
            "set the clock: requests are signed with the time",
        ),
        "NoSuchBucket" => Problem::new(format!("there is no {thing}"), "check the name, or create it"),
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
            let place = bucket_region
                .map_or_else(|| "another region".to_owned(), |region| format!("the region {region}"));
            let region = bucket_region.unwrap_or("…");
            Problem::new(format!("the {thing} is in {place}"), format!("set AWS_REGION={region}"))
        }
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded" => {
            Problem::passing(format!("{said} (after {} tries)", crate::session::TRIES))
        }
        "AccessDenied" | "AccessDeniedException" | "Forbidden" => refused(said, permissions),
        _ if status == 403 => refused(said, permissions),
        _ if status >= 500 => Problem::passing(said),
        _ => Problem { cause: said, hint: None, unreachable: false },
    }
}

fn refused(said: String, permissions: &str) -> Problem {
    Problem::new(
        said,
        format!("the login needs {permissions}: `aws sts get-caller-identity` says whose it is"),
    )
}

/// A login that could not be had is somewhere among the causes.
fn login<E: Error + 'static>(error: &SdkError<E, Response>) -> Option<Problem> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<CredentialsError>() {
            return Some(match error {
                CredentialsError::CredentialsNotLoaded(_) => {
                    Problem::new("no login for AWS is found", LOG_IN)
                }
                error => {
                    Problem::new(format!("the login for AWS cannot be had: {}", innermost(error)), LOG_IN)
                }
            });
        }
        cause = error.source();
    }
    None
}

/// The last cause: the others only say that there is one.
fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_words_and_a_remedy() {
        let asked = Asked { permissions: "s3:GetObject", thing: "bucket `team`" };
        let cases = [
            (400, "ExpiredToken", "The provided token has expired.", None),
            (403, "InvalidAccessKeyId", "", None),
            (403, "RequestTimeTooSkewed", "The difference is too large.", None),
            (404, "NoSuchBucket", "", None),
            (301, "PermanentRedirect", "", Some("eu-west-1")),
            (400, "AuthorizationHeaderMalformed", "", None),
            (403, "AccessDenied", "Access Denied", None),
            (403, "", "", None),
            (503, "SlowDown", "Please reduce your request rate.", None),
            (500, "", "", None),
            (400, "InvalidRequest", "what", None),
        ];
        let said: Vec<String> = cases
            .iter()
            .map(|&(status, code, message, region)| {
                let Problem { cause, hint, unreachable } = answered(status, code, message, region, asked);
                let passes = if unreachable { " (passes)" } else { "" };
                format!("{cause}{passes}\n    hint: {}", hint.unwrap_or_default())
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
