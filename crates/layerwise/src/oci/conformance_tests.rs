//! Images as Lambda wants them, and each way of not being one.

use serde_json::{Value, json};

use super::*;

fn manifest() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": media_type::DOCKER_MANIFEST,
        "config": {"mediaType": CONFIGURATIONS[0], "digest": crate::digest::Digest::of("c"), "size": 10},
        "layers": [
            {"mediaType": LAYERS[0], "digest": "sha256:a", "size": 1000},
            {"mediaType": LAYERS[0], "digest": "sha256:b", "size": 2000},
        ],
    })
}

fn config() -> Value {
    json!({
        "architecture": "arm64",
        "os": "linux",
        "config": {"Entrypoint": ["/lambda-entrypoint.sh"], "Cmd": ["handler.lambda_handler"]},
        "history": [{"created_by": "COPY a"}, {"created_by": "ENV", "empty_layer": true}, {"created_by": "COPY b"}],
    })
}

fn broken(manifest: &Value, config: &Value) -> Vec<String> {
    let violations =
        check(Platform::LinuxArm64, manifest.to_string().as_bytes(), config.to_string().as_bytes());
    violations.iter().map(ToString::to_string).collect()
}

#[test]
fn images_as_buildkit_pushes_them_are_fine() {
    assert_eq!(broken(&manifest(), &config()), [""; 0]);
    let mut oci = manifest();
    oci.as_object_mut().unwrap().remove("mediaType");
    oci["config"]["mediaType"] = CONFIGURATIONS[1].into();
    oci["layers"][0]["mediaType"] = LAYERS[2].into();
    assert_eq!(broken(&oci, &config()), [""; 0]);
    assert_eq!(configuration_of(oci.to_string().as_bytes()), Some(crate::digest::Digest::of("c")));
}

#[test]
fn an_index_is_refused_whatever_it_holds() {
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": []});
    let expected =
        format!("it is an index of several manifests ({}); Lambda takes a single one", media_type::OCI_INDEX);
    assert_eq!(broken(&index, &json!({})), [expected]);
    let nameless = json!({"schemaVersion": 2, "manifests": [{}]});
    assert!(broken(&nameless, &json!(null))[0].starts_with("it is an index"));
    assert_eq!(configuration_of(index.to_string().as_bytes()), None);
}

#[test]
fn every_rule_is_checked() {
    let (mut m, mut c) = (manifest(), config());
    m["mediaType"] = "application/json".into();
    m["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json".into();
    m["layers"][1]["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip".into();
    m["layers"][1]["size"] = u64::MAX.into();
    c["architecture"] = "amd64".into();
    c["history"] = json!([]);
    c["config"] = json!({"Cmd": null, "Entrypoint": []});
    insta::assert_snapshot!(broken(&m, &c).join("\n"));
}

#[test]
fn unreadable_documents_are_said_to_be_so() {
    let fine = manifest().to_string();
    for (manifest, config, part) in [("<html>", "{}", "manifest"), (&fine, "[1", "configuration")] {
        let violations = check(Platform::LinuxArm64, manifest.as_bytes(), config.as_bytes());
        assert!(
            matches!(violations[..], [Violation::Unreadable { part: p, .. }] if p == part),
            "{violations:?}"
        );
    }
}
