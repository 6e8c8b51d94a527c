//! Who is redirected to gets no login, however it asks.

use super::*;

#[test]
fn a_redirect_to_another_host_carries_no_credentials() {
    let (other, seen_there) = serve(|_| ("200 OK".into(), "config".into()));
    let (host, _) = serve(move |seen| match seen.header("authorization") {
        "" => say("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\""),
        _ => say(format!("307 Temporary Redirect\r\nLocation: http://{other}/elsewhere")),
    });
    let client = logged_in(&host, "me:secret");
    assert_eq!(client.blob(&image(&host, "a:1"), Digest::of("config")).unwrap().unwrap().bytes, b"config");
    assert_eq!(seen_there.lock().unwrap()[0].header("authorization"), "");
}

/// What somebody sees who has no business with our login: headers and bodies of all requests.
fn told(log: &Log) -> String {
    let all = log.lock().unwrap();
    all.iter().map(|seen| format!("{:?} {}\n", seen.headers, seen.body)).collect()
}

#[test]
fn whoever_a_registry_redirects_to_gets_no_login_by_asking_for_it() {
    for challenge in ["Basic realm=\"r\"", "Bearer realm=\"http://{host}/token\",service=\"s\""] {
        let (other, seen_there) = serve(move |seen| match seen.path.starts_with("/token") {
            true => ("200 OK".into(), r#"{"token": "t"}"#.into()),
            false => {
                let challenge = challenge.replace("{host}", seen.header("host"));
                say(format!("401 Unauthorized\r\nWWW-Authenticate: {challenge}"))
            }
        });
        let (host, _) =
            serve(move |_| say(format!("307 Temporary Redirect\r\nLocation: http://{other}/elsewhere")));
        let error = find(&logged_in(&host, "me:secret"), &host).unwrap_err();
        assert!(matches!(error, RegistryError::Unauthorized { .. }), "{error}");
        let told = told(&seen_there);
        assert!(!told.contains("authorization") && told.lines().count() == 1, "{told}");
    }
}

#[test]
fn a_token_server_that_redirects_passes_on_neither_password_nor_token() {
    for head in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let (other, seen_there) = serve(|_| ("200 OK".into(), r#"{"token": "t"}"#.into()));
        let (host, _) = serve(move |seen| match seen.path.starts_with("/token") {
            true => say(format!("{head}\r\nLocation: http://{other}/elsewhere")),
            false => {
                let realm = format!("Bearer realm=\"http://{}/token\"", seen.header("host"));
                say(format!("401 Unauthorized\r\nWWW-Authenticate: {realm}"))
            }
        });
        let identity = oci(&format!(r#"{{"auths": {{"{host}": {{"identitytoken": "secret"}}}}}}"#));
        for client in [logged_in(&host, "me:secret"), identity] {
            find(&client, &host).unwrap_err();
        }
        let told = told(&seen_there);
        assert!(!told.contains("authorization") && !told.contains("secret"), "{head}: {told}");
    }
}
