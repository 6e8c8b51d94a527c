//! What a name stands for, in every form in which registries have images.

use super::super::resolve::Resolved;
use super::*;

/// A registry with these documents, by path, and their media types.
fn registry(documents: Vec<(String, &'static str, String)>) -> String {
    let (host, _) = serve(move |seen| {
        let found = documents.iter().find(|(path, ..)| seen.path == format!("/v2/a/{path}"));
        found.map_or_else(
            || say("404 Not Found"),
            |(_, media_type, text)| (format!("200 OK\r\nContent-Type: {media_type}"), text.clone()),
        )
    });
    host
}

fn resolve(host: &str, tag: &str) -> Resolved {
    oci("{}").resolve(&image(host, &format!("a:{tag}")), Platform::LinuxArm64).unwrap()
}

#[test]
fn of_an_index_it_is_the_manifest_of_the_platform() {
    let [amd64, arm64] = ["amd64", "arm64"].map(Digest::of);
    let entry = |digest: Digest, os: &str, architecture: &str| {
        format!(
            r#"{{"digest":"{digest}","platform":{{"os":"{os}","architecture":"{architecture}","variant":"v8"}}}}"#
        )
    };
    let attestation = entry(Digest::of("attestation"), "unknown", "unknown");
    let index = |entries: &[String]| format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","));
    let both = [entry(amd64, "linux", "amd64"), attestation.clone(), entry(arm64, "linux", "arm64")];
    let host = registry(vec![
        ("manifests/both".into(), media_type::OCI_INDEX, index(&both)),
        ("manifests/list".into(), media_type::DOCKER_LIST, index(&both)),
        ("manifests/one".into(), media_type::OCI_INDEX, index(&both[..2])),
    ]);
    assert_eq!(resolve(&host, "both"), Resolved::Image(arm64));
    assert_eq!(resolve(&host, "list"), Resolved::Image(arm64));
    assert_eq!(resolve(&host, "one"), Resolved::OtherPlatforms(vec!["linux/amd64".into()]));
    assert_eq!(resolve(&host, "none"), Resolved::Absent);
}

#[test]
fn a_single_manifest_is_for_the_machine_of_its_configuration() {
    let documents = ["arm64", "amd64"].map(|architecture| {
        let config = format!(r#"{{"os":"linux","architecture":"{architecture}"}}"#);
        let digest = Digest::of(&config);
        let manifest = format!(r#"{{"schemaVersion":2,"config":{{"digest":"{digest}"}}}}"#);
        [
            (format!("manifests/{architecture}"), media_type::OCI_MANIFEST, manifest),
            (format!("blobs/{digest}"), "application/json", config),
        ]
    });
    let manifest = Digest::of(&documents[0][0].2);
    let host = registry(documents.into_iter().flatten().collect());
    assert_eq!(resolve(&host, "arm64"), Resolved::Image(manifest));
    assert_eq!(resolve(&host, "amd64"), Resolved::OtherPlatforms(vec!["linux/amd64".into()]));
}

#[test]
fn what_nobody_understands_is_never_absent() {
    let host = registry(vec![
        ("manifests/odd".into(), media_type::OCI_MANIFEST, "[]".into()),
        ("manifests/bare".into(), media_type::OCI_MANIFEST, MANIFEST.into()),
    ]);
    for tag in ["odd", "bare"] {
        let found = oci("{}").resolve(&image(&host, &format!("a:{tag}")), Platform::LinuxArm64);
        assert!(matches!(found, Err(RegistryError::Unexpected { .. })), "{found:?}");
    }
}
