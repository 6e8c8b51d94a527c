//! How blobs and manifests are sent, to servers that play registries.

use super::*;
use crate::oci::push::Content;

/// A registry that takes uploads at one place; `trouble` may answer a request first.
fn taking(trouble: impl Fn(&Seen) -> Option<String> + Send + Sync + 'static) -> (String, Log) {
    serve(move |seen| {
        if let Some(head) = trouble(seen) {
            return say(head);
        }
        match seen.method.as_str() {
            "POST" => say("202 Accepted\r\nLocation: /v2/a/blobs/uploads/1?state=x"),
            "PATCH" => say("202 Accepted\r\nLocation: /v2/a/blobs/uploads/1?state=y"),
            "PUT" => say("201 Created"),
            _ => say("404 Not Found"),
        }
    })
}

/// Answers the first `count` requests that `is` takes with `head`.
fn first(
    count: usize,
    head: &str,
    is: impl Fn(&Seen) -> bool + Send + Sync + 'static,
) -> impl Fn(&Seen) -> Option<String> + Send + Sync + 'static {
    let (left, head) = (Mutex::new(count), head.to_owned());
    move |seen| {
        let mut left = left.lock().unwrap();
        let now = *left > 0 && is(seen);
        *left -= usize::from(now);
        now.then(|| head.clone())
    }
}

fn said(log: &Log) -> Vec<String> {
    log.lock().unwrap().iter().map(|seen| format!("{} {} {:?}", seen.method, seen.path, seen.body)).collect()
}

fn send(oci: &Oci, host: &str) -> Result<(), RegistryError> {
    oci.send_blob(&image(host, "a:1"), Digest::of("content"), Content::Bytes(b"content"))
}

#[test]
fn a_small_blob_goes_at_once_to_where_the_registry_says() {
    let (host, log) = taking(|_| None);
    send(&oci("{}"), &host).unwrap();
    let put = format!("PUT /v2/a/blobs/uploads/1?state=x&digest={} \"content\"", Digest::of("content"));
    assert_eq!(said(&log), ["POST /v2/a/blobs/uploads/ \"\"".to_owned(), put]);
    assert_eq!(log.lock().unwrap()[0].header("content-length"), "0");
}

#[test]
fn an_upload_that_fails_is_begun_again_and_a_refused_one_is_not() {
    let is_put = |seen: &Seen| seen.method == "PUT";
    for passing in ["500 Internal Server Error", "429 Too Many Requests", "404 Not Found"] {
        let (host, log) = taking(first(1, passing, is_put));
        send(&oci("{}"), &host).unwrap();
        assert_eq!(log.lock().unwrap().len(), 4, "{passing}");
    }
    let (host, log) = taking(first(usize::MAX, "500 Internal Server Error", is_put));
    let error = send(&oci("{}"), &host).unwrap_err();
    assert!(
        matches!(&error, RegistryError::Unexpected { .. }) && error.to_string().contains("500"),
        "{error}"
    );
    assert_eq!(log.lock().unwrap().len(), 8);
    let (host, log) = taking(first(usize::MAX, "403 Forbidden", is_put));
    assert!(matches!(send(&oci("{}"), &host), Err(RegistryError::Unauthorized { .. })));
    assert_eq!(log.lock().unwrap().len(), 2);
}

#[test]
fn an_upload_never_goes_to_another_host() {
    let (host, log) =
        serve(|_| say("202 Accepted\r\nLocation: http://127.0.0.1:1/v2/a/blobs/uploads/1?token=t"));
    let error = send(&oci("{}"), &host).unwrap_err().to_string();
    assert!(error.contains("elsewhere") && !error.contains("token"), "{error}");
    assert!(log.lock().unwrap().iter().all(|seen| seen.method == "POST"));
}

#[test]
fn a_login_for_reading_is_renewed_for_writing() {
    let (host, log) = serve(|seen| {
        let bearer =
            "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://HOST/token\",scope=\"SCOPE\"";
        let ask = |scope: &str| say(bearer.replace("SCOPE", scope).replace("HOST", seen.header("host")));
        match (seen.method.as_str(), seen.header("authorization")) {
            ("GET", _) if seen.path.starts_with("/token") => {
                let token = if seen.path.contains("push") { "write" } else { "read" };
                ("200 OK".to_owned(), format!(r#"{{"token":"{token}"}}"#))
            }
            ("HEAD", "Bearer read" | "Bearer write") => say("404 Not Found"),
            ("HEAD", _) => ask("repository:a:pull"),
            ("POST", "Bearer write") => say("202 Accepted\r\nLocation: /v2/a/blobs/uploads/1"),
            ("PUT", "Bearer write") => say("201 Created"),
            _ => ask("repository:a:pull,push repository:b:pull"),
        }
    });
    let client = oci("{}");
    assert!(!client.has_blob(&image(&host, "a:1"), Digest::of("content")).unwrap());
    send(&client, &host).unwrap();
    let log = log.lock().unwrap();
    let asked = log.iter().filter(|seen| seen.path.contains("push")).collect::<Vec<_>>();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path.matches("scope=").count(), 2, "{}", asked[0].path);
}

#[test]
fn blobs_are_mounted_where_the_registry_can() {
    for (answer, is) in [
        ("201 Created", true),
        ("202 Accepted\r\nLocation: /v2/a/blobs/uploads/1", false),
        ("404 Not Found", false),
        ("405 Method Not Allowed", false),
    ] {
        let (host, log) = serve(move |_| say(answer));
        let digest = Digest::of("x");
        let mounted = oci("{}").mount_blob(&image(&host, "a:1"), &image(&host, "b/c:2"), digest);
        assert_eq!(mounted, Ok(is), "{answer}");
        let path = format!("/v2/a/blobs/uploads/?mount={digest}&from=b/c");
        assert_eq!(log.lock().unwrap()[0].path, path);
    }
}

#[test]
fn a_manifest_is_what_the_registry_says_it_took() {
    let put = |head: String| {
        let (host, log) = serve(move |_| say(head.clone()));
        let put = oci("{}").put_manifest(&image(&host, "a:1"), media_type::OCI_MANIFEST, MANIFEST.as_bytes());
        let log = log.lock().unwrap();
        assert_eq!((log[0].path.as_str(), log[0].body.as_str()), ("/v2/a/manifests/1", MANIFEST));
        assert_eq!(log[0].header("content-type"), media_type::OCI_MANIFEST);
        put
    };
    let digest = Digest::of(MANIFEST);
    assert_eq!(put("201 Created".to_owned()), Ok(digest));
    assert_eq!(put(format!("201 Created\r\nDocker-Content-Digest: {digest}")), Ok(digest));
    let other = put(format!("201 Created\r\nDocker-Content-Digest: {}", Digest::of("other")));
    assert!(matches!(other, Err(RegistryError::Unexpected { .. })), "{other:?}");
    let refused = put("400 Bad Request".to_owned()).unwrap_err().to_string();
    assert!(refused.contains("400 Bad Request for the manifest at /v2/a/manifests/1"), "{refused}");
}

#[test]
fn a_large_upload_goes_on_where_it_broke_off() {
    let size: usize = 9 << 20;
    let (_guard, folder) = crate::fs::tests::folder();
    let path = folder.join("blob");
    fs_err::write(&path, vec![b'x'; size]).unwrap();
    let is_first_part =
        |seen: &Seen| seen.method == "PATCH" && seen.header("content-range").starts_with("0-");
    let breaks = first(1, "502 Bad Gateway", is_first_part);
    let (host, log) = taking(move |seen| match seen.method.as_str() {
        "GET" => Some("204 No Content\r\nLocation: /v2/a/blobs/uploads/2\r\nRange: 0-99".to_owned()),
        _ => breaks(seen),
    });
    let digest = Digest::of("content");
    oci("{}").send_blob(&image(&host, "a:1"), digest, Content::File(&path, size as u64)).unwrap();
    let log = log.lock().unwrap();
    let seen: Vec<_> = log
        .iter()
        .map(|seen| {
            format!("{} {} {} {}", seen.method, seen.path, seen.header("content-range"), seen.body.len())
        })
        .collect();
    assert_eq!(
        seen,
        [
            "POST /v2/a/blobs/uploads/  0".to_owned(),
            format!("PATCH /v2/a/blobs/uploads/1?state=x 0-{} {size}", size - 1),
            "GET /v2/a/blobs/uploads/1?state=x  0".to_owned(),
            format!("PATCH /v2/a/blobs/uploads/2 100-{} {}", size - 1, size - 100),
            format!("PUT /v2/a/blobs/uploads/1?state=y&digest={digest}  0"),
        ]
    );
}

/// It goes over what it was sent, which takes it longer than an answer to a question may.
#[test]
fn a_registry_may_be_silent_for_longer_after_an_upload() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let client = oci_with("{}", Patience { silence: Duration::from_millis(10), ..Patience::default() });
    let put = client.put_manifest(&image(&host, "a:1"), media_type::OCI_MANIFEST, MANIFEST.as_bytes());
    assert!(put.unwrap_err().to_string().contains("says nothing within 0.12 s"));
}
