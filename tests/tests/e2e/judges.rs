//! Random cases with the builder as the judge, a bounded number of them; `cargo xtask bench gate` and `bench ignore`
//! judge as many as wanted.

use layerwise_tests::judge::bake::Engine;
use layerwise_tests::{conformance, ignore, judge};
use libtest_mimic::Failed;

use crate::world::World;

/// What the cases follow from. Fixed, so that a failure is that of the change under test.
const SEED: u64 = 1;

pub fn no_verdict_of_the_gate_is_wrong(world: &World) -> Result<(), Failed> {
    let report = judge::judge(&engine(world), &world.folder("judge"), SEED, 84, &|_| {})?;
    assert!(report.findings.is_empty(), "{report}");
    // A judge who sees nothing but hits has judged nothing.
    assert!(report.hits > 50 && report.misses > 30, "{report}");
    Ok(())
}

pub fn the_ignore_rules_are_those_of_the_engine(world: &World) -> Result<(), Failed> {
    let report = ignore::judge(&engine(world), &world.folder("ignore"), SEED, 180, &|_| {})?;
    assert!(report.findings.is_empty(), "{report}");
    assert!(report.mixed > report.lists / 3 && report.refused < report.lists / 2, "{report}");
    Ok(())
}

pub fn assembled_images_are_what_buildkit_builds(world: &World) -> Result<(), Failed> {
    let report = conformance::judge(&engine(world), &world.folder("conformance"), SEED, 80, &|_| {})?;
    assert!(report.findings.is_empty(), "{report}");
    // A judge who is shown nothing has judged nothing.
    assert!(report.assembled > report.images / 2 && report.left.len() > 3, "{report}");
    Ok(())
}

fn engine(world: &World) -> Engine {
    Engine { buildx: world.running.buildx.clone(), env: world.running.env() }
}
