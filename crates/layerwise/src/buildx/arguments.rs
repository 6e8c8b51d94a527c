//! A request → the arguments and environment of `docker-buildx build`. Pure; no secret's value is in the arguments.

use camino::Utf8Path;

use crate::builder::{BuildRequest, SecretSource};
use crate::layer_cache::Export;

/// The variables that hand over the texts of secrets: `LAYERWISE_SECRET_0`, and so on in the request's order.
const SECRET_VARIABLE: &str = "LAYERWISE_SECRET_";

/// The arguments that build `request` and leave the result's digest in the file `metadata`.
pub fn arguments(request: &BuildRequest, builder: Option<&str>, metadata: &Utf8Path) -> Vec<String> {
    let mut args = vec!["build".to_owned()];
    let mut option = |name: &str, value: &str| args.push(format!("--{name}={value}"));
    option("progress", "rawjson");
    // Lambda takes a single manifest; each of these two would make the result an index.
    option("provenance", "false");
    option("sbom", "false");
    option("platform", request.platform.as_str());
    option("file", request.dockerfile.as_str());
    option("metadata-file", metadata.as_str());
    if let Some(builder) = builder {
        option("builder", builder);
    }
    if let Some(target) = &request.target {
        option("target", target);
    }
    for tag in &request.tags {
        option("tag", &tag.to_string());
    }
    if let Some(cache) = &request.cache {
        for reference in &cache.from {
            option("cache-from", &format!("type=registry,ref={reference}"));
        }
        match (&cache.to, cache.export) {
            (None, _) => {}
            // A registry that is gone costs time, not the build.
            (Some(reference), Export::Full) => option(
                "cache-to",
                &format!(
                    "type=registry,ref={reference},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true"
                ),
            ),
            (Some(reference), Export::Inline) if request.push => {
                option("cache-to", "type=inline");
                option("tag", &reference.to_string());
            }
            (Some(_), Export::Inline) => {}
        }
    }
    for (name, value) in &request.build_args {
        option("build-arg", &format!("{name}={value}"));
    }
    for (name, value) in &request.labels {
        option("label", &format!("{name}={value}"));
    }
    for (index, secret) in request.secrets.iter().enumerate() {
        let id = field("id", &secret.id);
        match &secret.from {
            SecretSource::File(path) => option("secret", &format!("{id},{}", field("src", path.as_str()))),
            SecretSource::Text(_) => option("secret", &format!("{id},env={SECRET_VARIABLE}{index}")),
        }
    }
    if request.no_cache {
        args.push("--no-cache".to_owned());
    }
    args.push(format!("--output={}", output(request)));
    args.push("--".to_owned());
    args.push(request.context.to_string());
    args
}

/// Where the result goes, and how layers are compressed: gzip as everybody reads it, at its quickest. BuildKit's own level
/// takes 54 s more for a layer of 716 MB on two cores, and saves a tenth of its compressed size. Without any compression,
/// a later push, also by somebody else's command, would find layers in the cache that Lambda does not take.
///
/// The engine's own builder stores by itself; one in a container or far away has to be told.
fn output(request: &BuildRequest) -> String {
    let kind = if request.push { "registry" } else { "docker" };
    format!("type={kind},compression=gzip,compression-level=1")
}

/// What `docker-buildx` has to find in its environment for `request`.
pub fn environment(request: &BuildRequest) -> Vec<(String, String)> {
    let fixed = [
        ("BUILDX_METADATA_PROVENANCE", "disabled"),
        ("BUILDX_NO_DEFAULT_ATTESTATIONS", "1"),
        // Otherwise each build runs git several times, for labels and provenance that we do not want.
        ("BUILDX_GIT_INFO", "false"),
        // A Go program that lives for a fraction of a second: a fifth of its CPU time went into collecting garbage. From a
        // heap of half a gigabyte on it collects after all.
        ("GOGC", "off"),
        ("GOMEMLIMIT", "512MiB"),
    ];
    let secrets = request.secrets.iter().enumerate().filter_map(|(index, secret)| match &secret.from {
        SecretSource::Text(text) => Some((format!("{SECRET_VARIABLE}{index}"), text.clone())),
        SecretSource::File(_) => None,
    });
    fixed.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).chain(secrets).collect()
}

/// One field of an option that buildx reads as CSV (RFC 4180).
fn field(name: &str, value: &str) -> String {
    let field = format!("{name}={value}");
    if field.contains([',', '"', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::SecretValue;
    use crate::image_ref::ImageRef;
    use crate::layer_cache::LayerCache;
    use crate::platform::Platform;

    fn request() -> BuildRequest {
        BuildRequest {
            image: "submit-openai".into(),
            platform: Platform::LinuxArm64,
            context: "/repo".into(),
            dockerfile: "/repo/target/layerwise/submit-openai.Dockerfile".into(),
            target: None,
            build_args: Vec::new(),
            labels: Vec::new(),
            tags: vec![ImageRef::parse("localhost:5000/submit-openai:sha-4f1c0a9be211").unwrap()],
            secrets: Vec::new(),
            push: true,
            no_cache: false,
            cache: None,
            log: "/repo/target/layerwise/submit-openai.log".into(),
        }
    }

    #[test]
    fn a_plain_push() {
        insta::assert_snapshot!(arguments(&request(), None, "/tmp/x/metadata.json".into()).join("\n"), @r"
        build
        --progress=rawjson
        --provenance=false
        --sbom=false
        --platform=linux/arm64
        --file=/repo/target/layerwise/submit-openai.Dockerfile
        --metadata-file=/tmp/x/metadata.json
        --tag=localhost:5000/submit-openai:sha-4f1c0a9be211
        --output=type=registry,compression=gzip,compression-level=1
        --
        /repo
        ");
    }

    #[test]
    fn layers_are_shared_as_the_engine_can() {
        let reference = |branch: &str| ImageRef::parse(&format!("host/layers:it-{branch}")).unwrap();
        let cache = |export| {
            Some(LayerCache {
                from: vec![reference("mend"), reference("main")],
                to: Some(reference("mend")),
                export,
            })
        };
        let told = |request: &BuildRequest| {
            let arguments = arguments(request, None, "/m".into()).into_iter();
            arguments
                .filter(|it| it.contains("cache") || it.contains("host/layers"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        let from = "--cache-from=type=registry,ref=host/layers:it-mend\n--cache-from=type=registry,ref=host/layers:it-main";
        let full = BuildRequest { cache: cache(Export::Full), ..request() };
        assert_eq!(
            told(&full),
            format!(
                "{from}\n--cache-to=type=registry,ref=host/layers:it-mend,mode=max,image-manifest=true,\
                 oci-mediatypes=true,ignore-error=true"
            )
        );
        let inline = BuildRequest { cache: cache(Export::Inline), ..request() };
        assert_eq!(told(&inline), format!("{from}\n--cache-to=type=inline\n--tag=host/layers:it-mend"));
        // What is not pushed takes nothing along.
        assert_eq!(told(&BuildRequest { push: false, ..inline }), from);
    }

    #[test]
    fn everything_that_can_be_asked_for() {
        let secret = |id: &str, from| SecretValue { id: id.into(), from };
        let request = BuildRequest {
            target: Some("main".into()),
            build_args: vec![("BASE_IMAGE".into(), "localhost:5000/base@sha256:0".into())],
            labels: vec![("io.layerwise.image".into(), "submit-openai".into())],
            tags: vec![ImageRef::parse("a:1").unwrap(), ImageRef::parse("a:stable").unwrap()],
            secrets: vec![
                secret("pip_conf", SecretSource::Text("hunter2".into())),
                secret("ca_bundle", SecretSource::File("/etc/ssl/a, \"b\".crt".into())),
                secret("token", SecretSource::Text("hunter3".into())),
            ],
            push: false,
            no_cache: true,
            ..request()
        };
        let args = arguments(&request, Some("remote"), "/tmp/x/metadata.json".into()).join("\n");
        assert!(!args.contains("hunter"), "no secret is in the arguments");
        insta::assert_snapshot!(args, @r###"
        build
        --progress=rawjson
        --provenance=false
        --sbom=false
        --platform=linux/arm64
        --file=/repo/target/layerwise/submit-openai.Dockerfile
        --metadata-file=/tmp/x/metadata.json
        --builder=remote
        --target=main
        --tag=a:1
        --tag=a:stable
        --build-arg=BASE_IMAGE=localhost:5000/base@sha256:0
        --label=io.layerwise.image=submit-openai
        --secret=id=pip_conf,env=LAYERWISE_SECRET_0
        --secret=id=ca_bundle,"src=/etc/ssl/a, ""b"".crt"
        --secret=id=token,env=LAYERWISE_SECRET_2
        --no-cache
        --output=type=docker,compression=gzip,compression-level=1
        --
        /repo
        "###);
        insta::assert_debug_snapshot!(environment(&request), @r#"
        [
            (
                "BUILDX_METADATA_PROVENANCE",
                "disabled",
            ),
            (
                "BUILDX_NO_DEFAULT_ATTESTATIONS",
                "1",
            ),
            (
                "BUILDX_GIT_INFO",
                "false",
            ),
            (
                "GOGC",
                "off",
            ),
            (
                "GOMEMLIMIT",
                "512MiB",
            ),
            (
                "LAYERWISE_SECRET_0",
                "hunter2",
            ),
            (
                "LAYERWISE_SECRET_2",
                "hunter3",
            ),
        ]
        "#);
    }
}
