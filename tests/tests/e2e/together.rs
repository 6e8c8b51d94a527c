//! Many runs at once, on one checkout and on two that share their records: nothing is built twice, no record is
//! harmed, and all say the same.

use std::collections::BTreeSet;
use std::time::Duration;

use layerwise_tests::random::Random;
use libtest_mimic::Failed;

use crate::checkout::{Checkout, Report};
use crate::quick;
use crate::truth::Truth;
use crate::world::World;

const RUNS: usize = 8;

pub fn many_runs_build_each_image_once(world: &World) -> Result<(), Failed> {
    let seed = quick::seed();
    let mut random = Random::new(seed);
    let checkout = quick::checkout(world, "together", &mut random)?;
    let second = quick::second(&checkout, "together")?;
    let mut truth = Truth::of(&checkout);
    for case in 0..quick::cases(4) {
        let places: &[_] = if case % 2 == 0 { &[&checkout] } else { &[&checkout, &second] };
        let round = round(&checkout, places, &mut random)
            .and_then(|()| truth.check())
            .and_then(|_| truth.check_tags());
        round.map_err(|why| format!("seed {seed}, case {case}: {}", why.message().unwrap_or("?")))?;
    }
    Ok(())
}

/// Runs at once without an edit, which build what is stale exactly once, then again with edits meanwhile.
fn round(checkout: &Checkout<'_>, places: &[&Checkout<'_>], random: &mut Random) -> Result<(), Failed> {
    quick::edit(checkout, random);
    quick::align(checkout, places)?;
    let before = checkout.records();
    let reports = at_once(places, || {})?;
    let answers: BTreeSet<String> = reports.iter().map(answer).collect();
    if reports.iter().any(|report| report.code != 0) || answers.len() != 1 {
        return Err(format!("not one answer: {answers:#?}\n{}", told(&reports)).into());
    }
    let built = checkout.built();
    let once: BTreeSet<&String> = built.iter().collect();
    if once.len() != built.len() || built.len() != checkout.records() - before {
        return Err(format!("built: {built:#?}\n{}", told(&reports)).into());
    }

    let edits: Vec<_> = (0..4).map(|_| Duration::from_millis(random.below(800) as u64)).collect();
    let reports = at_once(places, || {
        for after in edits {
            std::thread::park_timeout(after);
            quick::edit(checkout, random);
        }
    })?;
    // A run whose inputs are edited under it says so and fails; none may fail for another reason.
    let moved = |report: &Report| report.stderr.contains("changed while");
    if let Some(wrong) = reports.iter().find(|report| report.code != 0 && !moved(report)) {
        return Err(format!("exit code {}:\n{}", wrong.code, wrong.stderr).into());
    }
    quick::align(checkout, places)?;
    places.iter().try_for_each(|place| quick::finish(place))?;
    checkout.built();
    Ok(())
}

/// The reports of eight runs that start at once, while `meanwhile` goes on.
fn at_once(places: &[&Checkout<'_>], meanwhile: impl FnOnce()) -> Result<Vec<Report>, Failed> {
    std::thread::scope(|scope| {
        let runs = places.iter().cycle().take(RUNS).map(|place| scope.spawn(|| place.build(&[])));
        let runs: Vec<_> = runs.collect();
        meanwhile();
        runs.into_iter().map(|run| run.join().map_err(|_| "a run panicked")?).collect()
    })
}

/// What a run says is there.
fn answer(report: &Report) -> String {
    let images = report.json["images"].as_array().into_iter().flatten();
    let image = |image: &serde_json::Value| {
        format!("{} {} {}\n", image["label"], image["outcome"]["reference"], image["outcome"]["digest"])
    };
    images.map(image).collect()
}

fn told(reports: &[Report]) -> String {
    reports.iter().map(|report| report.stderr.as_str()).collect::<Vec<_>>().join("---\n")
}
