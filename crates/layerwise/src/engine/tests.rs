//! The client against a socket that plays an engine.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;

use camino::Utf8Path;

use super::*;

/// An engine that answers each path with a status line and a body.
fn engine(
    answer: impl Fn(&str) -> (&'static str, String) + Send + Sync + 'static,
) -> (Engine, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let answer = std::sync::Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), answer.clone());
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while let Some(Ok(request)) = lines.next() {
                    while lines.next().unwrap().unwrap() != "" {}
                    let (status, body) = answer(request.split(' ').nth(1).unwrap());
                    let length = body.len();
                    write!(
                        stream,
                        "HTTP/1.1 {status}\r\nApi-Version: 1.45\r\nContent-Length: {length}\r\n\r\n{body}"
                    )
                    .unwrap();
                }
            });
        }
    });
    let endpoint = Endpoint { host: format!("unix://{path}"), chosen_by: "a test".into(), tls: None };
    (Engine::at(&endpoint).unwrap(), folder)
}

fn images(names: &[&str]) -> Vec<ImageRef> {
    names.iter().map(|name| ImageRef::parse(name).unwrap()).collect()
}

const ABSENT: (&str, &str) = ("404 Not Found", r#"{"message":"No such image: x"}"#);

#[test]
fn present_and_absent_images_are_told_apart_in_order() {
    let id = |name: &str| format!(r#"{{"Id":"{}","Size":1}}"#, Digest::of(name));
    let (engine, _folder) = engine(move |path| match path {
        "/images/localhost:5000/a/b:1/history" => {
            ("200 OK", format!(r#"[{},{{"Id":"<missing>"}}]"#, id("a")))
        }
        "/images/without:history/history" => ("200 OK", "[]".into()),
        "/images/of:arm64/history" => ("404 Not Found", r#"{"message":"snapshot x does not exist"}"#.into()),
        "/images/without:history/json" | "/images/of:arm64/json" => ("200 OK", id("b")),
        _ => (ABSENT.0, ABSENT.1.into()),
    });
    let wanted =
        images(&["c:1", "localhost:5000/a/b:1", "localhost:5000/a/b:2", "without:history", "of:arm64"]);
    for _ in 0..3 {
        assert_eq!(
            engine.find(&wanted).unwrap(),
            [None, Some(Digest::of("a")), None, Some(Digest::of("b")), Some(Digest::of("b"))]
        );
    }
    assert_eq!(engine.find(&[]).unwrap(), []);
}

#[test]
fn an_image_gets_a_second_name() {
    let (engine, _folder) = engine(|path| match path {
        "/images/ping:sha-1/tag?repo=ping&tag=local" => ("201 Created", String::new()),
        _ => (ABSENT.0, ABSENT.1.into()),
    });
    let [image, also, gone] = images(&["ping:sha-1", "ping:local", "ping:sha-2"]).try_into().unwrap();
    engine.name_also(&image, &also).unwrap();
    let error = engine.name_also(&gone, &also).unwrap_err().to_string();
    assert!(error.contains("ping:sha-2 as ping:local: 404 Not Found"), "{error}");
}

#[test]
fn cannot_tell_is_never_absent() {
    for (status, body) in [
        ("404 Not Found", "<html>page not found</html>"),
        ("500 Internal Server Error", r#"{"message":"No such image? The store is broken"}"#),
        ("200 OK", "{}"),
        ("200 OK", r#"{"Id":"sha256:1"}"#),
        ("200 OK", "<html>"),
    ] {
        let (engine, _folder) = engine(move |_| (status, body.into()));
        let error = engine.find(&images(&["a:1"])).unwrap_err();
        assert!(matches!(error, RegistryError::Unexpected { .. }), "{body}: {error}");
    }
    let endpoint = Endpoint { host: "unix:///no/such.sock".into(), chosen_by: "a test".into(), tls: None };
    let error = Engine::at(&endpoint).unwrap().find(&images(&["a:1"])).unwrap_err();
    assert!(
        matches!(&error, RegistryError::Unreachable { place, .. } if place == "unix:///no/such.sock"),
        "{error}"
    );
}

#[test]
fn an_engine_says_what_it_is() {
    let info = |driver: &str| {
        format!(
            r#"{{"ServerVersion":"28.5.2","OSType":"linux","Architecture":"x86_64","Driver":"overlay","DockerRootDir":"/d","DriverStatus":[{driver}]}}"#
        )
    };
    let (engine_of_today, _folder) =
        engine(move |_| ("200 OK", info(r#"["driver-type","io.containerd.snapshotter.v1"]"#)));
    let about = engine_of_today.about().unwrap();
    assert_eq!((about.store, about.api_version.as_str()), (Store::Containerd, "1.45"));
    let (engine_of_old, _folder) = engine(move |_| ("200 OK", info(r#"["Supports d_type","true"]"#)));
    assert_eq!(engine_of_old.about().unwrap().store, Store::GraphDriver);
}

#[test]
fn addresses_that_we_do_not_speak_are_refused() {
    let endpoint = Endpoint { host: "ssh://me@there".into(), chosen_by: "a test".into(), tls: None };
    let error = Engine::at(&endpoint).err().unwrap();
    assert!(error.hint().contains("ssh -NL"), "{error}");
}

#[test]
fn a_label_is_told_or_there_is_none() {
    let (engine, _folder) = engine(move |path| match path {
        "/images/base:stable/json" => ("200 OK", r#"{"Id":"x","Config":{"Labels":{"a":"1"}}}"#.into()),
        "/images/bare:stable/json" => ("200 OK", r#"{"Id":"x","Config":{"Labels":null}}"#.into()),
        "/images/odd:stable/json" => ("500 Internal Server Error", "no".into()),
        _ => (ABSENT.0, ABSENT.1.into()),
    });
    let label = |image: &str| engine.label(&images(&[image])[0], "a");
    assert_eq!(label("base:stable").unwrap().as_deref(), Some("1"));
    assert_eq!(label("bare:stable").unwrap(), None);
    assert_eq!(label("gone:stable").unwrap(), None);
    assert!(label("odd:stable").is_err());
}
