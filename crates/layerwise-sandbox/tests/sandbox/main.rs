//! Real sandboxes, each in a folder of its own, beside whatever else runs on the machine; only downloads are shared with
//! the user's sandbox. Needs root on Debian: elsewhere every test is reported as ignored, with the reason.
#![allow(clippy::unwrap_used)]

mod aws;
mod private;
mod traces;

use layerwise_sandbox::{Emulation, Sandbox, UpOptions};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use private::{Private, wait_for};
use std::{net::TcpListener, process::ExitCode, thread};

const NATIVE: &str = if cfg!(target_arch = "aarch64") { "linux/arm64" } else { "linux/amd64" };

type Test = (&'static str, fn() -> Result<(), Failed>);

const TESTS: [Test; 6] = [
    ("from_nothing_to_nothing", from_nothing_to_nothing),
    ("comes_back_after_a_crash", comes_back_after_a_crash),
    ("stands_beside_another", stands_beside_another),
    (ALONE, leaves_docker0_to_its_owner),
    ("runs_arm64_programs_while_asked_to", runs_arm64_programs_while_asked_to),
    ("answers_as_aws_while_asked_to", aws::answers_as_aws_while_asked_to),
];

fn main() -> ExitCode {
    let trials = TESTS.map(|(name, test)| {
        Trial::ignorable_test(name, move || match Sandbox::supported() {
            Ok(()) => test().map(|()| Completion::Completed),
            Err(reason) => Ok(Completion::ignored_with(reason.to_string())),
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

fn from_nothing_to_nothing() -> Result<(), Failed> {
    let private = Private::new()?;
    // Two at once: one waits for the other, and then finds nothing to do.
    let (one, other) = thread::scope(|scope| {
        let (one, other) = (scope.spawn(|| private.up()), scope.spawn(|| private.up()));
        (one.join().unwrap(), other.join().unwrap())
    });
    let (one, other) = (one?, other?);
    assert_eq!(one, other);
    let first = private.status()?;
    assert!(first.up);
    assert_eq!(private.up()?, one);
    let second = private.status()?;
    assert_eq!((first.engine_pid, first.registry_pid), (second.engine_pid, second.registry_pid));

    private.build_lambda("app", NATIVE, &["--push"])?;
    assert_eq!(private.invoke("app", NATIVE)?, "{\"prefix\": \"/var/lang\", \"event\": [1]}");
    // A base for one platform is not silently taken for the other.
    let refused = private.build_lambda("other", "linux/arm64", &[]);
    let refused = refused.err().and_then(|error| error.message().map(str::to_owned)).unwrap_or_default();
    assert!(refused.contains("no match for platform"), "{refused}");
    assert_eq!(private.registry_status("app", true), 200);
    assert_eq!(private.registry_status("app", false), 401);

    let bridge = private.bridge()?;
    let of_a_user = private.docker(&["network", "create", "of-a-user"])?;
    let of_a_user = format!("/sys/class/net/br-{}", &of_a_user[..12]);
    fs_err::metadata(&of_a_user)?;
    private.docker(&["run", "--detach", "--network=of-a-user", "--entrypoint=sleep", "app", "1000"])?;
    private.docker(&["run", "--detach", "--entrypoint=sleep", "app", "1000"])?;
    // 3: it was set, and does not change with the containers.
    let assigned = fs_err::read_to_string(format!("/sys/class/net/{bridge}/addr_assign_type"))?;
    assert_eq!(assigned.trim(), "3", "the bridge has no address of its own");
    let traces = traces::of(&private, &bridge)?;
    for kind in ["process", "interface", "control group", "nft table", "port of a bridge"] {
        assert!(traces.iter().any(|trace| trace.starts_with(kind)), "{kind} not among {traces:#?}");
    }
    private.sandbox.down()?;
    assert_eq!(traces::left(&private, &bridge, &traces)?, [""; 0]);
    assert!(fs_err::metadata(&of_a_user).is_err(), "{of_a_user} is left");
    assert!(!private.status()?.up);
    assert_eq!(private.sandbox.running()?, None);
    private.sandbox.down()?;

    // Its images are still there.
    private.up()?;
    private.docker(&["image", "inspect", "app"])?;
    private.sandbox.purge()?;
    assert_eq!(traces::left(&private, &bridge, &traces)?, [""; 0]);
    assert!(!private.folder().exists());
    private.sandbox.purge()?;
    Ok(())
}

fn comes_back_after_a_crash() -> Result<(), Failed> {
    let private = Private::new()?;
    private.up()?;
    let bridge = private.bridge()?;
    private.build_lambda("app", NATIVE, &[])?;
    private.docker(&["run", "--detach", "--entrypoint=sleep", "app", "1000"])?;
    let before = private.status()?;
    private.kill(before.engine_pid)?;
    assert!(!private.status()?.up);
    private.up()?;
    let after = private.status()?;
    assert_ne!(before.engine_pid, after.engine_pid);
    assert_eq!(before.registry_pid, after.registry_pid);
    private.build_lambda("app", NATIVE, &["--no-cache"])?;
    private.invoke("app", NATIVE)?;

    // As after a reboot: nothing runs, and files of the earlier run name processes that are others by now.
    let traces = traces::of(&private, &bridge)?;
    private.sandbox.down()?;
    fs_err::create_dir_all(private.folder().join("run"))?;
    for file in ["run/docker.pid", "run/docker.sock", "run/engine.sh"] {
        fs_err::write(private.folder().join(file), std::process::id().to_string())?;
    }
    // And somebody has our registry's port.
    let port = after.registry_port.unwrap();
    let taken = TcpListener::bind(("127.0.0.1", port))?;
    let running = private.up()?;
    assert_ne!(running.registry, format!("localhost:{port}"));
    private.build_lambda("app", NATIVE, &["--push"])?;
    assert_eq!(private.registry_status("app", true), 200);
    drop(taken);

    // A registry that was killed comes back too, where it was.
    private.kill(private.status()?.registry_pid)?;
    assert_eq!(private.up()?.registry, running.registry);
    assert_eq!(private.registry_status("app", true), 200, "what was pushed is still there");

    // Killed again, and never up again: `down` takes back what the engine could not.
    let of_a_user = private.docker(&["network", "create", "of-a-user"])?;
    private.kill(private.status()?.engine_pid)?;
    private.sandbox.down()?;
    assert_eq!(traces::left(&private, &bridge, &traces)?, [""; 0]);
    assert!(fs_err::metadata(format!("/sys/class/net/br-{}", &of_a_user[..12])).is_err());
    Ok(())
}

fn stands_beside_another() -> Result<(), Failed> {
    let (one, other) = (Private::new()?, Private::new()?);
    let running = one.up()?;
    one.build_lambda("app", NATIVE, &[])?;
    let container = one.docker(&["run", "--detach", "--publish=127.0.0.1::8080", "app"])?;
    let container = container.trim();
    assert_ne!(other.up()?.registry, running.registry);
    let digest = ["image", "inspect", "--format={{.Id}}", "public.ecr.aws/lambda/python:3.13"];
    assert_eq!(one.docker(&digest)?, other.docker(&digest)?, "the same packages make the same image");
    assert!(other.docker(&["image", "inspect", "app"]).is_err());
    one.answer_of(container)?;
    other.sandbox.purge()?;
    one.answer_of(container)?;
    assert!(one.status()?.up);
    Ok(())
}

/// The name of the test that has a network of its own.
const ALONE: &str = "leaves_docker0_to_its_owner";

/// Docker has ways to delete a `docker0` that is not its own. The test makes one, in a network namespace of its own, for
/// which it starts itself again; there, the machine forwards no packets either until it is told to.
fn leaves_docker0_to_its_owner() -> Result<(), Failed> {
    if std::env::var_os(ALONE).is_none() {
        let script = "mount -t sysfs none /sys && ip link set lo up && ip link add docker0 type bridge && ip link set \
                      docker0 up && exec \"$0\" --exact \"$1\"";
        let this = std::env::current_exe()?;
        let child = duct::cmd!(
            "unshare",
            "--net",
            "--mount",
            "--propagation=private",
            "sh",
            "-ec",
            script,
            this,
            ALONE
        );
        let output = child.env(ALONE, "1").stderr_to_stdout().stdout_capture().unchecked().run()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        return if output.status.success() { Ok(()) } else { Err(said.into()) };
    }
    let forwarding = "/proc/sys/net/ipv4/ip_forward";
    fs_err::write(forwarding, "0")?;
    let private = Private::new()?;
    // Each start takes another way through the engine: from nothing, from its own records, after a crash.
    private.up()?;
    private.sandbox.down()?;
    private.up()?;
    private.kill(private.status()?.engine_pid)?;
    private.up()?;
    private.sandbox.down()?;
    fs_err::metadata("/sys/class/net/docker0")?;
    assert_eq!(fs_err::read_to_string(forwarding)?, "1\n", "docker0's owner relies on it by now");
    duct::cmd!("ip", "link", "delete", "docker0").run()?;
    fs_err::write(forwarding, "0")?;
    private.up()?;
    assert_eq!(fs_err::read_to_string(forwarding)?, "1\n");
    private.sandbox.down()?;
    assert_eq!(fs_err::read_to_string(forwarding)?, "0\n");
    Ok(())
}

fn runs_arm64_programs_while_asked_to() -> Result<(), Failed> {
    let private = Private::new()?;
    let options = UpOptions { emulate: vec![Emulation::Arm64], ..UpOptions::default() };
    private.sandbox.up(&options, &|_| {})?;
    let bridge = private.bridge()?;
    private.build_lambda("app", "linux/arm64", &[])?;
    assert_eq!(private.machine("app", "linux/arm64")?, "aarch64\n");
    assert_eq!(private.machine("public.ecr.aws/lambda/python:3.13-arm64", "linux/arm64")?, "aarch64\n");
    assert_eq!(private.invoke("app", "linux/arm64")?, "{\"prefix\": \"/var/lang\", \"event\": [1]}");
    // After a crash it is as it was.
    private.kill(private.status()?.engine_pid)?;
    private.up()?;
    assert_eq!(private.machine("app", "linux/arm64")?, "aarch64\n");
    private.sandbox.down()?;
    assert!(!private.status()?.emulates_arm64);
    let entry = format!("{bridge}-arm64");
    assert!(
        wait_for(|| !traces::formats().unwrap().contains(&entry)),
        "the kernel's table still has {entry}"
    );
    Ok(())
}
