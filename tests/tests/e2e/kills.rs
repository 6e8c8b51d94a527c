//! `kill -9` and Ctrl-C at any moment: the next run finishes the job, no record lies, nothing stays.

use std::time::Duration;

use fs_err as fs;
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
