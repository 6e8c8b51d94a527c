//! Images that stand on the stable tags of their bases, on a real engine and from a real registry.

use fs_err as fs;
use libtest_mimic::Failed;
use serde_json::Value;

use crate::checkout::{Checkout, Report, names};
use crate::world::World;

const DYNAMO: &str = "base-images/receipt_dynamo/src/receipt_dynamo/__init__.py";
const FIND: &str = "local-find-unembedded";

/// Builds one Lambda on stable bases.
fn build(checkout: &Checkout<'_>, more: &[&str]) -> Result<Report, Failed> {
    checkout.build(&[&["--static-base", FIND], more].concat())
}

/// What a report says of the one stable base that there is.
fn base(report: &Report) -> &Value {
    &report.json["stable_bases"][0]
}

/// The tags that the engine has of an image.
fn tags(world: &World, repository: &str) -> Result<Vec<String>, Failed> {
    let listed = world.docker(&["image", "ls", "--format", "{{.Tag}}", repository])?;
    Ok(listed.lines().map(str::to_owned).collect())
}

pub fn images_on_a_stable_base_stay_as_it_drifts_and_never_leave_this_machine(
    world: &World,
) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "stable")?;
    let first = build(&checkout, &[])?;
    assert_eq!((first.code, first.with("built")), (0, names([FIND])), "{}", first.stderr);
    // The base is a build like any other, with a record; what stands on its stable tag is not.
    assert_eq!((base(&first)["drift"].as_str(), checkout.records()), (Some("none"), 1), "{}", first.stderr);
    let of_find = tags(world, FIND)?;
    assert!(of_find.iter().any(|tag| tag.starts_with("dev-")), "{of_find:?}");
    assert!(!of_find.iter().any(|tag| tag.starts_with("sha-") || tag == "local"), "{of_find:?}");

    checkout.append(DYNAMO, "\nANSWER = 42\n");
    let drifted = build(&checkout, &[])?;
    assert_eq!((drifted.code, drifted.with("fresh")), (0, names([FIND])), "{}", drifted.stderr);
    assert_eq!(base(&drifted)["changes"][0]["path"], DYNAMO, "{}", drifted.stderr);
    let told = "Drifted local-base-receipt-dynamo-stable:stable  packages: base-images/receipt_dynamo/src/receipt_dynamo/__init__.py";
    for command in [&["plan", FIND][..], &["invoke", FIND], &["build-lambdas", FIND]] {
        let said = world.run(&checkout.command(command).env("USE_STATIC_BASE_IMAGE", "1"))?;
        assert!(said.stderr.contains(told), "{}", said.stderr);
    }

    let rebuilt = build(&checkout, &["--rebuild-bases"])?;
    assert_eq!((rebuilt.code, rebuilt.with("built")), (0, names([FIND])), "{}", rebuilt.stderr);
    assert_eq!((base(&rebuilt)["drift"].as_str(), checkout.records()), (Some("none"), 2));

    let (registry, records) = (format!("{}/stable", world.running.registry), checkout.records());
    let refused =
        checkout.run(&["build-lambdas", FIND, "--static-base", "--push", "--registry", &registry])?;
    assert!(refused.code == 2 && refused.stderr.contains("never pushed"), "{}", refused.stderr);
    assert_eq!(checkout.records(), records);
    // Production builds its own.
    let production = checkout.build(&[FIND])?;
    assert_eq!(production.with("built"), names([FIND]), "{}", production.stderr);
    assert_eq!(checkout.records(), records + 1);
    Ok(())
}

pub fn a_missing_stable_base_is_taken_from_the_registry(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "stable-there")?;
    let prefix = format!("{}/stable-there", world.running.registry);
    let here = "local-base-receipt-dynamo-stable-there:stable";
    let there = format!("{prefix}/{here}");
    build(&checkout, &[])?;
    world.docker(&["tag", here, &there])?;
    world.docker(&["push", "--quiet", &there])?;
    for image in [here, &there] {
        world.docker(&["rmi", image])?;
    }
    // Nothing remembers how it was built, and its sources have changed since.
    fs::remove_dir_all(checkout.records_folder())?;
    checkout.append(DYNAMO, "\nANSWER = 42\n");
    let arguments = ["build-lambdas", FIND, "--static-base", "--json"];
    let fetched = checkout.report(&checkout.command(&arguments).env("LAYERWISE_REGISTRY", &prefix))?;
    assert!(fetched.stderr.contains(&format!("Fetched {there}")), "{}", fetched.stderr);
    assert_eq!((fetched.code, base(&fetched)["drift"].as_str()), (0, Some("unknown")), "{}", fetched.stderr);
    assert_eq!(checkout.records(), 0);

    // A registry that cannot be asked keeps nobody from building the base.
    world.docker(&["rmi", "--force", here])?;
    let command = checkout.command(&arguments).env("LAYERWISE_REGISTRY", "127.0.0.1:1/nobody");
    let built = checkout.report(&command)?;
    assert!(built.stderr.contains("Unknown whether 127.0.0.1:1/nobody"), "{}", built.stderr);
    assert_eq!((built.code, base(&built)["drift"].as_str()), (0, Some("none")), "{}", built.stderr);
    Ok(())
}

pub fn without_a_stable_base_and_no_way_to_build_one_nothing_stands_on_it(
    world: &World,
) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "stable-broken")?;
    checkout.write("base-images/receipt_dynamo/pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = \"no_such_backend\"\n[project]\nname = \"receipt_dynamo\"\nversion = \"1\"\n");
    let said = checkout.run(&["build-lambdas", "--static-base", FIND, "local-ping"])?;
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(said.stderr.contains("Failed local-base-receipt-dynamo"), "{}", said.stderr);
    let told = format!("Not built {FIND}  because local-base-receipt-dynamo failed");
    assert!(said.stderr.contains(&told), "{}", said.stderr);
    assert!(said.stderr.contains("Built local-ping"), "{}", said.stderr);
    // Nor on an older one where the newest was asked for.
    world.docker(&["tag", "local-ping:dev", "local-base-receipt-dynamo-stable-broken:stable"])?;
    let said = checkout.run(&["build-lambdas", "--static-base", "--rebuild-bases", FIND])?;
    assert!(said.code == 1 && said.stderr.contains(&told), "{}", said.stderr);
    Ok(())
}
