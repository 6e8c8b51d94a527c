//! A clock that is set back a year and forward again: hits stay hits, records stay true, and the nearest build is found.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fs_err as fs;
use layerwise::process::Command;
use layerwise_tests::random::Random;
use libtest_mimic::Failed;
use serde_json::Value;

use crate::checkout::{Checkout, Report, files, names};
use crate::quick;
use crate::truth::Truth;
use crate::world::World;

/// Seconds.
const YEAR: i64 = 365 * 24 * 60 * 60;
const DAY: u64 = 24 * 60 * 60;

pub fn the_clock_may_be_wrong_by_a_year(world: &World) -> Result<(), Failed> {
    let checkout = quick::checkout(world, "clock", &mut Random::new(1))?;
    let library = world.clock()?;
    let at = |offset: i64, words: &[&str]| -> Command {
        let command = checkout.command(words).env("LD_PRELOAD", library.as_str());
        // The time of day alone: waits are as long as they are, and files have the times that `date` gives them.
        let command = command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
        command.env("FAKETIME", format!("{offset:+}"))
    };
    let build =
        |offset| checkout.report(&at(offset, &["build-lambdas", "quick-left", "quick-right", "--json"]));
    let prefix = format!("{}/clock", world.running.registry);
    let mut truth = Truth::of(&checkout);
    for (round, offset) in [0, -YEAR, YEAR, 0].into_iter().enumerate() {
        checkout.write("left/handler.py", &format!("# edit {round}\n"));
        let report = build(offset)?;
        let left = if round == 0 { 3 } else { 1 };
        assert_eq!((report.code, report.with("built").len()), (0, left), "{offset}: {}", report.stderr);
        date(&checkout, offset)?;
        for other in [0, -YEAR, YEAR] {
            let again = build(other)?;
            assert_eq!(again.with("built"), names([]), "{offset}, then {other}: {}", again.stderr);
            let digest = |report: &Report| report.outcome("quick-left")["digest"].clone();
            assert_eq!(digest(&again), digest(&report));
        }
        truth.check()?;
        truth.check_tags()?;

        // The nearest build is the one with the fewest differences, not the one that a clock calls the last.
        checkout.write("left/data.bin", &format!("never built {round}\n"));
        let explain = ["explain", "quick-left", "--json", "--push", "--registry", &prefix];
        let explained: Value = serde_json::from_str(&world.run(&at(-offset, &explain))?.ok()?)?;
        let changes = explained["changes"].as_array().ok_or("no changes")?;
        assert!(changes.len() == 1 && changes[0].to_string().contains("left/data.bin"), "{changes:?}");
    }
    quick::finish(&checkout)
}

/// Gives each record's file the time that it would have of a system with the clock that the program has seen. One has seen
/// a clock that is `offset` off.
fn date(checkout: &Checkout<'_>, offset: i64) -> Result<(), Failed> {
    let mut written = Vec::new();
    for path in files(checkout.records_folder()) {
        if path.extension() == Some("record") {
            let head = fs::read_to_string(&path)?;
            let head: Value = serde_json::from_str(head.lines().next().unwrap_or_default())?;
            let built_at = head["built_at"].as_u64().ok_or("no time")?;
            let file = fs::File::options().write(true).open(&path)?;
            written.push(built_at);
            file.file().set_modified(UNIX_EPOCH + Duration::from_secs(built_at))?;
        }
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let seen = now.checked_add_signed(offset).ok_or("no such time")?;
    assert!(written.iter().any(|built_at| built_at.abs_diff(seen) < DAY), "{offset}: {written:?}");
    Ok(())
}
