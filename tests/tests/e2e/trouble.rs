//! Failures and interrupts: what must not happen then.

use fs_err as fs;
use libtest_mimic::Failed;

use crate::checkout::{Checkout, names};
use crate::world::World;

pub fn a_failing_image_leaves_the_others_built(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "failing")?;
    checkout.write(
        "lambdas/embedding_step_functions/list_pending/requirements.txt",
        "no-such-distribution-of-ours==1.0\n",
    );
    let images = ["list-pending", "find-unembedded", "ping"];
    let report = checkout.build(&images)?;
    assert_eq!(report.code, 1);
    assert_eq!(report.with("failed"), names(["list-pending"]), "{}", report.stderr);
    assert_eq!(report.with("built"), names(["base-receipt-dynamo", "find-unembedded", "ping"]));
    for part in ["no-such-distribution-of-ours", "pip install", "build.log"] {
        assert!(report.stderr.contains(part), "{part} is not in {}", report.stderr);
    }
    checkout.builds();
    let report = checkout.build(&["find-unembedded", "ping"])?;
    assert_eq!((report.with("built"), checkout.builds()), (names([]), 0));

    // A failed base takes along only what stands on it.
    let project = checkout.root.join("base-images/receipt_label/pyproject.toml");
    let broken = fs::read_to_string(&project)?.replace("setuptools>=77", "no-such-distribution-of-ours");
    fs::write(&project, broken)?;
    let report = checkout.build(&["create-labels", "ping"])?;
    assert_eq!(report.with("failed"), names(["base-receipt-label"]), "{}", report.stderr);
    assert_eq!(report.with("not-built"), names(["create-labels"]));
    assert_eq!(report.outcome("create-labels")["because"], "base-receipt-label");
    Ok(())
}

pub fn an_unreadable_input_leaves_the_others_built(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "unreadable")?;
    let handler = checkout.root.join("lambdas/ping/handler.py");
    let text = fs::read_to_string(&handler)?;
    fs::remove_file(&handler)?;
    let images = ["find-unembedded", "ping"];
    let report = checkout.build(&images)?;
    assert_eq!((report.code, report.with("failed")), (2, names(["ping"])), "{}", report.stderr);
    assert_eq!(report.with("built"), names(["base-receipt-dynamo", "find-unembedded"]));
    assert_eq!(checkout.records(), 2);
    assert!(
        report.stderr.contains("error: ping: `lambdas/ping/handler.py` does not exist"),
        "{}",
        report.stderr
    );

    // What stands on a base without a file of its package is not built because of that; nothing else is kept back.
    fs::write(&handler, text)?;
    let project = checkout.root.join("base-images/receipt_dynamo/pyproject.toml");
    let text = fs::read_to_string(&project)?;
    fs::remove_file(&project)?;
    let report = checkout.build(&images)?;
    let base = "base-receipt-dynamo";
    assert_eq!((report.code, report.with("failed")), (2, names([base])), "{}", report.stderr);
    assert_eq!(
        (report.with("built"), report.with("not-built")),
        (names(["ping"]), names(["find-unembedded"]))
    );
    assert_eq!(report.outcome("find-unembedded")["because"], base);

    fs::write(&project, text)?;
    checkout.builds();
    let report = checkout.build(&images)?;
    assert_eq!(
        (report.code, report.with("fresh"), checkout.builds()),
        (0, names([base, images[0], images[1]]), 0)
    );
    Ok(())
}

pub fn an_edit_during_a_build_leaves_no_record(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "edited")?;
    checkout.build(&["base-receipt-dynamo"])?;
    // The counting buildx is where an edit can be placed exactly: after planning, before building.
    let buildx = checkout.docker_config().join("cli-plugins/docker-buildx");
    let handler = checkout.root.join("lambdas/ping/handler.py");
    let script = fs::read_to_string(&buildx)?;
    fs::write(&buildx, script.replacen("exec ", &format!("echo '# edited' >> {handler}\nexec "), 1))?;
    let before = checkout.records();
    let report = checkout.build(&["ping"])?;
    assert_eq!((report.code, report.with("failed")), (1, names(["ping"])), "{}", report.stderr);
    assert!(report.stderr.contains("lambdas/ping/handler.py"), "{}", report.stderr);
    assert_eq!(checkout.records(), before);

    fs::write(&buildx, script)?;
    assert_eq!(checkout.build(&["ping"])?.with("built"), names(["ping"]));
    Ok(())
}

pub fn an_interrupt_leaves_nothing_behind(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "interrupted")?;
    checkout.build(&["base-receipt-dynamo"])?;
    let before = checkout.records();
    // The build sends the interrupt itself, from the moment at which its container runs.
    let buildx = checkout.docker_config().join("cli-plugins/docker-buildx");
    let script = fs::read_to_string(&buildx)?;
    fs::write(&buildx, script.replacen("exec ", "kill -INT $PPID\nexec ", 1))?;
    let report = checkout.run(&["build-lambdas", "list-pending", "--no-cache"])?;
    assert_eq!(report.code, 130, "{}", report.stderr);
    assert_eq!(checkout.records(), before);
    let running = world.docker(&["ps", "--quiet", "--filter", "label=io.layerwise.image=list-pending"])?;
    assert_eq!(running, "");
    fs::write(&buildx, script)?;
    assert_eq!(checkout.build(&["list-pending"])?.with("built"), names(["list-pending"]));
    Ok(())
}

pub fn no_engine_is_said_in_one_line(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::local(world, "engineless")?;
    let nowhere = format!("unix://{}/no.sock", checkout.root);
    let command = checkout.command(&["build-lambdas", "ping"]).env("DOCKER_HOST", &nowhere);
    let said = world.run(&command)?;
    assert_eq!(said.code, 3, "{}", said.stderr);
    let told: Vec<_> = said.stderr.lines().filter(|line| line.starts_with("error:")).collect();
    assert_eq!(told.len(), 1, "{}", said.stderr);
    assert!(said.stderr.contains("--sandbox"), "{}", said.stderr);
    Ok(())
}
