//! Lambda's own API on this machine: invocations by name on one port, and one port for each function. Speaks HTTP; what
//! an invocation is belongs to whoever gives the answers.
//!
//! [Invoke](https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html): `POST /2015-03-31/functions/NAME/invocations`
//! with `X-Amz-Invocation-Type` `RequestResponse`, `Event` or `DryRun`. An error of the function is status 200 with
//! `X-Amz-Function-Error: Unhandled`.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::answer::Answer;
use crate::door::Refused;
use crate::driver::Driver;
use crate::invoke::Failure;

/// How long until a connection is taken again after one could not be.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// Gives answers.
pub(crate) trait Functions: Send + Sync + 'static {
    /// The function called `name`.
    fn find(&self, name: &str) -> Option<usize>;

    /// Asks it. What was begun is driven to its end, whoever waits for it.
    fn ask(
        &self,
        function: usize,
        event: Bytes,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, Refused>> + Send>>;
}

/// Listens on a port of loopback, any free one for 0.
pub(crate) fn bind(port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves invocations on `listener` until the driver ends: of every function by its name, or of `only` one by any name.
pub(crate) fn serve(
    driver: &Driver,
    listener: TcpListener,
    functions: Arc<dyn Functions>,
    only: Option<usize>,
) {
    driver.spawn(async move {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // A connection that was given up before it was taken, or no descriptor for it: neither is a reason to end.
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            };
            let functions = functions.clone();
            let service = service_fn(move |request| {
                let functions = functions.clone();
                async move { Ok::<_, Infallible>(respond(request, &*functions, only).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move { drop(connection.await) });
        }
    });
}

type Reply = Response<Full<Bytes>>;

async fn respond(request: Request<Incoming>, functions: &dyn Functions, only: Option<usize>) -> Reply {
    let Some(name) = function_name(request.uri().path()) else {
        return refusal(
            StatusCode::NOT_FOUND,
            "UnknownOperationException",
            "only invocations are served here",
        );
    };
    if request.method() != Method::POST {
        let message = "an invocation is a POST";
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "InvalidRequestContentException", message);
    }
    let Some(function) = only.or_else(|| functions.find(&name)) else {
        let message = format!("Function not found: {name}");
        return refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
    };
    let header = request.headers().get("X-Amz-Invocation-Type").cloned();
    let event = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        // Nobody is there any more who could be told.
        Err(error) => {
            return refusal(StatusCode::BAD_REQUEST, "InvalidRequestContentException", &error.to_string());
        }
    };
    // As Lambda and its SDKs do: no event is an empty one.
    let event = if event.is_empty() { Bytes::from_static(b"{}") } else { event };
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&event) {
        let message = format!("Could not parse request body into json: {error}");
        return refusal(StatusCode::BAD_REQUEST, "InvalidRequestContentException", &message);
    }
    match header.as_ref().map_or(Ok("RequestResponse"), HeaderValue::to_str) {
        Ok("RequestResponse") => answered(functions.ask(function, event).await),
        Ok("Event") => {
            drop(functions.ask(function, event));
            reply(StatusCode::ACCEPTED, Bytes::new())
        }
        Ok("DryRun") => reply(StatusCode::NO_CONTENT, Bytes::new()),
        _ => {
            let message = "X-Amz-Invocation-Type is RequestResponse, Event or DryRun";
            refusal(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
        }
    }
}

fn answered(answer: Result<Answer, Refused>) -> Reply {
    match answer {
        Ok(answer) | Err(Refused::Failed(Failure::Stuck(answer))) => {
            let mut reply = reply(StatusCode::OK, answer.body.into());
            let headers = reply.headers_mut();
            headers.insert("X-Amz-Executed-Version", HeaderValue::from_static("$LATEST"));
            if answer.error.is_some() {
                headers.insert("X-Amz-Function-Error", HeaderValue::from_static("Unhandled"));
            }
            reply
        }
        Err(Refused::NotRunning) => {
            let message = "there is no container of this function: its image could not be built or started";
            refusal(StatusCode::BAD_GATEWAY, "ServiceException", message)
        }
        Err(Refused::Failed(Failure::Broken(cause))) => {
            refusal(StatusCode::BAD_GATEWAY, "ServiceException", &cause)
        }
    }
}

fn refusal(status: StatusCode, kind: &'static str, message: &str) -> Reply {
    let side = if status.is_server_error() { "Service" } else { "User" };
    let body = serde_json::json!({ "Type": side, "Message": message }).to_string();
    let mut reply = reply(status, body.into());
    reply.headers_mut().insert("X-Amzn-ErrorType", HeaderValue::from_static(kind));
    reply
}

fn reply(status: StatusCode, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// The function that a path names: by name, by ARN, with or without a qualifier. `None` for any other path.
fn function_name(path: &str) -> Option<String> {
    let name = path.strip_prefix("/2015-03-31/functions/")?.strip_suffix("/invocations")?;
    let name = name.replace("%3A", ":").replace("%3a", ":").replace("%24", "$");
    let name = match name.split_once(":function:") {
        Some((_, name)) => name.to_owned(),
        None => name,
    };
    let name = name.split(':').next().unwrap_or_default();
    (!name.is_empty() && !name.contains('/')).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_as_sdks_name_it() {
        let named = |name: &str| function_name(&format!("/2015-03-31/functions/{name}/invocations"));
        assert_eq!(named("ping").as_deref(), Some("ping"));
        assert_eq!(named("ping:$LATEST").as_deref(), Some("ping"));
        assert_eq!(
            named("arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Aping").as_deref(),
            Some("ping")
        );
        assert_eq!(
            named("arn:aws:lambda:eu-west-1:123456789012:function:ping:live").as_deref(),
            Some("ping")
        );
        assert_eq!(named(""), None);
        assert_eq!(named("a/b"), None);
        assert_eq!(function_name("/2015-03-31/functions/ping"), None);
        assert_eq!(function_name("/"), None);
    }
}
