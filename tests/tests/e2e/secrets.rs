//! Secrets of every kind, and everything that a run leaves behind or shows while it runs: none is found there.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fs_err as fs;
use layerwise::process::Command;
use layerwise_tests::guarded;
use libtest_mimic::Failed;
use serde_json::Value;

use crate::checkout::{Checkout, files};
use crate::world::{Said, World};

/// How every secret of this test begins; what follows says where it came from.
const CANARY: &str = "canary-5ca1ab1e";

pub fn secrets_are_nowhere(world: &World) -> Result<(), Failed> {
    let repository = guarded::repository();
    for folder in guarded::WITH_ENV {
        repository.write(&format!("{folder}.env"), &format!("TOKEN={CANARY}-dotenv\n"));
    }
    repository.write("secrets/netrc", &format!("machine 127.0.0.1 login me password {CANARY}-file\n"));
    let remote = format!("[remote \"origin\"]\n\turl = https://me:{CANARY}-remote@127.0.0.1:9/a.git\n");
    repository.write(".git/config", &remote);
    let root = repository.root().to_owned();
    let prefix = Some(format!("{}/secrets", world.running.registry));
    let checkout = Checkout::of(world, "secrets", root, prefix, env!("CARGO_BIN_EXE_guarded"))?;
    let pip = world.folder("secrets/pip").join("pip.conf");
    let index = |place: &str| format!("http://user:{CANARY}-{place}@127.0.0.1:9/simple");
    fs::write(&pip, format!("[global]\nextra-index-url = {}\nretries = 2\n", index("pip-file")))?;

    let command = checkout
        .command(&["build-lambdas", "--verbose"])
        .env("LAYERWISE_TEST_TOKEN", format!("{CANARY}-token"))
        .env("AWS_SECRET_ACCESS_KEY", format!("{CANARY}-environment"))
        .env("PIP_CONFIG_FILE", pip.as_str());
    let (built, mut found) = watched(&checkout, &command)?;
    assert_eq!(built.code, 0, "{}", built.stderr);
    let images: Vec<_> = built.stdout.lines().filter_map(|line| line.split([' ', '@']).nth(1)).collect();
    assert_eq!(images.len(), guarded::IMAGES.len(), "{images:?}");
    for image in images {
        found.extend(in_layers(&checkout, image)?);
    }

    // What fails says why, and pip repeats where it looked.
    checkout.write(guarded::REQUIREMENTS, "no-such-distribution-of-ours==1.0\n");
    let json = ["build-lambdas", "--force", "--no-cache", "--json"];
    let command = checkout
        .command(&json)
        .env("LAYERWISE_TEST_TOKEN", format!("{CANARY}-token"))
        .env("PIP_CONFIG_FILE", "/dev/null")
        .env("PIP_RETRIES", "0")
        .env("PIP_EXTRA_INDEX_URL", index("pip-environment"));
    let (failed, more) = watched(&checkout, &command)?;
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    assert!(failed.stderr.contains("no-such-distribution-of-ours"), "{}", failed.stderr);
    found.extend(more);

    let calls = fs::read_to_string(checkout.docker_config().join("calls"))?;
    let secrets = secrets(world)?;
    for (place, text) in [
        ("stdout", built.stdout),
        ("stderr", built.stderr),
        ("--json", failed.stdout),
        ("errors", failed.stderr),
        ("arguments", calls),
    ] {
        found.extend(in_text(&secrets, place, &text));
    }
    found.extend(in_files(&checkout, &secrets));
    if found.is_empty() { Ok(()) } else { Err(format!("secrets are in {found:#?}").into()) }
}

/// What must not be found: the canaries, the registry's password, and that in the form of its configuration.
fn secrets(world: &World) -> Result<Vec<String>, Failed> {
    let config: Value = serde_json::from_slice(&fs::read(world.running.docker_config.join("config.json"))?)?;
    let login = config["auths"][&world.running.registry]["auth"].as_str().ok_or("no login")?;
    Ok(vec![CANARY.to_owned(), world.running.registry_password.clone(), login.to_owned()])
}

/// Runs `command` while every argument of every process and every file of ours is looked at, over and over.
fn watched(checkout: &Checkout<'_>, command: &Command) -> Result<(Said, BTreeSet<String>), Failed> {
    let secrets = secrets(checkout.world)?;
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut found = BTreeSet::new();
            while !ended.load(Ordering::SeqCst) {
                found.extend(in_arguments(&secrets));
                found.extend(in_files(checkout, &secrets));
                std::thread::park_timeout(Duration::from_millis(20));
            }
            found
        });
        let said = checkout.world.run(command);
        ended.store(true, Ordering::SeqCst);
        Ok((said?, watch.join().map_err(|_| "the watch panicked")?))
    })
}

fn in_text(secrets: &[String], place: &str, text: &str) -> Option<String> {
    secrets.iter().any(|secret| text.contains(secret.as_str())).then(|| place.to_owned())
}

fn in_arguments(secrets: &[String]) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    // One may have ended since it was listed.
    let commands = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let texts = commands.map(|command| String::from_utf8_lossy(&command).replace('\0', " "));
    texts.filter_map(|text| in_text(secrets, &text, &text)).collect()
}

/// Logs, records, rendered files and temporary files.
fn in_files(checkout: &Checkout<'_>, secrets: &[String]) -> Vec<String> {
    let places = [checkout.root.join("target"), checkout.records_folder().to_owned(), checkout.temporary()];
    let ours = places.iter().flat_map(|place| files(place));
    // One may be gone since it was listed.
    let texts = ours.filter_map(|path| Some((fs::read(&path).ok()?, path)));
    texts
        .filter_map(|(text, path)| in_text(secrets, path.as_str(), &String::from_utf8_lossy(&text)))
        .collect()
}

/// Every layer, the configuration and the history, also of what a later layer hides.
fn in_layers(checkout: &Checkout<'_>, image: &str) -> Result<Option<String>, Failed> {
    let world = checkout.world;
    world.docker(&["pull", "--quiet", image])?;
    let folder = tempfile::tempdir_in(world.folder("secrets/saved"))?;
    let folder = camino::Utf8Path::from_path(folder.path()).ok_or("not UTF-8")?;
    world.docker(&["save", "--output", folder.join("image.tar").as_str(), image])?;
    let patterns = folder.join("patterns");
    fs::write(&patterns, secrets(world)?.join("\n"))?;
    let script = "tar -xf image.tar && ls blobs/sha256 >&2 && \
                  for blob in blobs/sha256/*; do zcat -f $blob | grep -qaF -f patterns && echo $blob; done; true";
    let said = world.run(&Command::new("/bin/sh", folder).args(["-c", script]))?;
    assert!(said.code == 0 && said.stderr.lines().count() > 3, "{}", said.stderr);
    Ok((!said.stdout.is_empty()).then(|| format!("{image}: {}", said.stdout)))
}
