//! `images.lock` against a real registry whose tag moves.

use fs_err as fs;
use layerwise_tests::locked::{BASE, IMAGE};
use libtest_mimic::Failed;

use crate::checkout::{Checkout, names};
use crate::world::{Said, World};

pub fn a_locked_parent_moves_only_when_it_is_told_to(world: &World) -> Result<(), Failed> {
    let root = world.folder("locked/checkout");
    let prefix = format!("{}/locked", world.running.registry);
    let base = format!("{prefix}/base:1");
    let checkout = Checkout::of(world, "locked", root, Some(prefix), env!("CARGO_BIN_EXE_locked"))?;
    checkout.write("own.txt", "own");
    let run = |arguments: &[&str]| -> Result<Said, Failed> {
        world.run(&checkout.command(arguments).env(BASE, base.as_str()))
    };
    let build = || checkout.report(&checkout.command(&["build-lambdas", "--json"]).env(BASE, base.as_str()));
    let holds = |reference: &str| -> Result<bool, Failed> {
        world.docker(&["pull", "--quiet", reference])?;
        let listing =
            world.docker(&["image", "history", "--no-trunc", "--format={{.CreatedBy}}", reference])?;
        Ok(listing.contains("two.txt"))
    };

    push(world, &base, "one.txt")?;
    let absent = run(&["lock", "--check"])?;
    assert_eq!(absent.code, 1, "{}", absent.stderr);
    assert!(absent.stdout.starts_with(&format!("missing   {base}  linux/amd64")), "{}", absent.stdout);
    let locked = run(&["lock"])?;
    assert_eq!(locked.code, 0, "{}", locked.stderr);
    let first = fs::read_to_string(checkout.root.join("images.lock"))?;
    let built = build()?;
    assert_eq!(built.with("built"), names([IMAGE]), "{}", built.stderr);

    // The tag moves, and nothing changes for whoever has the file.
    push(world, &base, "two.txt")?;
    checkout.builds();
    assert_eq!((build()?.with("fresh"), checkout.builds()), (names([IMAGE]), 0));
    let again = checkout
        .report(&checkout.command(&["build-lambdas", "--json", "--force"]).env(BASE, base.as_str()))?;
    let reference = again.outcome(IMAGE)["reference"].as_str().ok_or("no reference")?.to_owned();
    assert!(!holds(&reference)?, "built on what the tag names now");
    let checked = run(&["lock", "--check"])?;
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    let told = ["moved", "resolved today", "rebuilds locked"];
    assert!(told.iter().all(|part| checked.stdout.contains(part)), "{}", checked.stdout);
    assert_eq!(run(&["lock"])?.code, 0);
    assert_eq!(fs::read_to_string(checkout.root.join("images.lock"))?, first);

    let nobody = run(&["lock", "--update", "nobody"])?;
    assert_eq!(nobody.code, 2, "{}", nobody.stderr);
    let updated = run(&["lock", "--update", "base:1"])?;
    assert!(updated.code == 0 && updated.stdout.starts_with("moved"), "{}{}", updated.stdout, updated.stderr);
    let built = build()?;
    assert_eq!(built.with("built"), names([IMAGE]), "{}", built.stderr);
    assert!(built.stderr.contains(&format!("Stale {IMAGE}  base: ")), "{}", built.stderr);
    let reference = built.outcome(IMAGE)["reference"].as_str().ok_or("no reference")?.to_owned();
    assert!(holds(&reference)?, "built on what the tag named before");

    // An entry that is not there is told in one line, and one that is not needed too.
    let other = checkout.command(&["plan", "--offline"]).env(BASE, "debian:13");
    let other = world.run(&other)?;
    let line = "Unlocked debian:13: `cargo xtask lock` writes down what it stands for";
    assert!(other.code == 0 && other.stderr.contains(line), "{}", other.stderr);
    Ok(())
}

/// Pushes an image with one file of this name.
fn push(world: &World, reference: &str, file: &str) -> Result<(), Failed> {
    let folder = world.folder(&format!("locked/base-{file}"));
    fs::write(folder.join(file), file)?;
    fs::write(folder.join("Dockerfile"), format!("FROM scratch\nCOPY {file} /{file}\n"))?;
    let arguments = ["build", "--provenance=false", "--quiet", "--push", "--tag", reference, "."];
    world.run(&world.command(world.running.buildx.as_path(), &folder).args(arguments))?.ok().map(drop)
}
