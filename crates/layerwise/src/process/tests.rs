//! What a child may and may not do to us.

use std::sync::mpsc;

use super::*;

fn sh(script: &str) -> Command {
    Command::new("sh", "/").args(["-c", script])
}

fn alive(pid: &str) -> bool {
    let stat = fs_err::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    // An orphan that nobody has reaped yet is dead all the same.
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z') && !rest.is_empty())
}

#[test]
fn both_outputs_are_captured_apart() {
    let output = sh("echo out; echo err >&2; pwd").run(&Cancel::default()).unwrap();
    assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"out\n/\n"[..], &b"err\n"[..]));
}

#[test]
fn large_outputs_on_both_sides_do_not_block() {
    let script = "head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero";
    let output = sh(script).run(&Cancel::default()).unwrap();
    assert_eq!((output.stdout.len(), output.stderr.len()), (3_000_000, 3_000_000));
}

#[test]
fn input_and_environment_are_what_was_given() {
    let output = sh("cat; echo $A$B${HOME-unset}").stdin("in ").env("A", "x").env("A", "1").env("B", "2");
    let output = output.env_remove("HOME").run(&Cancel::default()).unwrap();
    assert_eq!(output.stdout, b"in 12unset\n");
    assert_eq!(sh("cat").run(&Cancel::default()).unwrap().stdout, b"");
}

#[test]
fn a_failure_repeats_what_was_said() {
    let error = sh("echo no such thing >&2; exit 3").run(&Cancel::default()).unwrap_err();
    assert_eq!(error.to_string(), "`sh` failed (exit status: 3): no such thing");
    assert!(!sh("exit 3").stream(&Cancel::default(), &mut |_, _| ()).unwrap().success());
}

#[test]
fn a_missing_program_and_a_missing_folder_are_told_apart() {
    let error = Command::new("layerwise-no-such-program", "/").run(&Cancel::default()).unwrap_err();
    assert!(matches!(error, ProcessError::NotFound { .. }), "{error}");
    let error = Command::new("sh", "/no/such/folder").run(&Cancel::default()).unwrap_err();
    assert!(matches!(error, ProcessError::NoFolder { .. }), "{error}");
}

#[test]
fn cancelling_ends_the_child_and_its_children_before_the_call_returns() {
    let cancel = Cancel::default();
    let (told, started) = mpsc::channel();
    let (result, pids) = std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            let told = told;
            let mut pids = String::new();
            let result = sh("sleep 1000 & echo $$ $!; wait").stream(&cancel, &mut |_, bytes| {
                pids.push_str(&String::from_utf8_lossy(bytes));
                if pids.ends_with('\n') {
                    told.send(()).unwrap();
                }
            });
            (result, pids)
        });
        started.recv().unwrap();
        cancel.cancel();
        running.join().unwrap()
    });
    assert!(matches!(result, Err(ProcessError::Cancelled { .. })));
    let (leader, other) = pids.trim().split_once(' ').unwrap();
    assert!(!alive(leader), "{leader}");
    // Killed with the group, but it is init's to reap: it may take a moment to leave.
    let patience = Instant::now() + Duration::from_secs(10);
    while alive(other) {
        assert!(Instant::now() < patience, "{other} still runs");
        std::thread::yield_now();
    }
    assert!(cancel.is_cancelled());
    let later = sh("echo never").run(&cancel);
    assert!(matches!(later, Err(ProcessError::Cancelled { .. })), "nothing starts after a cancellation");
}

#[test]
fn a_deadline_kills() {
    let error = sh("sleep 1000").deadline(Duration::from_millis(30)).run(&Cancel::default()).unwrap_err();
    assert_eq!(error.to_string(), "`sh` did not end within 30 ms");
}

#[test]
fn a_daemon_that_holds_the_output_does_not_hold_us() {
    let output = sh("setsid sleep 5 & echo done").run(&Cancel::default()).unwrap();
    assert_eq!(output.stdout, b"done\n");
}

#[test]
fn a_lock_that_a_child_holds_lasts_as_long_as_it_lives() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let mut options = std::fs::OpenOptions::new();
        options.read(true).append(true).create(true).open(folder.path().join(name)).unwrap()
    };
    let held = [Arc::new(open("a")), Arc::new(open("b"))];
    held.iter().for_each(|file| file.try_lock().unwrap());
    let is_free = |name: &str| open(name).try_lock().is_ok();
    // A helper that outlives the child has input and output of its own, as helpers of real programs have.
    let script = "setsid sh -c 'echo $$ >&2; exec sleep 60 2> /dev/null' < /dev/null > /dev/null & \
                  read -r word; echo nothing to be read >&2; sleep 1000";
    let (told, started) = mpsc::channel();
    let cancel = Cancel::default();
    std::thread::scope(|scope| {
        let child = scope.spawn(|| {
            let (command, mut said) = (sh(script).holding(held), String::new());
            let _ = command.stream(&cancel, &mut |channel, bytes| {
                assert_eq!(channel, Channel::Stderr);
                said.push_str(&String::from_utf8_lossy(bytes));
                if said.matches('\n').count() == 2 {
                    told.send(()).unwrap();
                }
            });
            said
        });
        started.recv().unwrap();
        assert_eq!((is_free("a"), is_free("b")), (false, false));
        cancel.cancel();
        let said = child.join().unwrap();
        assert_eq!((is_free("a"), is_free("b")), (true, true));
        let helper = said.lines().find(|line| line.parse::<u32>().is_ok()).unwrap();
        assert!(alive(helper), "{said}");
        sh(&format!("kill {helper}")).run(&Cancel::default()).unwrap();
    });
}

#[test]
fn a_panicking_reader_leaves_no_child() {
    let pid = Mutex::new(String::new());
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        sh("echo $$; sleep 1000").stream(&Cancel::default(), &mut |_, bytes| {
            pid.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
            std::panic::resume_unwind(Box::new(()));
        })
    }));
    assert!(panic.is_err() && !alive(&pid.into_inner().unwrap_or_else(PoisonError::into_inner)));
}

#[test]
fn values_of_variables_are_not_shown() {
    let shown = format!("{:?}", sh("true").env("TOKEN", "hunter2").stdin("hunter3"));
    assert!(shown.contains("TOKEN") && !shown.contains("hunter"), "{shown}");
}
