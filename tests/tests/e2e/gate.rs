//! What is built, and what is not.

use std::os::unix::fs::PermissionsExt as _;

use fs_err as fs;
use libtest_mimic::Failed;

use crate::checkout::{Checkout, files, names};
use crate::world::World;

const ALL: usize = 12;

pub fn everything_is_built_and_then_nothing(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::local(world, "everything")?;
    let first = checkout.build(&[])?;
    assert_eq!((first.code, first.with("built").len()), (0, ALL), "{}", first.stderr);
    assert_eq!((checkout.builds(), checkout.records()), (ALL, ALL));

    let second = checkout.build(&[])?;
    assert_eq!((second.code, second.with("fresh").len()), (0, ALL), "{}", second.stderr);
    assert_eq!(checkout.builds(), 0);
    Ok(())
}

pub fn a_handler_edit_rebuilds_one_image(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "handler")?;
    checkout.build(&[])?;
    checkout.builds();
    checkout.append("lambdas/create_labels/handler.py", "\n# edited\n");
    let report = checkout.build(&[])?;
    assert_eq!(report.with("built"), names(["create-labels"]), "{}", report.stderr);
    assert_eq!((report.with("fresh").len(), checkout.builds()), (ALL - 1, 1));
    assert!(report.stderr.contains("handler: lambdas/create_labels/handler.py"), "{}", report.stderr);
    Ok(())
}

pub fn a_package_edit_rebuilds_its_dependants(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "package")?;
    checkout.build(&[])?;
    checkout.builds();
    checkout.append("base-images/receipt_label/receipt_label/text.py", "\n# edited\n");
    let report = checkout.build(&[])?;
    let dependants = names([
        "base-receipt-label",
        "create-labels",
        "poll-words",
        "submit-openai",
        "validate-pending-labels",
    ]);
    assert_eq!(report.with("built"), dependants, "{}", report.stderr);
    assert_eq!(checkout.builds(), dependants.len());

    checkout.append("base-images/receipt_chroma/receipt_chroma/collection.py", "\n# edited\n");
    assert_eq!(checkout.build(&[])?.with("built"), names(["compaction"]));
    Ok(())
}

pub fn a_readme_edit_rebuilds_nothing(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "readme")?;
    checkout.build(&["ping", "create-labels"])?;
    checkout.builds();
    checkout.write("README.md", "edited");
    checkout.append("lambdas/README.md", "edited");
    checkout.append("base-images/receipt_label/tests/test_rules.py", "\n# edited\n");
    checkout.write("base-images/receipt_label/receipt_label/__pycache__/text.cpython-313.pyc", "junk");
    checkout.write("lambdas/create_labels/.env", "SECRET=1");
    let report = checkout.build(&["ping", "create-labels"])?;
    assert_eq!(report.with("built"), names([]), "{}", report.stderr);
    assert_eq!(checkout.builds(), 0);
    Ok(())
}

/// BuildKit takes a file for unchanged when its size and its time are.
pub fn an_edit_that_keeps_size_and_time_is_built(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::local(world, "kept")?;
    let handler = checkout.root.join("lambdas/ping/handler.py");
    let time = fs::metadata(&handler)?.modified()?;
    let text = fs::read_to_string(&handler)?;
    for word in ["before", "behind"] {
        fs::write(&handler, format!("{text}# {word}\n"))?;
        fs::File::options().write(true).open(&handler)?.file().set_modified(time)?;
        assert_eq!(checkout.build(&["ping"])?.with("built"), names(["ping"]));
        let image = ["run", "--rm", "--entrypoint=tail", "ping:local", "-n1", "/var/task/handler.py"];
        assert_eq!(world.docker(&image)?, format!("# {word}\n"));
    }
    Ok(())
}

/// A switch to another branch and back builds nothing, and yet `<name>:local` is what the sources say.
pub fn the_readable_tag_follows_the_sources(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::local(world, "switched")?;
    let named = || world.docker(&["image", "inspect", "--format={{.Id}}", "ping:local"]);
    let handler = fs::read_to_string(checkout.root.join("lambdas/ping/handler.py"))?;
    let first_branch = handler.clone() + "\n# one branch\n";
    checkout.write("lambdas/ping/handler.py", &first_branch);
    checkout.build(&["ping"])?;
    let first = named()?;
    checkout.append("lambdas/ping/handler.py", "\n# another\n");
    checkout.build(&["ping"])?;
    assert_ne!(named()?, first);
    checkout.write("lambdas/ping/handler.py", &first_branch);
    checkout.builds();
    checkout.build(&["ping"])?;
    assert_eq!((named()?, checkout.builds()), (first, 0));
    Ok(())
}

/// The same bytes elsewhere, checked out under another umask, are a hit; and built, they are the same image.
pub fn a_checkout_with_another_umask_is_a_hit(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "umask")?;
    let images = ["poll-lines", "compaction"];
    checkout.build(&images)?;
    let one: Vec<_> = images.map(|image| contents(&checkout, image)).into_iter().collect::<Result<_, _>>()?;
    checkout.builds();
    let second = checkout.second("umask")?;
    for path in files(&second.root) {
        fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    let report = second.build(&images)?;
    assert_eq!((report.with("built"), checkout.builds()), (names([]), 0), "{}", report.stderr);

    let report = second.build(&[&images[..], &["--force", "--no-cache"]].concat())?;
    assert_eq!(report.with("built"), names(images), "{}", report.stderr);
    let other: Vec<_> = images.map(|image| contents(&second, image)).into_iter().collect::<Result<_, _>>()?;
    assert_eq!(one, other);
    Ok(())
}

fn contents(
    checkout: &Checkout<'_>,
    image: &str,
) -> Result<std::collections::BTreeMap<String, String>, Failed> {
    let report = checkout.build(&[image])?;
    let reference = report.outcome(image)["reference"].as_str().ok_or("no reference")?.to_owned();
    checkout.world.docker(&["pull", "--quiet", &reference])?;
    let mut contents = checkout.world.contents(&reference)?;
    // What pip writes about an installation names times and hashes of a wheel that is built anew.
    contents.retain(|path, _| !path.contains(".dist-info"));
    Ok(contents)
}
