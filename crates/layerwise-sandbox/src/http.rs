//! Asks a server for the status of one page, to see whether it answers. Never reads the page.

use camino::Utf8Path;
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::unix::net::UnixStream,
    time::Duration,
};

/// A busy machine is no reason to take a server for dead.
const PATIENCE: Duration = Duration::from_secs(30);

/// The status of `page` at a server on the loopback interface; `None` if there is no answer.
pub(crate) fn status_at_port(port: u16, page: &str) -> Option<u16> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    ask(stream, page).ok()?
}

/// The status of `page` at a server behind a socket; `None` if there is no answer.
pub(crate) fn status_at_socket(socket: &Utf8Path, page: &str) -> Option<u16> {
    let stream = UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    ask(stream, page).ok()?
}

fn ask(mut stream: impl Read + Write, page: &str) -> io::Result<Option<u16>> {
    stream.write_all(format!("GET {page} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes())?;
    let mut start = [0; 12];
    stream.read_exact(&mut start)?;
    Ok(status(&start))
}

/// The status in the first bytes of an answer: `HTTP/1.0 200`.
fn status(start: &[u8; 12]) -> Option<u16> {
    let start = std::str::from_utf8(start).ok()?;
    start.strip_prefix("HTTP/1.")?.get(2..)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_status() {
        assert_eq!(status(b"HTTP/1.1 401"), Some(401));
        assert_eq!(status(b"SSH-2.0-Open"), None);
    }
}
