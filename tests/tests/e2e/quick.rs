//! Checkouts of the monorepo whose images build in an instant, and what must be true of them after any trouble.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise_tests::quick::{FILES, IMAGES, content};
use layerwise_tests::random::Random;
use libtest_mimic::Failed;

use crate::checkout::{Checkout, files, names};
use crate::world::World;

/// A new one; images go below a prefix of the registry that is called like the test.
pub fn checkout<'a>(world: &'a World, test: &str, random: &mut Random) -> Result<Checkout<'a>, Failed> {
    let root = world.folder(&format!("{test}/checkout"));
    let prefix = Some(format!("{}/{test}", world.running.registry));
    let checkout = Checkout::of(world, test, root, prefix, env!("CARGO_BIN_EXE_quick"))?;
    for file in FILES {
        checkout.write(file, &content(random));
    }
    Ok(checkout)
}

/// Another checkout of the same files that shares records and destination.
pub fn second<'a>(checkout: &Checkout<'a>, test: &str) -> Result<Checkout<'a>, Failed> {
    checkout.second_of(test, &["shared", "left", "right", "slow"])
}

/// Gives other checkouts the same files.
pub fn align(checkout: &Checkout<'_>, others: &[&Checkout<'_>]) -> Result<(), Failed> {
    for other in others.iter().filter(|other| other.root != checkout.root) {
        for file in FILES {
            fs::copy(checkout.root.join(file), other.root.join(file))?;
        }
    }
    Ok(())
}

/// Other contents for a few files.
pub fn edit(checkout: &Checkout<'_>, random: &mut Random) {
    for _ in 0..=random.below(2) {
        let file = FILES[random.below(FILES.len())];
        checkout.write(file, &content(random));
    }
}

/// How many cases a test of random moments tries: `LAYERWISE_CASES`, or as many as a bounded run can afford.
pub fn cases(bounded: usize) -> usize {
    std::env::var("LAYERWISE_CASES")
        .map_or(bounded, |cases| cases.parse().expect("LAYERWISE_CASES is a number"))
}

/// The seed of a test of random moments: `LAYERWISE_SEED`, or always the same.
pub fn seed() -> u64 {
    std::env::var("LAYERWISE_SEED").map_or(1, |seed| seed.parse().expect("LAYERWISE_SEED is a number"))
}

/// About how long a run takes in which something is built.
pub fn whole(checkout: &Checkout<'_>, random: &mut Random) -> Result<Duration, Failed> {
    edit(checkout, random);
    let begun = Instant::now();
    finish(checkout)?;
    Ok(begun.elapsed())
}

/// Any moment of `whole`.
pub fn within(whole: Duration, random: &mut Random) -> Duration {
    whole.mul_f64(random.below(1_000) as f64 / 1_000.0)
}

/// Builds until everything is there, and expects nothing to stay behind of whatever was before.
pub fn finish(checkout: &Checkout<'_>) -> Result<(), Failed> {
    let report = checkout.build(&[])?;
    let there = report.with("built").into_iter().chain(report.with("fresh")).collect();
    if (report.code, names(IMAGES)) != (0, there) {
        return Err(format!("the next run does not finish the job:\n{}", report.stderr).into());
    }
    let left: Vec<_> = leftovers(checkout).into_iter().chain(processes(checkout)).collect();
    if left.is_empty() { Ok(()) } else { Err(format!("after the next run there is {left:#?}").into()) }
}

/// Files that are neither records, locks, logs nor what a build reads; the copies of inputs are held against their images.
fn leftovers(checkout: &Checkout<'_>) -> BTreeSet<String> {
    let meant = |path: &Utf8Path| {
        let name = path.file_name().unwrap_or_default();
        !name.starts_with('.')
            && (name.ends_with("lock") || name == "build.log" || path.extension() == Some("record") || {
                name.ends_with(".Dockerfile") || name.ends_with(".Dockerfile.dockerignore")
            })
    };
    let places = [checkout.root.join("target/layerwise"), checkout.records_folder().to_owned()];
    let kept = [
        "contexts",
        "assembled/documents",
        "assembled/files",
        "assembled/layers",
        "assembled/made",
        "assembled/given",
    ]
    .map(|folder| checkout.root.join("target/layerwise").join(folder));
    let is_kept = |path: &Utf8Path| {
        let is_temporary =
            path.file_name().is_some_and(|name| name.starts_with('.') && name.ends_with(".tmp"));
        !is_temporary && kept.iter().any(|folder| path.starts_with(folder))
    };
    let ours = places.iter().flat_map(|place| files(place));
    let ours = ours.filter(|path| !is_kept(path) && !meant(path));
    let temporary = checkout.temporary().read_dir_utf8().into_iter().flatten().flatten();
    let temporary = temporary.map(camino::Utf8DirEntry::into_path);
    ours.chain(temporary).map(Utf8PathBuf::into_string).collect()
}

/// Children that still work on this checkout.
fn processes(checkout: &Checkout<'_>) -> BTreeSet<String> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    // One may have ended since it was listed.
    let commands = all.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let commands = commands.map(|command| String::from_utf8_lossy(&command).replace('\0', " "));
    commands.filter(|command| command.contains(&format!("{}/", checkout.root))).collect()
}
