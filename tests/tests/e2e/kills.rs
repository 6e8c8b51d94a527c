//! `kill -9` and Ctrl-C at any moment: the next run finishes the job, no record lies, nothing stays.

use std::time::Duration;

use fs_err as fs;
use layerwise::process::Cancel;
use layerwise_tests::random::Random;
use libtest_mimic::Failed;

use crate::checkout::Checkout;
use crate::quick;
use crate::truth::Truth;
use crate::world::World;

/// When the program is ended.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So long after its start.
    After(Duration),
    /// When it has started a build.
    Building,
    /// When a build is pushed, and neither confirmed nor recorded.
    Pushed,
}

pub fn a_killed_run_is_finished_by_the_next(world: &World) -> Result<(), Failed> {
    let seed = quick::seed();
    let mut random = Random::new(seed);
    let checkout = quick::checkout(world, "kills", &mut random)?;
    quick::finish(&checkout)?;
    let mut truth = Truth::of(&checkout);
    let whole = quick::whole(&checkout, &mut random)?;
    for case in 0..quick::cases(20) {
        quick::edit(&checkout, &mut random);
        let moment = match case % 6 {
            0 => Moment::Building,
            1 => Moment::Pushed,
            _ => Moment::After(quick::within(whole, &mut random)),
        };
        let signal = if (case + case / 6) % 2 == 0 { "KILL" } else { "INT" };
        let ended = end(&checkout, moment, signal)
            .and_then(|()| truth.check())
            .and_then(|_| quick::finish(&checkout))
            .and_then(|()| truth.check())
            .and_then(|_| truth.check_tags());
        ended.map_err(|why| {
            format!("seed {seed}, case {case}, {signal} {moment:?}: {}", why.message().unwrap_or("?"))
        })?;
    }
    Ok(())
}

/// `kill -9` does not reach the builder, which would go on with files and tags that the next run is at.
pub fn what_a_killed_runs_builder_still_does_is_waited_for(world: &World) -> Result<(), Failed> {
    let checkout = quick::checkout(world, "orphan", &mut Random::new(1))?;
    let folder = checkout.docker_config();
    let buildx = folder.join("cli-plugins/docker-buildx");
    let (go_on, calls) = (folder.join("go-on"), folder.join("calls"));
    rustix::fs::mkfifoat(rustix::fs::CWD, go_on.as_std_path(), rustix::fs::Mode::RWXU)?;
    let script = fs::read_to_string(&buildx)?;
    let orphan = format!("kill -s KILL $PPID\nread -r word < {go_on}\necho ended >> {calls}\nexit 1\n");
    fs::write(&buildx, script.replace("exec ", &format!("{orphan}\nexec ")))?;
    assert_eq!(checkout.run(&["build-lambdas", "quick-base"])?.code, -1);
    fs::write(&buildx, script)?;

    // Neither in this checkout nor in another one with the same records, nor with other records in this one.
    let second = quick::second(&checkout, "orphan")?;
    let other_records = world.folder("orphan/other");
    let run = |checkout: &Checkout<'_>| checkout.command(&["build-lambdas", "quick-base"]);
    let commands =
        [run(&checkout), run(&second), run(&checkout).env("LAYERWISE_RECORDS", other_records.as_str())];
    let (told, waits) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let runs = commands.each_ref().map(|command| {
            let told = told.clone();
            scope.spawn(move || {
                let (mut said, mut waits) = (String::new(), false);
                let status = command.stream(&Cancel::default(), &mut |_, bytes| {
                    said.push_str(&String::from_utf8_lossy(bytes));
                    if !waits && said.contains("Waiting quick-base") {
                        waits = told.send(true).is_ok();
                    }
                });
                if !waits {
                    let _ = told.send(false);
                }
                (status, said)
            })
        });
        let waiting = runs.each_ref().map(|_| waits.recv());
        fs::write(&go_on, "now\n")?;
        for run in runs {
            let (status, said) = run.join().map_err(|_| "a run panicked")?;
            if !status?.success() {
                return Err(Failed::from(said));
            }
        }
        assert_eq!(waiting, [Ok(true); 3], "a run does not wait for the builder");
        Ok(())
    })?;
    let calls = fs::read_to_string(calls)?;
    let builds: Vec<_> = calls.lines().filter_map(|call| call.split(' ').next()).collect();
    assert_eq!(builds, ["build", "ended", "build", "build"], "{calls}");
    fs::remove_file(go_on)?;
    quick::finish(&checkout)?;
    Truth::of(&checkout).check().map(drop)
}

/// Starts a build and ends it.
fn end(checkout: &Checkout<'_>, moment: Moment, signal: &str) -> Result<(), Failed> {
    let buildx = checkout.docker_config().join("cli-plugins/docker-buildx");
    let script = fs::read_to_string(&buildx)?;
    let kill = format!("kill -s {signal} $PPID");
    let edited = match moment {
        Moment::After(_) => script.clone(),
        Moment::Building => script.replace("exec ", &format!("{kill}\nexec ")),
        Moment::Pushed => script.replace("exec ", "") + &format!("code=$?\n{kill}\nexit $code\n"),
    };
    fs::write(&buildx, edited)?;
    let after = if let Moment::After(after) = moment { Some(after) } else { None };
    let code = checkout.interrupted(&["build-lambdas"], signal, after);
    fs::write(&buildx, script)?;
    // Ended by the signal, interrupted in good order, or done before it came.
    match code? {
        -1 | 0 | 130 => Ok(()),
        code => Err(format!("exit code {code}").into()),
    }
}
