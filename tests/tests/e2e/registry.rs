//! Pushed images: confirmed, missed when they are gone, and such as Lambda takes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use fs_err as fs;
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
    let login: Value = serde_json::from_slice(&fs::read(world.running.docker_config.join("config.json"))?)?;
    let login = login["auths"][&world.running.registry]["auth"].as_str().ok_or("no login")?;
    let accept =
        "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";
    let mut stream = TcpStream::connect(world.running.registry.replace("localhost", "127.0.0.1"))?;
    let head =
        format!("{method} /v2/{path} HTTP/1.0\r\nAccept: {accept}\r\nAuthorization: Basic {login}\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    let status = head.split(' ').nth(1).ok_or("no status")?;
    Ok((status.parse()?, body.to_owned()))
}
