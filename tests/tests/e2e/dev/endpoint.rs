//! Lambda's own API on this machine.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value;

use super::{Dev, PING};
use crate::checkout::Checkout;
use crate::world::World;

/// Status, headers in lower case and body of an answer to a `POST`.
fn post(port: u16, path: &str, headers: &str, body: &str) -> Result<(u16, String, String), Failed> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no head")?;
    let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
    Ok((status, head.to_ascii_lowercase(), body.to_owned()))
}

pub fn dev_answers_as_lambdas_own_api_does(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-api")?;
    let dev = Dev::start(&checkout, &["local-ping"])?;
    let (common, own) = (dev.port("NAME")?, dev.port("local-ping")?);
    let invocations = |name: &str| format!("/2015-03-31/functions/{name}/invocations");
    let ping = invocations("local-ping");

    let (status, head, body) = post(common, &ping, "", "{\"ping\": 1}")?;
    assert_eq!((status, body.as_str()), (200, "{\"pong\": 1}"), "{head}");
    assert!(
        head.contains("x-amz-executed-version: $latest") && !head.contains("x-amz-function-error"),
        "{head}"
    );
    assert_eq!(post(own, &invocations("function"), "", "{\"ping\": 2}")?.2, "{\"pong\": 2}");
    assert_eq!(post(common, &ping, "", "")?.2, "{\"pong\": null}");

    let (status, head, body) = post(common, &invocations("nobody"), "", "{}")?;
    assert_eq!(status, 404);
    assert!(
        head.contains("x-amzn-errortype: resourcenotfoundexception") && body.contains("nobody"),
        "{head}{body}"
    );
    let (status, head, _) = post(common, &ping, "", "{'ping'")?;
    assert!(status == 400 && head.contains("invalidrequestcontentexception"), "{head}");
    assert_eq!(post(common, &ping, "X-Amz-Invocation-Type: DryRun\r\n", "{}")?.0, 204);
    assert_eq!(post(common, "/", "", "{}")?.0, 404);

    // Nobody waits for the answer to an event; many at once are answered one after the other.
    checkout.write(
        PING,
        "def lambda_handler(event, context):\n    print('event', event['n'])\n    return event['n']\n",
    );
    for number in 0..5 {
        let (status, head, body) =
            post(common, &ping, "X-Amz-Invocation-Type: Event\r\n", &format!("{{\"n\": {number}}}"))?;
        assert_eq!((status, body.as_str()), (202, ""), "{head}");
    }
    for number in 0..5 {
        dev.wait_for(&format!("local-ping | event {number}\n"))?;
    }
    std::thread::scope(|scope| {
        let ask = |number: u8| post(common, &ping, "", &format!("{{\"n\": {number}}}"));
        let asked: Vec<_> = (0..8)
            .map(|number| (number, scope.spawn(move || ask(number).map(|answer| answer.2).map_err(|_| ()))))
            .collect();
        for (number, thread) in asked {
            assert_eq!(thread.join().unwrap(), Ok(number.to_string()));
        }
    });

    checkout.write(PING, "def lambda_handler(event, context):\n    raise ValueError('no')\n");
    let (status, head, body) = post(common, &ping, "", "{}")?;
    assert!(status == 200 && head.contains("x-amz-function-error: unhandled"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(&body)?["errorType"], "ValueError");
    dev.quit()
}
