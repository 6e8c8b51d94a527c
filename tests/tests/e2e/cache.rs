//! Layers that one engine has made and another one need not make again, by a repository of a real registry.

use layerwise::engine::Store;
use layerwise_tests::random::Random;
use libtest_mimic::Failed;

use crate::checkout::{Checkout, Report};
use crate::engine::{Own, with_engine};
use crate::quick;
use crate::world::World;

/// The one engine writes; the other one, which has the older store, reads: on a branch that has no layers of its own.
pub fn layers_that_another_engine_made_are_not_made_again(world: &World) -> Result<(), Failed> {
    let one = quick::checkout(world, "layers", &mut Random::new(21))?;
    // Nothing of the first one's: other records, and another place for images.
    let other = quick::checkout(world, "layers-other", &mut Random::new(22))?;
    quick::align(&one, &[&other])?;
    let repository = format!("{}/layers/cache", world.running.registry);
    let build =
        |checkout: &Checkout<'_>, host: Option<&str>, branch: &str, image: &str| -> Result<Report, Failed> {
            // What is assembled asks no cache.
            let never = "--assemble=never";
            let command =
                checkout.command(&["build-lambdas", image, never, "--cache", &repository, "--json"]);
            let command = command.env("LAYERWISE_BRANCH", branch);
            let report = checkout
                .report(&host.into_iter().fold(command, |command, host| command.env("DOCKER_HOST", host)))?;
            assert_eq!(
                (report.code, report.outcome(image)["status"].as_str()),
                (0, Some("built")),
                "{}",
                report.stderr
            );
            Ok(report)
        };
    let (left, right) = ("quick-left", "quick-right");
    build(&one, None, "main", left)?;
    with_engine(world, &Own { name: "layers-engine", disk: 96, store: Store::GraphDriver }, |host, _| {
        let read = build(&other, Some(host), "mend/it", left)?;
        for image in ["quick-base", left] {
            assert!(is_cached(&read, image), "{image}: {}\n{}", read.outcome(image), read.stderr);
        }
        // Nobody has made these.
        let made = build(&other, Some(host), "mend/it", right)?;
        assert!(!is_cached(&made, right), "{}", made.outcome(right));
        Ok(())
    })
}

/// Whether every step of a build came from a cache.
fn is_cached(report: &Report, image: &str) -> bool {
    let outcome = report.outcome(image);
    outcome["steps"].as_u64().is_some_and(|steps| steps > 0) && outcome["steps"] == outcome["cached"]
}
