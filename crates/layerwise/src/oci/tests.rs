//! The client against servers that play registries, well and badly.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;

use super::*;

/// A request as a server sees it: the first line's method and path, the headers by lower-case name, the body.
struct Seen {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

type Log = Arc<Mutex<Vec<Seen>>>;

/// A server that gives each request the head (status line and headers) and the body that `answer` says.
fn serve(answer: impl Fn(&Seen) -> (String, String) + Send + Sync + 'static) -> (String, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let (answer, log) = (Arc::new(answer), Log::default());
    let all = log.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer, log) = (stream.unwrap(), answer.clone(), log.clone());
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while let Some(seen) = receive(&mut reader) {
                    let (head, body) = answer(&seen);
                    let length = body.len();
                    let sent = if seen.method == "HEAD" { "" } else { body.as_str() };
                    log.lock().unwrap().push(seen);
                    write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{sent}").unwrap();
                }
            });
        }
    });
    (host, all)
}

fn receive(reader: &mut impl BufRead) -> Option<Seen> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0).map(|_| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = BTreeMap::new();
    while let Some((name, value)) = line()?.split_once(": ") {
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ').map(str::to_owned);
    Some(Seen { method: words.next()?, path: words.next()?, headers, body: String::from_utf8(body).unwrap() })
}

#[path = "push_tests.rs"]
mod pushes;

#[path = "redirect_tests.rs"]
mod redirects;

#[path = "resolve_tests.rs"]
mod resolves;

const MANIFEST: &str = r#"{"schemaVersion":2}"#;

fn ok() -> (String, String) {
    let digest = Digest::of(MANIFEST);
    let head =
        format!("200 OK\r\nContent-Type: {}\r\nDocker-Content-Digest: {digest}", media_type::OCI_MANIFEST);
    (head, MANIFEST.to_owned())
}

fn say(head: impl Into<String>) -> (String, String) {
    (head.into(), String::new())
}

/// A client whose Docker configuration is `config`.
fn oci(config: &str) -> Oci {
    oci_with(config, Patience::default())
}

fn oci_with(config: &str, patience: Patience) -> Oci {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    fs_err::write(format!("{path}/config.json"), config).unwrap();
    let patience = Patience { first_wait: Duration::from_millis(1), ..patience };
    Oci::with_patience(&Env::from_iter([("DOCKER_CONFIG", path)]), Vec::new(), patience)
}

fn logged_in(host: &str, user_and_secret: &str) -> Oci {
    let auth = base64::prelude::BASE64_STANDARD.encode(user_and_secret);
    oci(&format!(r#"{{"auths": {{"{host}": {{"auth": "{auth}"}}}}}}"#))
}

fn image(host: &str, rest: &str) -> ImageRef {
    ImageRef::parse(&format!("{host}/{rest}")).unwrap()
}

fn find(oci: &Oci, host: &str) -> Result<Option<Digest>, RegistryError> {
    oci.find(&[image(host, "a:1")]).map(|mut found| found.remove(0))
}

#[test]
fn present_and_absent_tags_are_told_apart_in_order() {
    let (host, log) =
        serve(|seen| if seen.path.ends_with("/a/b/manifests/1") { ok() } else { say("404 Not Found") });
    let wanted = [image(&host, "a/b:2"), image(&host, "a/b:1"), image(&host, "c:1")];
    assert_eq!(oci("{}").find(&wanted).unwrap(), [None, Some(Digest::of(MANIFEST)), None]);
    for seen in &*log.lock().unwrap() {
        assert_eq!(
            (seen.method.as_str(), seen.header("accept")),
            ("HEAD", media_type::ALL.join(", ").as_str())
        );
    }
}

#[test]
fn basic_credentials_are_sent_once_asked_for_and_from_then_on() {
    let (host, log) = serve(|seen| match seen.header("authorization") {
        "Basic bWU6c2VjcmV0" => ok(),
        _ => say("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\""),
    });
    let client = logged_in(&host, "me:secret");
    let one_then_many: Vec<_> = ["a:1", "a:2", "b:1", "c:1"].iter().map(|rest| image(&host, rest)).collect();
    client.find(&one_then_many[..1]).unwrap();
    client.find(&one_then_many).unwrap();
    assert_eq!(log.lock().unwrap().len(), 6);
    for client in [logged_in(&host, "me:wrong"), oci("{}")] {
        let error = find(&client, &host).unwrap_err();
        assert!(matches!(error, RegistryError::Unauthorized { .. }), "{error}");
        assert!(!format!("{error:?}").contains("wrong"));
    }
}

/// A registry with a token server of its own, whose tokens are good for one repository and for `uses` requests.
fn with_tokens(uses: usize) -> (String, Log) {
    let used = Mutex::new(BTreeMap::<String, usize>::new());
    let made = std::sync::atomic::AtomicUsize::new(0);
    serve(move |seen| {
        if let Some(query) = seen.path.strip_prefix("/token?") {
            let number = made.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let (head, body) = ("200 OK", format!(r#"{{"token": "{number}-{query}"}}"#));
            return (head.to_owned(), body);
        }
        let repository = seen.path.split('/').nth(2).unwrap();
        let token = seen.header("authorization").to_owned();
        let mut used = used.lock().unwrap();
        let count = used.entry(token.clone()).or_default();
        *count += 1;
        if token.contains(&format!("repository%3A{repository}%3Apull")) && *count <= uses {
            return ok();
        }
        let realm = format!("http://{}/token", seen.header("host"));
        say(format!(
            "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"{realm}\",service=\"s\",scope=\"repository:{repository}:pull\""
        ))
    })
}

fn tokens_asked(log: &Log) -> usize {
    log.lock().unwrap().iter().filter(|seen| seen.path.starts_with("/token")).count()
}

#[test]
fn a_token_is_fetched_once_for_each_repository() {
    let (host, log) = with_tokens(usize::MAX);
    let client = logged_in(&host, "me:secret");
    let wanted: Vec<_> = (0..20).map(|n| image(&host, &format!("{}:{n}", ["a", "b"][n % 2]))).collect();
    for _ in 0..2 {
        assert!(client.find(&wanted).unwrap().iter().all(Option::is_some));
    }
    assert_eq!(tokens_asked(&log), 2);
    for seen in log.lock().unwrap().iter() {
        let basic = seen.header("authorization").starts_with("Basic ");
        assert_eq!(basic, seen.path.starts_with("/token"), "the password goes to the token server only");
    }
}

#[test]
fn a_token_whose_time_is_over_is_renewed() {
    let (host, log) = with_tokens(1);
    let client = oci("{}");
    for asked in 1..=3 {
        assert!(find(&client, &host).unwrap().is_some());
        assert_eq!(tokens_asked(&log), asked);
    }
}

#[test]
fn an_identity_token_is_exchanged() {
    let (host, log) = serve(|seen| match (seen.path.as_str(), seen.header("authorization")) {
        ("/token", _) if seen.method == "POST" => ("200 OK".into(), r#"{"access_token": "good"}"#.into()),
        (_, "Bearer good") => ok(),
        _ => say(format!(
            "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://{}/token\"",
            seen.header("host")
        )),
    });
    let client = oci(&format!(r#"{{"auths": {{"{host}": {{"identitytoken": "refresh"}}}}}}"#));
    assert!(find(&client, &host).unwrap().is_some());
    let log = log.lock().unwrap();
    let body = &log.iter().find(|seen| seen.path == "/token").unwrap().body;
    assert!(body.contains("refresh_token=refresh") && body.contains("scope=repository%3Aa%3Apull"), "{body}");
}

#[test]
fn forbidden_and_no_way_in_are_unauthorized() {
    for head in ["403 Forbidden", "401 Unauthorized", "401 Unauthorized\r\nWWW-Authenticate: Negotiate"] {
        let (host, _) = serve(move |_| say(head));
        let error = find(&oci("{}"), &host).unwrap_err();
        assert!(matches!(error, RegistryError::Unauthorized { .. }), "{head}: {error}");
    }
}

#[test]
fn throttling_is_waited_out_and_never_means_absent() {
    let left = Mutex::new(2);
    let (host, log) = serve(move |_| {
        let mut left = left.lock().unwrap();
        if *left == 0 {
            return ok();
        }
        *left -= 1;
        say(["503 Service Unavailable", "429 Too Many Requests\r\nRetry-After: 0"][*left])
    });
    assert!(find(&oci("{}"), &host).unwrap().is_some());
    assert_eq!(log.lock().unwrap().len(), 3);
    let (host, log) = serve(|_| say("429 Too Many Requests"));
    let error = find(&oci("{}"), &host).unwrap_err();
    assert!(matches!(error, RegistryError::Unexpected { .. }), "{error}");
    assert_eq!(log.lock().unwrap().len(), 4);
}

#[test]
fn answers_that_are_no_manifests_are_unexpected() {
    let digest = Digest::of("x");
    for head in [
        "200 OK\r\nContent-Type: text/html".to_owned(),
        format!("200 OK\r\nContent-Type: text/html\r\nDocker-Content-Digest: {digest}"),
        format!("200 OK\r\nDocker-Content-Digest: {digest}"),
        format!("200 OK\r\nContent-Type: {}\r\nDocker-Content-Digest: sha256:1", media_type::OCI_MANIFEST),
        format!("200 OK\r\nContent-Type: {}\r\nDocker-Content-Digest: latest", media_type::OCI_MANIFEST),
        "204 No Content".to_owned(),
        "400 Bad Request".to_owned(),
    ] {
        let (host, _) = serve(move |_| say(head.clone()));
        let error = find(&oci("{}"), &host).unwrap_err();
        assert!(matches!(error, RegistryError::Unexpected { .. }), "{error}");
    }
}

#[test]
fn without_the_header_the_bytes_say_the_digest() {
    let head = format!("200 OK\r\nContent-Type: {}; charset=utf-8", media_type::DOCKER_MANIFEST);
    let (host, log) = serve(move |_| (head.clone(), MANIFEST.to_owned()));
    assert_eq!(find(&oci("{}"), &host).unwrap(), Some(Digest::of(MANIFEST)));
    let methods: Vec<_> = log.lock().unwrap().iter().map(|seen| seen.method.clone()).collect();
    assert_eq!(methods, ["HEAD", "GET"]);
}

#[test]
fn bytes_that_are_not_those_of_their_digest_are_refused() {
    let (host, _) = serve(|_| {
        let (head, _) = ok();
        (head, "something else".to_owned())
    });
    let client = oci("{}");
    let pinned = image(&host, "a").at_digest(Digest::of(MANIFEST));
    for error in [
        client.manifest(&image(&host, "a:1")).unwrap_err(),
        client.manifest(&pinned).unwrap_err(),
        client.blob(&pinned, Digest::of("c")).unwrap_err(),
    ] {
        assert!(error.to_string().contains("has the digest"), "{error}");
    }
}

#[test]
fn manifests_and_blobs_are_read_by_their_digests() {
    let (host, log) = serve(|seen| match seen.path.contains("/blobs/") {
        true => ("200 OK\r\nContent-Type: application/octet-stream".into(), "config".into()),
        false => ok(),
    });
    let (client, pinned) = (oci("{}"), image(&host, "a:1").at_digest(Digest::of(MANIFEST)));
    let manifest = client.manifest(&pinned).unwrap().unwrap();
    assert_eq!((manifest.digest, manifest.bytes.as_slice()), (Digest::of(MANIFEST), MANIFEST.as_bytes()));
    assert_eq!(client.blob(&pinned, Digest::of("config")).unwrap().unwrap().bytes, b"config");
    let log = log.lock().unwrap();
    assert!(log[0].path.ends_with(&format!("/manifests/{}", Digest::of(MANIFEST))), "{}", log[0].path);
}

#[test]
fn a_connection_that_ends_in_the_middle_is_never_an_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let seen = receive(&mut BufReader::new(stream.try_clone().unwrap())).unwrap();
            let (head, body) = ok();
            let length = body.len();
            let (head, body) = match seen.path.as_str() {
                // In the headers, and in the body.
                "/v2/a/manifests/1" => ("200 OK\r\nContent-Ty".to_owned(), String::new()),
                _ => (format!("{head}\r\nContent-Length: {length}\r\n\r\n"), body[..length / 2].to_owned()),
            };
            write!(stream, "HTTP/1.1 {head}{body}").unwrap();
        }
    });
    let client = oci("{}");
    for error in [find(&client, &host).unwrap_err(), client.manifest(&image(&host, "b:1")).unwrap_err()] {
        let known = matches!(error, RegistryError::Unexpected { .. } | RegistryError::Unreachable { .. });
        assert!(known, "{error}");
    }
}

/// The error that a silent registry at `host` gives, by a client that does not wait long.
fn silence(host: &str) -> RegistryError {
    let client = oci_with("{}", Patience { silence: Duration::from_millis(100), ..Patience::default() });
    let error = client.manifest(&image(host, "a:1")).unwrap_err();
    let said = "does not answer: it takes the connection, but says nothing within 0.1 s";
    assert_eq!(error.to_string(), format!("{host} {said}"));
    error
}

#[test]
fn a_silent_registry_is_named_and_asked_twice() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    // The system takes connections for a server that does not.
    let error = silence(&host);
    assert_eq!(error.hint(), format!("check that {host} runs and can be reached from here"));
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.incoming().take_while(Result::is_ok).count(), 2);
}

#[test]
fn a_registry_that_falls_silent_in_its_answer_is_named() {
    let (head, _) = ok();
    for start in
        ["HTTP/1.1 200 OK\r\nContent-Ty", &format!("HTTP/1.1 {head}\r\nContent-Length: 19\r\n\r\n{{")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let start = start.to_owned();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                held.push(stream.unwrap());
                held.last_mut().unwrap().write_all(start.as_bytes()).unwrap();
            }
        });
        silence(&host);
    }
}

#[test]
fn nobody_there_is_unreachable_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = find(&oci("{}"), &host).unwrap_err();
    assert!(matches!(&error, RegistryError::Unreachable { place, .. } if *place == host), "{error}");
}

#[test]
fn only_loopback_and_listed_registries_are_spoken_to_plainly() {
    let client = Oci::new(&Env::default(), vec!["registry.test:5000".into(), "other.test".into()]);
    let base = |text: &str| client.place(&ImageRef::parse(text).unwrap()).0.base;
    for (image, expected) in [
        ("localhost:5000/a", "http://localhost:5000"),
        ("127.0.0.2:5000/a", "http://127.0.0.2:5000"),
        ("registry.test:5000/a", "http://registry.test:5000"),
        ("registry.test:5001/a", "https://registry.test:5001"),
        ("other.test:9/a", "http://other.test:9"),
        ("1.dkr.ecr.eu-west-1.amazonaws.com/a", "https://1.dkr.ecr.eu-west-1.amazonaws.com"),
        ("python:3.13", "https://registry-1.docker.io"),
    ] {
        assert_eq!(base(image), expected);
    }
    assert_eq!(client.place(&ImageRef::parse("python:3.13").unwrap()).1, "library/python");
}
