//! What must never count: where a checkout lies, how it came about, and who looks at it, when and on what machine.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::digest::Digest;
use layerwise::process::{Cancel, Command};
use layerwise_tests::repository::{Order, Repository, copy};
use layerwise_tests::{patterns, sample};

use crate::fingerprints;

/// The repository of all patterns, and its fingerprints.
fn original() -> (Repository, BTreeMap<String, Digest>) {
    let repository = patterns::repository();
    let found = fingerprints(repository.root(), &patterns::buildable());
    (repository, found)
}

/// An empty folder beside the original.
fn beside() -> (Repository, Utf8PathBuf) {
    let place = Repository::new();
    let root = place.root().join("checkout");
    (place, root)
}

/// What the program itself says in a process of its own, started by `wrapper` (`env`, `taskset -c 0`, …).
fn said(root: &Utf8Path, wrapper: &[&str]) -> BTreeMap<String, Digest> {
    said_by(Utf8Path::new(env!("CARGO_BIN_EXE_patterns")), root, wrapper)
}

fn said_by(program: &Utf8Path, root: &Utf8Path, wrapper: &[&str]) -> BTreeMap<String, Digest> {
    let command = Command::new(wrapper[0], root).args(wrapper[1..].iter().copied());
    let command = command.args([program.as_str(), "--root", root.as_str(), "plan", "--offline", "--json"]);
    let output = command.run(&Cancel::default()).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let images = report["images"].as_array().unwrap().iter().map(|image| {
        let text = |field: &str| image[field].as_str().unwrap();
        (text("label").to_owned(), Digest::parse(text("fingerprint")).unwrap())
    });
    images.collect()
}

#[test]
fn the_path_of_the_checkout_does_not_count() {
    let (repository, expected) = original();
    let deep = ["a-folder-of-twenty-5"; 11].join("/");
    for path in [".hidden/checkout", "with two  spaces", "größe-日本-🧾", "it's $HOME [x] *", &deep] {
        let (_place, root) = beside();
        let root = root.join(path);
        copy(repository.root(), &root, Order::Forward);
        assert_eq!(fingerprints(&root, &patterns::buildable()), expected, "{root}");
        assert_eq!(said(&root, &["env"]), expected, "{root}");
    }
}

#[test]
fn a_link_to_the_checkout_is_the_checkout() {
    let (repository, expected) = original();
    let (place, root) = beside();
    place.link("checkout", repository.root().as_str());
    assert_eq!(fingerprints(&root, &patterns::buildable()), expected);
    assert_eq!(said(&root, &["env"]), expected);
}

#[test]
fn modification_times_do_not_count() {
    let (repository, expected) = original();
    let mut age = Duration::ZERO;
    let mut waiting = vec![repository.root().to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            waiting.extend(path.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path()));
        }
        age += Duration::from_secs(3600);
        fs::File::open(&path).unwrap().file().set_modified(SystemTime::UNIX_EPOCH + age).unwrap();
    }
    assert_eq!(fingerprints(repository.root(), &patterns::buildable()), expected);
    // And the clock itself: a day that has not come.
    let soon = SystemTime::now() + Duration::from_secs(86_400);
    fs::File::open(repository.root()).unwrap().file().set_modified(soon).unwrap();
    assert_eq!(fingerprints(repository.root(), &patterns::buildable()), expected);
}

#[test]
fn the_umask_does_not_count() {
    let (repository, _) = original();
    // One file that everybody may execute, as git checks it out: the modes that are asked for are 0777 and 0666.
    let mut waiting = vec![repository.root().to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap()) {
            let kind = entry.file_type().unwrap();
            let open = if kind.is_dir() || entry.file_name() == "microdnf" { 0o777 } else { 0o666 };
            if !kind.is_symlink() {
                fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(open)).unwrap();
            }
            if kind.is_dir() {
                waiting.push(entry.into_path());
            }
        }
    }
    let expected = fingerprints(repository.root(), &patterns::buildable());
    for (umask, executable, plain) in [("0022", 0o755, 0o644), ("0002", 0o775, 0o664), ("0077", 0o700, 0o600)]
    {
        let (_place, root) = beside();
        let script = "umask \"$1\" && cp -r \"$2\" \"$3\"";
        let command = Command::new("sh", "/").args(["-c", script, "sh", umask]);
        command.args([repository.root().as_str(), root.as_str()]).run(&Cancel::default()).unwrap();
        let mode = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("tools/microdnf"), mode("services/one/handler.py")), (executable, plain), "{umask}");
        assert_eq!(fingerprints(&root, &patterns::buildable()), expected, "{umask}");
    }
}

#[test]
fn the_order_of_directory_entries_does_not_count() {
    let (repository, expected) = original();
    // File systems that sort by a hash of the name list both copies alike; one in memory lists what came last first.
    let places = ["/dev/shm", "/tmp", "/var/tmp"].map(Utf8Path::new);
    let mut differed = false;
    for place in places.into_iter().filter(|place| place.is_dir()) {
        let folder = tempfile::Builder::new().prefix("layerwise-").tempdir_in(place).unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let listed = [("forward", Order::Forward), ("backward", Order::Backward)].map(|(name, order)| {
            let root = folder.join(name);
            copy(repository.root(), &root, order);
            assert_eq!(fingerprints(&root, &patterns::buildable()), expected, "{root}");
            let entries = root.join("services/one").read_dir_utf8().unwrap();
            entries.map(|entry| entry.unwrap().file_name().to_owned()).collect::<Vec<_>>()
        });
        differed |= listed[0] != listed[1];
    }
    assert!(differed, "no file system here lists two folders in different orders, so nothing was shown");
}

#[test]
fn locale_and_time_zone_do_not_count() {
    let (repository, expected) = original();
    for (locale, zone) in
        [("C", "UTC"), ("de_DE.UTF-8", "Pacific/Kiritimati"), ("tr_TR.UTF-8", "<-1130>11:30")]
    {
        let settings = [&format!("LC_ALL={locale}"), &format!("LANG={locale}"), &format!("TZ={zone}")];
        let wrapper: Vec<&str> = ["env"].into_iter().chain(settings.map(String::as_str)).collect();
        assert_eq!(said(repository.root(), &wrapper), expected, "{wrapper:?}");
    }
}

#[test]
fn the_environment_does_not_count() {
    let (repository, expected) = original();
    assert_eq!(said(repository.root(), &["env", "-i"]), expected);
    let traps = [
        "env",
        "SOURCE_DATE_EPOCH=1",
        "PYTHONPATH=/nowhere",
        "PIP_INDEX_URL=https://me:secret@index.example.com/simple",
        "PIP_CERT=/etc/hostname",
        "DOCKER_HOST=tcp://127.0.0.1:1",
        "DOCKER_DEFAULT_PLATFORM=linux/arm64",
        "BUILDX_BUILDER=none",
        "BUILDKIT_PROGRESS=plain",
        "http_proxy=http://127.0.0.1:1",
        "GIT_DIR=/nowhere",
        "HOME=/nowhere",
        "USER=somebody",
        "LOGNAME=somebody",
        "TMPDIR=/nowhere",
        "LAMBDA_TASK_ROOT=/elsewhere",
        "BASE_IMAGE=other",
        "LAYERWISE_TEST_TOKEN=other",
        "CI=true",
        "NO_COLOR=1",
        "COLUMNS=20",
    ];
    assert_eq!(said(repository.root(), &traps), expected);
}

#[test]
fn the_number_of_cpus_does_not_count() {
    let (repository, expected) = original();
    assert_eq!(said(repository.root(), &["taskset", "-c", "0"]), expected);
    assert_eq!(said(repository.root(), &["env"]), expected);
}

#[test]
fn the_git_history_does_not_count() {
    let repository = sample::repository();
    let images = xtask::images();
    let expected = fingerprints(repository.root(), &images);
    let git = |args: &[&str]| {
        let command =
            Command::new("git", repository.root()).args(["-c", "user.name=A", "-c", "user.email=a@b.c"]);
        // Not the user's own hooks, signatures and templates.
        let command = command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        command.args(args.iter().copied()).run(&Cancel::default()).unwrap();
        assert_eq!(fingerprints(repository.root(), &images), expected, "git {args:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "one"]);
    git(&["commit", "--quiet", "--amend", "--message", "two"]);
    git(&["commit", "--quiet", "--allow-empty", "--message", "three"]);
    git(&["tag", "v1"]);
    git(&["checkout", "--quiet", "-b", "other"]);
    repository.write("lambdas/ping/handler.py", "def lambda_handler(event, context):\n    return 1\n");
    assert_ne!(fingerprints(repository.root(), &images), expected);
    git(&["checkout", "--quiet", "--", "lambdas/ping/handler.py"]);
    repository.write("nobody-reads-this", "an untracked file\n");
    git(&["stash", "--quiet", "--include-untracked"]);
    git(&["gc", "--quiet"]);

    let (_place, root) = beside();
    git(&["clone", "--quiet", "--depth", "1", &format!("file://{}", repository.root()), root.as_str()]);
    assert_eq!(fingerprints(&root, &images), expected);
    let (_place, root) = beside();
    git(&["worktree", "add", "--quiet", "--detach", root.as_str(), "v1"]);
    assert_eq!(fingerprints(&root, &images), expected);
}

/// The system's word for the user is only another one where we may change it: as root. Everywhere the environment's is.
#[test]
fn the_user_does_not_count() {
    let (repository, expected) = original();
    let mut wrapper = vec!["env", "HOME=/nonexistent", "USER=nobody", "LOGNAME=nobody"];
    assert_eq!(said(repository.root(), &wrapper), expected);
    if rustix::process::geteuid().is_root() {
        // Nobody can run the program where it was built, and cannot look into a temporary folder of ours.
        let place = Repository::new();
        let program = place.root().join("patterns");
        fs::copy(env!("CARGO_BIN_EXE_patterns"), &program).unwrap();
        for folder in [place.root(), repository.root()] {
            fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        wrapper.extend(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
        assert_eq!(said_by(&program, repository.root(), &wrapper), expected);
        // Nor does it matter whose the files are.
        let command = Command::new("chown", repository.root()).args(["-R", "65534:65534", "."]);
        command.run(&Cancel::default()).unwrap();
        assert_eq!(fingerprints(repository.root(), &patterns::buildable()), expected);
    }
}
