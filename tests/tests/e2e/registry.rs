//! Pushed images: confirmed, missed when they are gone, and such as Lambda takes.

use libtest_mimic::Failed;
use serde_json::Value;

use crate::checkout::{Checkout, names};
use crate::world::World;

pub fn an_image_deleted_is_rebuilt(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "deleted")?;
    let report = checkout.build(&["ping", "find-unembedded"])?;
    let digest = report.outcome("ping")["digest"].as_str().ok_or("no digest")?;
    let status = request(world, "DELETE", &format!("deleted/ping/manifests/{digest}"))?.0;
    assert_eq!(status, 202);
    checkout.builds();

    let report = checkout.build(&["ping", "find-unembedded"])?;
    assert_eq!(report.with("built"), names(["ping"]), "{}", report.stderr);
    assert!(report.stderr.contains("image missing"), "{}", report.stderr);
    assert_eq!(checkout.builds(), 1);
    assert_eq!(checkout.build(&["ping", "find-unembedded"])?.with("built"), names([]));
    Ok(())
}

pub fn what_is_pushed_is_what_lambda_takes(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::pushing(world, "lambda")?;
    let report = checkout.build(&["create-labels"])?;
    let outcome = report.outcome("create-labels");
    let reference = outcome["reference"].as_str().ok_or("no reference")?;
    let tag = reference.rsplit(':').next().ok_or("no tag")?;
    let (status, body) = request(world, "GET", &format!("lambda/create-labels/manifests/{tag}"))?;
    let manifest: Value = serde_json::from_str(&body)?;
    assert_eq!(status, 200);
    assert!(manifest["layers"].as_array().is_some_and(|layers| layers.len() > 2), "{manifest:#}");
    assert!(manifest["manifests"].is_null(), "an index");
    let config = manifest["config"]["digest"].as_str().ok_or("no config")?;
    let config: Value =
        serde_json::from_str(&request(world, "GET", &format!("lambda/create-labels/blobs/{config}"))?.1)?;
    assert_eq!(config["architecture"], "amd64");
    let labels = &config["config"]["Labels"];
    assert_eq!(labels["io.layerwise.image"], "create-labels");
    let fingerprint = labels["io.layerwise.fingerprint"].as_str().ok_or("no fingerprint")?;
    assert_eq!(format!("sha-{}", &fingerprint[..12]), tag);
    Ok(())
}

/// One request to the registry, with its login: the status and the body.
fn request(world: &World, method: &str, path: &str) -> Result<(u16, String), Failed> {
    let login = format!("{}:{}", world.running.registry_user, world.running.registry_password);
    let url = format!("http://{}/v2/{path}", world.running.registry);
    let accept = "Accept: application/vnd.docker.distribution.manifest.v2+json,application/vnd.oci.image.manifest.v1+json";
    let cwd = world.folder("registry");
    let command = world.command("curl", &cwd).args([
        "--silent",
        "--noproxy",
        "*",
        "--location",
        "--user",
        &login,
        "--request",
        method,
        "--header",
        accept,
        "--write-out",
        "\n%{http_code}",
        &url,
    ]);
    let answer = world.run(&command)?.ok()?;
    let (body, status) = answer.rsplit_once('\n').ok_or("no status")?;
    Ok((status.parse()?, body.to_owned()))
}
