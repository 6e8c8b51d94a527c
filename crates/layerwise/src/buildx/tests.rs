//! The adapter against a program that plays buildx.

use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;

use super::*;
use crate::image_ref::ImageRef;
use crate::platform::Platform;

struct Place {
    _guard: tempfile::TempDir,
    folder: Utf8PathBuf,
}

impl Place {
    fn new() -> Self {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::from_path_buf(guard.path().to_owned()).unwrap();
        Self { _guard: guard, folder }
    }

    /// A program that runs `script`, in which `$METADATA` is the metadata file.
    fn buildx(&self, script: &str) -> Buildx {
        let path = self.folder.join("docker-buildx");
        let find = "for a in \"$@\"; do case $a in --metadata-file=*) METADATA=${a#*=};; esac; done";
        fs::write(&path, format!("#!/bin/sh\n{find}\n{script}\n")).unwrap();
        fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Buildx::at(path)
    }

    fn request(&self) -> BuildRequest {
        BuildRequest {
            image: "handler".into(),
            platform: Platform::LinuxAmd64,
            context: self.folder.clone(),
            dockerfile: self.folder.join("Dockerfile"),
            target: None,
            build_args: Vec::new(),
            labels: Vec::new(),
            tags: vec![ImageRef::parse("handler:1").unwrap()],
            secrets: Vec::new(),
            push: false,
            no_cache: false,
            cache: None,
            log: self.folder.join("logs/handler.log"),
        }
    }
}

fn build_until(
    buildx: &Buildx,
    request: &BuildRequest,
    cancel: &Cancel,
    progress: &dyn Fn(BuildProgress),
) -> Result<Built, BuildError> {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let lock = |name: &str| Lock::acquire(&folder.join(name), || {}, || false).unwrap().unwrap();
    buildx.build(request, [&lock("everywhere"), &lock("here")], cancel, progress)
}

fn build(buildx: &Buildx, request: &BuildRequest) -> Result<Built, BuildError> {
    build_until(buildx, request, &Cancel::default(), &|_| ())
}

#[test]
fn a_finished_build_gives_its_digests_and_leaves_only_its_log() {
    let place = Place::new();
    let recorded = include_str!("recorded/0.29.metadata.json");
    fs::write(place.folder.join("recorded"), recorded).unwrap();
    let script = format!("cp {}/recorded \"$METADATA\"", place.folder);
    let built = build(&place.buildx(&script), &place.request()).unwrap();
    assert!(recorded.contains(&format!("\"containerimage.digest\": \"{}\"", built.digest)));
    assert!(recorded.contains(&format!("\"containerimage.config.digest\": \"{}\"", built.config.unwrap())));
    assert!(built.is(built.digest) && built.is(built.config.unwrap()) && !built.is(Digest::of("other")));
    let left = fs::read_dir(place.folder.join("logs")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["handler.log"]);
}

#[test]
fn success_without_a_digest_is_no_success() {
    let place = Place::new();
    let recorded = include_str!("recorded/0.29.metadata.json");
    fs::create_dir_all(place.folder.join("logs")).unwrap();
    fs::write(place.folder.join("logs/handler.metadata.json"), recorded).unwrap();
    for script in ["true", "echo '{}' >$METADATA", "echo no json >$METADATA"] {
        let error = build(&place.buildx(script), &place.request()).unwrap_err();
        assert!(matches!(error, BuildError::Unavailable { .. }), "{script}: {error}");
    }
}

#[test]
fn a_secret_reaches_the_child_and_nothing_else() {
    let place = Place::new();
    let mut request = place.request();
    let secret = "hunter2-and-more";
    let file = place.folder.join("netrc");
    fs::write(&file, "machine example.org\nlogin me password correct-horse-battery\n").unwrap();
    request.secrets = vec![
        SecretValue { id: "token".into(), from: SecretSource::Text(secret.into()) },
        SecretValue { id: "netrc".into(), from: SecretSource::File(file.clone()) },
    ];
    let script = format!(
        "printf %s \"$LAYERWISE_SECRET_0\" >{0}/seen; echo \"$@\" >{0}/args; sed 's/^/ERROR: /' {file} >&2; \
         awk 'END {{ print \"ERROR: \" $NF }}' {file} >&2; echo \"ERROR: $LAYERWISE_SECRET_0\" >&2; exit 1",
        place.folder
    );
    let error = build(&place.buildx(&script), &request).unwrap_err();
    assert_eq!(fs::read_to_string(place.folder.join("seen")).unwrap(), secret);
    let log = fs::read_to_string(&request.log).unwrap();
    assert!(log.ends_with("\nERROR: ***\nERROR: ***\nERROR: ***\nERROR: ***\n"), "{log}");
    for text in [&log, &fs::read_to_string(place.folder.join("args")).unwrap(), &format!("{error:?}")] {
        assert!(!text.contains(secret) && !text.contains("correct-horse"), "{text}");
    }
}

#[test]
fn a_secret_without_a_value_is_refused() {
    let place = Place::new();
    let mut request = place.request();
    for from in [SecretSource::Text(String::new()), SecretSource::File(place.folder.join("none"))] {
        request.secrets = vec![SecretValue { id: "token".into(), from }];
        let error = build(&place.buildx("exit 1"), &request).unwrap_err();
        assert!(error.to_string().contains("the secret `token` is"), "{error}");
    }
}

#[test]
fn a_failure_is_told_apart_from_an_environment_that_cannot_build() {
    let place = Place::new();
    let fail = |text: &str| {
        fs::write(place.folder.join("says"), text).unwrap();
        let script = format!("cat {}/says >&2; exit 1", place.folder);
        build(&place.buildx(&script), &place.request()).unwrap_err()
    };
    let step = fail(include_str!("recorded/0.13.fail.rawjson"));
    let BuildError::Failed { step: Some(step), output, .. } = step else { panic!("{step:?}") };
    assert!(step.starts_with("[deps 2/2] RUN "), "{step}");
    assert_eq!(output.last().unwrap(), "the last words");
    let environment = [
        "ERROR: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
        "ERROR: no builder \"x\" found",
        "ERROR: failed to solve: write /var/lib/x: no space left on device",
        include_str!("recorded/0.29.dns.rawjson"),
    ];
    for text in environment {
        let error = fail(text);
        assert!(matches!(error, BuildError::Unavailable { .. }) && error.hint().is_some(), "{error:?}");
    }
    // Programs in a step say it in the words of the system, on standard error, which is written as base64 here.
    let words = |text: &str| base64::prelude::BASE64_STANDARD.encode(text);
    let full = include_str!("recorded/0.13.fail.rawjson")
        .replace(&words("the last words"), &words("OSError: [Errno 28] No space left on device"));
    let full = fail(&full);
    assert!(matches!(full, BuildError::Unavailable { .. }), "{full:?}");
    assert!(full.to_string().ends_with(": OSError: [Errno 28] No space left on device"), "{full}");
    assert!(full.to_string().starts_with("handler: [deps 2/2] RUN "), "{full}");
    assert!(full.hint().unwrap().contains("docker builder prune"), "{full:?}");
    let wrong = fail(include_str!("recorded/0.29.syntax.rawjson"));
    assert_eq!(wrong.hint(), None);
    let BuildError::Failed { message, .. } = wrong else { panic!("{wrong:?}") };
    assert!(message.starts_with("dockerfile parse error on line 2"), "{message}");
}

#[test]
fn a_cancelled_build_has_ended() {
    let place = Place::new();
    let cancel = Cancel::default();
    let buildx = place.buildx("echo '{\"vertexes\":[{\"digest\":\"a\",\"name\":\"[1/1] RUN x\",\"started\":\"2026-11-20T11:58:15Z\"}]}' >&2; sleep 1000");
    let error = build_until(&buildx, &place.request(), &cancel, &|_| cancel.cancel()).unwrap_err();
    assert!(matches!(error, BuildError::Cancelled { .. }), "{error:?}");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let place = Place::new();
    let error = build(&Buildx::at(place.folder.join("none")), &place.request()).unwrap_err();
    assert!(error.to_string().contains("/none` is not found"), "{error}");
    assert!(error.hint().unwrap().contains("install"));
}
