//! Images that are made without a builder, on a real registry.

use std::collections::BTreeSet;

use fs_err as fs;
use layerwise::image_ref::ImageRef;
use layerwise::oci::Oci;
use layerwise::process::Env;
use layerwise::registry::Registry as _;
use libtest_mimic::Failed;
use serde_json::Value;

use crate::answers::invoke;
use crate::checkout::{Checkout, Report, names};
use crate::proxy::Proxy;
use crate::world::World;

/// What of the sample monorepo only copies and configures, on bases of ours.
const LAMBDAS: [&str; 7] = [
    "create-labels",
    "find-unembedded",
    "poll-lines",
    "poll-words",
    "submit-openai",
    "upload-images",
    "validate-pending-labels",
];

pub fn changed_handlers_are_pushed_without_an_engine(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "engineless-push")?;
    let first = checkout.build(&[])?;
    assert_eq!((first.code, assembled(&first)), (0, LAMBDAS.map(str::to_owned).into()), "{}", first.stderr);

    let handlers = ["lambdas/create_labels/handler.py", "lambdas/upload_images/handler.py"];
    for handler in handlers {
        checkout.append(
            handler,
            "\n\ndef lambda_handler(event, context):\n    return {\"pushed\": event[\"word\"]}\n",
        );
    }
    let nowhere = format!("unix://{}/no.sock", checkout.root);
    let command = checkout.command(&["build-lambdas", "--json"]).env("DOCKER_HOST", &nowhere).env("PATH", "");
    let report = checkout.report(&command)?;
    let changed = names(["create-labels", "upload-images"]);
    assert_eq!((report.code, assembled(&report)), (0, changed.clone()), "{}", report.stderr);
    assert_eq!(report.with("built"), changed);
    for image in &changed {
        let reference = report.outcome(image)["reference"].as_str().ok_or("no reference")?;
        assert_eq!(invoke(world, reference, r#"{"word": "yes"}"#)?, r#"{"pushed": "yes"}"#, "{image}");
    }
    // What needs a builder says so before anything is begun.
    checkout.append("base-images/receipt_chroma/receipt_chroma/collection.py", "\n# edited\n");
    let said =
        world.run(&checkout.command(&["build-lambdas"]).env("DOCKER_HOST", &nowhere).env("PATH", ""))?;
    assert_eq!(said.code, 3, "{}", said.stderr);
    Ok(())
}

/// The whole sample monorepo in both ways: the same files and the same configuration.
pub fn the_samples_are_the_same_with_and_without_a_builder(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "both-ways")?;
    let mut both = Vec::new();
    for options in [&["--assemble=auto"][..], &["--assemble=never", "--force"]] {
        let report = checkout.build(&[&LAMBDAS[..], options].concat())?;
        let all = LAMBDAS.map(str::to_owned).into();
        assert!(report.with("built").is_superset(&all), "{}", report.stderr);
        let mut contents = Vec::new();
        for name in LAMBDAS {
            let outcome = report.outcome(name);
            let (reference, digest) = (outcome["reference"].as_str(), outcome["digest"].as_str());
            let repository =
                reference.and_then(|reference| reference.rsplit_once(':')).ok_or("no reference")?.0;
            let image = format!("{repository}@{}", digest.ok_or("no digest")?);
            world.docker(&["pull", "--quiet", &image])?;
            contents.push((name, outcome["assembled"].clone(), world.contents(&image)?));
        }
        both.push(contents);
    }
    let [without, with] = both.try_into().map_err(|_| "not both ways")?;
    for ((name, assembled, ours), (_, built, theirs)) in without.into_iter().zip(with) {
        assert_eq!((assembled, built), (true.into(), false.into()), "{name}");
        assert_eq!(ours, theirs, "{name}");
    }
    Ok(())
}

/// Only the layer of the changed file is sent: the others are in the repository already.
pub fn a_changed_handler_sends_its_own_layer_only(world: &World) -> Result<(), Failed> {
    let proxy = Proxy::new(&server(world))?;
    let checkout = behind(&proxy, world, "bytes")?;
    assert_eq!(checkout.build(&["upload-images"])?.code, 0);
    checkout.append("lambdas/upload_images/handler.py", "\n# edited\n");
    proxy.allow(i64::MAX);
    let report = checkout.build(&["upload-images"])?;
    let sent = i64::MAX - proxy.allow(i64::MAX);
    let outcome = report.outcome("upload-images");
    assert_eq!((&outcome["steps"], &outcome["cached"]), (&3.into(), &2.into()), "{}", report.stderr);
    let handler = fs::metadata(checkout.root.join("lambdas/upload_images/handler.py"))?.len();
    assert!(sent < i64::try_from(handler)? + 10_000, "{sent} bytes were sent for a handler of {handler}");
    Ok(())
}

/// Wherever the connection breaks, for good: either the tag is not there, or the whole image is; and the next run finishes.
pub fn a_push_that_breaks_off_leaves_no_half_image(world: &World) -> Result<(), Failed> {
    let proxy = Proxy::new(&server(world))?;
    let checkout = behind(&proxy, world, "broken")?;
    assert_eq!(checkout.build(&["create-labels"])?.code, 0);
    let env = Env::default().with("DOCKER_CONFIG", checkout.docker_config().as_str());
    let registry = Oci::new(&env, Vec::new());
    let (mut whole, mut failed) = (0, 0);
    for tenth in [0, 1, 3, 5, 6, 7, 8, 9, 10] {
        checkout.append("lambdas/create_labels/handler.py", &format!("\n# {tenth}\n"));
        let records = checkout.records();
        // What one build sends is learned from the first one, which is not disturbed.
        proxy.allow(if tenth == 0 { i64::MAX } else { whole * (tenth - 1) / 10 });
        let report = checkout.build(&["create-labels"]);
        let left = proxy.allow(i64::MAX);
        if tenth == 0 {
            whole = i64::MAX - left;
        }
        // A plan that cannot ask says so, and there is no report.
        let (code, label) = match &report {
            Ok(report) => (report.code, report.outcome("create-labels")["status"].clone()),
            Err(_) => (3, Value::Null),
        };
        if code == 0 {
            assert_eq!((label, checkout.records()), ("built".into(), records + 1));
        } else {
            failed += 1;
            assert_eq!(checkout.records(), records, "a record of a failed push");
        }
        let plan = world.run(&checkout.command(&["plan", "--json", "create-labels", "--offline"]))?.ok()?;
        let plan: Value = serde_json::from_str(&plan)?;
        let images = plan["images"].as_array().ok_or("no images")?;
        let fingerprint = images.iter().find(|image| image["name"] == "create-labels").ok_or("no image")?;
        let short =
            fingerprint["fingerprint"].as_str().and_then(|text| text.get(7..19)).ok_or("no fingerprint")?;
        let tag = ImageRef::parse(&format!("{}/broken/create-labels:sha-{short}", proxy.address()))?;
        if registry.find(std::slice::from_ref(&tag))? != [None] {
            world.docker(&["pull", "--quiet", &direct(&tag.to_string(), &proxy, world)])?;
        }
        let again = checkout.build(&["create-labels"])?;
        assert_eq!(again.code, 0, "{}", again.stderr);
    }
    assert!(failed > 5, "only {failed} pushes were disturbed");
    Ok(())
}

pub fn what_cannot_be_assembled_says_why(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "always")?;
    let report = checkout.build(&["compaction", "find-unembedded", "--assemble=always"])?;
    assert_eq!(report.code, 2, "{}", report.stderr);
    assert_eq!(report.with("failed"), names(["compaction"]));
    assert_eq!(assembled(&report), names(["find-unembedded"]));
    let error = report.outcome("compaction")["error"].to_string();
    assert!(error.contains("it cannot be assembled: it installs local packages"), "{error}");

    let never = checkout.build(&["find-unembedded", "--assemble=never", "--force"])?;
    assert_eq!((never.code, assembled(&never)), (0, names([])), "{}", never.stderr);
    Ok(())
}

/// The parent is in another registry, as AWS's own is: its layers are copied, and an index leads to the right one.
pub fn a_parent_in_another_registry_is_copied(world: &World) -> Result<(), Failed> {
    let proxy = Proxy::new(&server(world))?;
    // The same registry under another name is another registry to everybody.
    let parent = format!("{}/stock/python:3.13", world.running.registry);
    world.docker(&["tag", "public.ecr.aws/lambda/python:3.13", &parent])?;
    world.docker(&["push", "--quiet", &parent])?;
    let root = world.folder("copied/checkout");
    let prefix = Some(format!("{}/copied", proxy.address()));
    let checkout = Checkout::of(world, "copied", root, prefix, env!("CARGO_BIN_EXE_stock"))?;
    log_in(&checkout, &proxy, world)?;
    checkout.write("handler.py", "def lambda_handler(event, context):\n    return \"copied\"\n");
    let command = checkout.command(&["build-lambdas", "--json"]).env("LAYERWISE_TEST_PARENT", &parent);
    let report = checkout.report(&command)?;
    assert_eq!((report.code, assembled(&report)), (0, names(["stock"])), "{}", report.stderr);
    let reference = report.outcome("stock")["reference"].as_str().ok_or("no reference")?;
    assert_eq!(invoke(world, &direct(reference, &proxy, world), "{}")?, "\"copied\"");
    Ok(())
}

/// The images that were built without BuildKit.
fn assembled(report: &Report) -> BTreeSet<String> {
    let images = report.json["images"].as_array().into_iter().flatten();
    let made =
        images.filter(|image| image["outcome"]["status"] == "built" && image["outcome"]["assembled"] == true);
    made.filter_map(|image| image["label"].as_str().map(str::to_owned)).collect()
}

fn server(world: &World) -> String {
    world.running.registry.replace("localhost", "127.0.0.1")
}

/// The sample monorepo, pushed through `proxy`.
fn behind<'a>(proxy: &Proxy, world: &'a World, test: &str) -> Result<Checkout<'a>, Failed> {
    let checkout = Checkout::pushing(world, test)?.pushing_to(&format!("{}/{test}", proxy.address()));
    log_in(&checkout, proxy, world)?;
    Ok(checkout)
}

/// What is behind the proxy, by the way that the engine knows.
fn direct(reference: &str, proxy: &Proxy, world: &World) -> String {
    reference.replace(&proxy.address(), &world.running.registry)
}

/// The registry's login counts behind the proxy too.
fn log_in(checkout: &Checkout<'_>, proxy: &Proxy, world: &World) -> Result<(), Failed> {
    let path = checkout.docker_config().join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path)?)?;
    config["auths"][proxy.address()] = config["auths"][&world.running.registry].clone();
    Ok(fs::write(path, config.to_string())?)
}
