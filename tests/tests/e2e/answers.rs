//! Every Lambda of the sample monorepo answers its sample event as the file beside it says.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use fs_err as fs;
use libtest_mimic::Failed;
use serde_json::Value;

use crate::checkout::Checkout;
use crate::world::World;

const EVENTS: [(&str, &str); 10] = [
    ("list-pending", "embedding_step_functions/list_pending"),
    ("find-unembedded", "embedding_step_functions/find_unembedded"),
    ("submit-openai", "embedding_step_functions/submit_openai"),
    ("poll-lines", "embedding_step_functions/polling/poll_lines"),
    ("poll-words", "embedding_step_functions/polling/poll_words"),
    ("compaction", "embedding_step_functions/compaction"),
    ("create-labels", "create_labels"),
    ("validate-pending-labels", "validate_pending_labels"),
    ("upload-images", "upload_images"),
    ("ping", "ping"),
];

pub fn each_lambda_answers_its_sample_event(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "answers")?;
    let report = checkout.build(&[])?;
    assert_eq!(report.code, 0, "{}", report.stderr);
    for (image, folder) in EVENTS {
        let events = checkout.root.join("lambdas").join(folder).join("events");
        let event = fs::read_to_string(events.join("sample.json"))?;
        let expected: Value =
            serde_json::from_str(&fs::read_to_string(events.join("sample.expected.json"))?)?;
        let reference = report.outcome(image)["reference"].as_str().ok_or("no reference")?;
        let answer = invoke(world, reference, &event)?;
        assert_eq!(serde_json::from_str::<Value>(&answer)?, expected, "{image}");
    }
    Ok(())
}

/// Runs `image` with AWS's emulator and gives its answer to `event`.
pub fn invoke(world: &World, image: &str, event: &str) -> Result<String, Failed> {
    let container = world.docker(&["run", "--detach", "--publish=127.0.0.1::8080", image])?;
    let container = container.trim();
    let answer =
        world.docker(&["port", container, "8080/tcp"]).and_then(|address| post(address.trim(), event));
    world.docker(&["rm", "--force", container])?;
    answer
}

fn post(address: &str, event: &str) -> Result<String, Failed> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match try_post(address, event) {
            Ok(answer) if !answer.is_empty() => return Ok(answer),
            result if Instant::now() > deadline => return Err(format!("no answer: {result:?}").into()),
            // Docker's proxy accepts before the emulator listens: it is asked again, up to the deadline.
            _ => std::thread::park_timeout(Duration::from_millis(20)),
        }
    }
}

fn try_post(address: &str, event: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let head =
        "POST /2015-03-31/functions/function/invocations HTTP/1.0\r\nContent-Type: application/json\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n{event}", event.len())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
