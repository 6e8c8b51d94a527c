//! One question to a function's emulator, in HTTP. Never retries and never starts anything.

use std::future::Future as _;
use std::pin::pin;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::answer::Answer;

/// Where the emulator takes invocations
/// ([AWS, Lambda Runtime Interface Emulator](https://github.com/aws/aws-lambda-runtime-interface-emulator)).
const INVOCATIONS: &str = "/2015-03-31/functions/function/invocations";

/// Asks the emulator at `port` of this machine. Lambda's limits hold in the emulator; `limit` is for one that is stuck.
///
/// # Errors
/// What became of the connection.
pub(crate) async fn invoke(port: u16, event: Bytes, limit: Duration) -> Result<Answer, String> {
    let begun = Instant::now();
    let asked = tokio::time::timeout(limit, send(port, Method::POST, INVOCATIONS, event));
    let (status, body) =
        asked.await.map_err(|_| format!("nothing came for {} seconds", limit.as_secs()))??;
    Ok(Answer::new(status.as_u16(), body.to_vec(), begun.elapsed()))
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
