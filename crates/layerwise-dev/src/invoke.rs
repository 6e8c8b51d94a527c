//! One question to a function's emulator, in HTTP. Never retries and never starts anything.

use std::future::Future as _;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use layerwise::process::Cancel;
use tokio::net::TcpStream;

use crate::answer::Answer;
use crate::error::DevError;

/// How long until it is noticed that nobody wants the answer any more.
const CANCEL_POLL: Duration = Duration::from_millis(50);
/// What the emulator gets above a function's own time to end it.
const GRACE: Duration = Duration::from_secs(2);
/// Where the emulator takes invocations
/// ([AWS, Lambda Runtime Interface Emulator](https://github.com/aws/aws-lambda-runtime-interface-emulator)).
const INVOCATIONS: &str = "/2015-03-31/functions/function/invocations";

/// Why an emulator gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The function's time was over, and the emulator did not end it: seen with functions that hang in their first
    /// question after a start. It is of no use any more.
    Stuck(Answer),
    /// What became of the connection.
    Broken(String),
}

/// Asks the emulator at `port` of this machine. It ends a function whose time, in seconds, is over; one that does not is
/// given up a little later.
pub(crate) async fn invoke(port: u16, event: Bytes, timeout: u16) -> Result<Answer, Failure> {
    let begun = Instant::now();
    let limit = Duration::from_secs(timeout.into()) + GRACE;
    match tokio::time::timeout(limit, send(port, Method::POST, INVOCATIONS, event)).await {
        Ok(Ok((status, body))) => Ok(Answer::new(status.as_u16(), body.to_vec(), begun.elapsed())),
        Ok(Err(cause)) => Err(Failure::Broken(cause)),
        Err(_) => Err(Failure::Stuck(Answer::timed_out(timeout, begun.elapsed()))),
    }
}

/// Asks a function by its name at a port that serves several; whoever serves it knows its limits.
pub(crate) async fn invoke_by_name(port: u16, name: &str, event: Bytes) -> Result<Answer, String> {
    let begun = Instant::now();
    let path = format!("/2015-03-31/functions/{name}/invocations");
    let (status, body) = send(port, Method::POST, &path, event).await?;
    match status {
        StatusCode::OK => Ok(Answer::new(200, body.to_vec(), begun.elapsed())),
        _ => Err(format!("{status}: {}", String::from_utf8_lossy(&body))),
    }
}

/// What `asked` gives, unless `cancel` says first that nobody wants it any more.
pub(crate) async fn unless_cancelled<T>(
    asked: impl Future<Output = T>,
    cancel: &Cancel,
) -> Result<T, DevError> {
    let stopped = async {
        while !cancel.is_cancelled() {
            tokio::time::sleep(CANCEL_POLL).await;
        }
    };
    match select(pin!(asked), pin!(stopped)).await {
        Either::Left((answer, _)) => Ok(answer),
        Either::Right(_) => Err(DevError::Stopped),
    }
}

/// Whether anybody speaks HTTP at `port`. Asks for a page that no emulator has, so that no function sees an event.
pub(crate) async fn answers(port: u16) -> bool {
    send(port, Method::GET, "/", Bytes::new()).await.is_ok()
}

async fn send(port: u16, method: Method, path: &str, body: Bytes) -> Result<(StatusCode, Bytes), String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "localhost")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body))
        .map_err(|error| error.to_string())?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes()))
    };
    // The connection moves the bytes; it ends only after the exchange, unless it breaks.
    let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
    let mut open = true;
    std::future::poll_fn(|context| {
        if open && connection.as_mut().poll(context).is_ready() {
            open = false;
        }
        exchange.as_mut().poll(context)
    })
    .await
}
