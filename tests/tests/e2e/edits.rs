//! Somebody edits while images are planned, built and pushed: a run may fail and say so, but no record lies.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use fs_err as fs;
use layerwise_tests::quick::{FILES, content};
use layerwise_tests::random::Random;
use libtest_mimic::Failed;

use crate::checkout::{Checkout, Report};
use crate::quick;
use crate::truth::Truth;
use crate::world::World;

pub fn edits_while_building_leave_no_false_record(world: &World) -> Result<(), Failed> {
    let seed = quick::seed();
    let mut random = Random::new(seed);
    let checkout = quick::checkout(world, "edits", &mut random)?;
    quick::finish(&checkout)?;
    let whole = quick::whole(&checkout, &mut random)?;
    let mut truth = Truth::of(&checkout);
    for case in 0..quick::cases(16) {
        quick::edit(&checkout, &mut random);
        let report = match case % 8 {
            0 => put_back(&checkout)?,
            _ => edited(&checkout, whole, &mut random)?,
        };
        let moved = report.code == 1 && report.stderr.contains("changed while");
        let held = match report.code == 0 || moved {
            true => truth.check(),
            false => Err(format!("exit code {}:\n{}", report.code, report.stderr).into()),
        };
        held.map_err(|why| format!("seed {seed}, case {case}: {}", why.message().unwrap_or("?")))?;
    }
    quick::finish(&checkout)?;
    truth.check().map(|_| ())
}

/// A build with edits at random moments.
fn edited(checkout: &Checkout<'_>, whole: Duration, random: &mut Random) -> Result<Report, Failed> {
    std::thread::scope(|scope| {
        let run = scope.spawn(|| checkout.build(&[]));
        for _ in 0..=random.below(4) {
            std::thread::park_timeout(quick::within(whole / 3, random));
            edit(checkout, random)?;
        }
        run.join().map_err(|_| "the run panicked")?
    })
}

/// One edit, as editors and people do it.
fn edit(checkout: &Checkout<'_>, random: &mut Random) -> Result<(), Failed> {
    let path = checkout.root.join(FILES[random.below(FILES.len())]);
    let beside = checkout.temporary().with_file_name("edited");
    match random.below(4) {
        0 => fs::write(path, content(random))?,
        1 => {
            fs::write(&beside, content(random))?;
            fs::rename(beside, path)?;
        }
        2 => {
            let executable = fs::metadata(&path)?.permissions().mode() & 0o100 != 0;
            let mode = if executable { 0o644 } else { 0o755 };
            fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        }
        _ => {
            let before = fs::read(&path)?;
            fs::write(&path, content(random))?;
            std::thread::park_timeout(Duration::from_millis(random.below(100) as u64));
            fs::write(path, before)?;
        }
    }
    Ok(())
}

/// A build that sees a file edited which is as before, times included, when the second look comes.
fn put_back(checkout: &Checkout<'_>) -> Result<Report, Failed> {
    let buildx = checkout.docker_config().join("cli-plugins/docker-buildx");
    let script = fs::read_to_string(&buildx)?;
    let file = checkout.root.join("slow/data.bin");
    let edit = format!("cp -p {file} {file}.before && echo edited >> {file}\n");
    let back = format!("code=$?\nmv {file}.before {file}\nexit $code\n");
    fs::write(&buildx, script.replace("exec ", &edit) + &back)?;
    let report = checkout.build(&["quick-slow", "--force"]);
    fs::write(&buildx, script)?;
    report
}
