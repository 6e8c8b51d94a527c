//! An engine whose disk is full: what needs room fails and says why, what needs none is built, and with room again the
//! next run finishes.

use fs_err as fs;
use layerwise::engine::Store;
use layerwise_tests::quick::IMAGES;
use layerwise_tests::random::Random;
use libtest_mimic::Failed;

use crate::checkout::names;
use crate::engine::{Own, with_engine};
use crate::quick;
use crate::truth::Truth;
use crate::world::World;

/// What the engine's disk holds, in mebibytes: itself, the images of this test, and what takes their place.
const DISK: usize = 96;
/// What one image needs.
const LARGE: usize = 24;
/// What is left to the engine at first.
const LEFT: usize = 12;

pub fn a_full_disk_of_the_engine_is_said_and_stops_nothing_else(world: &World) -> Result<(), Failed> {
    let checkout = quick::checkout(world, "disk", &mut Random::new(1))?;
    checkout.write("left/data.bin", &"x".repeat(LARGE << 20));
    with_engine(world, &Own { name: "disk", disk: DISK, store: Store::Containerd }, |host, disk| {
        let build = |images: &[&str]| {
            let command =
                checkout.command(&[&["build-lambdas", "--json", "--assemble=never"], images].concat());
            checkout.report(&command.env("DOCKER_HOST", host))
        };
        let ballast = disk.join("ballast");
        let room = rustix::fs::statvfs(disk.as_std_path())?;
        let room = usize::try_from(room.f_bavail * room.f_bsize)?;
        fs::write(&ballast, vec![0; room - (LEFT << 20)])?;
        // There is room for these. Not at the same time as the large one: what that one leaves is anybody's guess.
        let small = build(&["quick-right"])?;
        assert_eq!(small.code, 0, "{}", small.stderr);
        let full = build(&["quick-left", "quick-right"])?;
        assert_eq!((full.code, full.with("failed")), (3, names(["quick-left"])), "{}", full.stderr);
        assert_eq!(full.with("fresh"), small.with("built"));
        let error = full.outcome("quick-left")["error"].to_string();
        assert!(error.contains("quick-left: ") && error.contains("no space left on device"), "{error}");
        assert!(full.stderr.contains("hint: the engine's disk is full: "), "{}", full.stderr);
        assert_eq!(checkout.records(), 2);

        fs::remove_file(&ballast)?;
        let again = build(&["quick-left", "quick-right"])?;
        assert_eq!((again.code, again.with("built")), (0, names(["quick-left"])), "{}", again.stderr);
        Ok(())
    })?;
    quick::finish(&checkout)?;
    Truth::of(&checkout).check().map(|count| assert_eq!(count, IMAGES.len()))
}
