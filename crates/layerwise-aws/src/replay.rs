//! Answers of AWS that the sandbox's does not give: replayed, one for each request. For tests.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

use layerwise::process::Env;

use crate::session::Session;

/// A server that gives these answers, each on a connection of its own, and then the requests' first lines.
pub(crate) struct Replay {
    pub(crate) endpoint: String,
    server: JoinHandle<Vec<String>>,
}

impl Replay {
    pub(crate) fn of(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let serve = |answer: String| {
                let mut stream = BufReader::new(listener.accept().unwrap().0);
                let (mut first, mut length) = (String::new(), 0);
                stream.read_line(&mut first).unwrap();
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                stream.read_exact(&mut vec![0; length]).unwrap();
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
                first.split(' ').take(2).collect::<Vec<_>>().join(" ")
            };
            answers.into_iter().map(serve).collect()
        });
        Self { endpoint, server }
    }

    pub(crate) fn requests(self) -> Vec<String> {
        self.server.join().unwrap()
    }
}

pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

/// A login for whoever answers at `endpoint`.
pub(crate) fn session_at(endpoint: &str) -> Session {
    let env = Env::from_iter([
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]);
    Session::new(env, None)
}
