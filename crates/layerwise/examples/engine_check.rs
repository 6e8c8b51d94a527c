//! Checks the adapters on a real engine and registry:
//! `cargo run -p layerwise --example engine_check -- <registry host:port>`, with `DOCKER_HOST` and `DOCKER_CONFIG` set
//! and the parent image `PARENT` (default: the Lambda Python image) in the engine's store.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use layerwise::builder::{BuildError, BuildRequest, Builder, SecretSource, SecretValue};
use layerwise::buildx::{Buildx, find};
use layerwise::image_ref::ImageRef;
use layerwise::platform::Platform;
use layerwise::process::{Cancel, Env};

type Anything = Result<(), Box<dyn std::error::Error>>;

fn main() -> Anything {
    let env = Env::current();
    let folder = tempfile::tempdir()?;
    let folder = Utf8PathBuf::from_path_buf(folder.path().to_owned()).map_err(|_| "not UTF-8")?;
    let buildx = Buildx::at(find(None, &env)?);
    println!("buildx: {}", buildx.version(&Cancel::default())?);
    builds(&buildx, &folder)?;
    cancels(&buildx, &folder)?;
    Ok(())
}

fn request(
    folder: &Utf8Path,
    name: &str,
    dockerfile: &str,
) -> Result<BuildRequest, Box<dyn std::error::Error>> {
    let parent = std::env::var("PARENT").unwrap_or("public.ecr.aws/lambda/python:3.13".to_owned());
    let path = folder.join(format!("{name}.Dockerfile"));
    fs_err::write(&path, format!("FROM {parent}\n{dockerfile}\n"))?;
    fs_err::write(folder.join("handler.py"), "def lambda_handler(event, context):\n    return 1\n")?;
    Ok(BuildRequest {
        image: name.to_owned(),
        platform: Platform::LinuxAmd64,
        context: folder.to_owned(),
        dockerfile: path,
        target: None,
        build_args: Vec::new(),
        labels: vec![("io.layerwise.image".to_owned(), name.to_owned())],
        tags: vec![ImageRef::tagged(&format!("layerwise-check/{name}"), "sha-000000000000")?],
        secrets: Vec::new(),
        push: false,
        no_cache: false,
        log: folder.join(format!("logs/{name}.log")),
    })
}

fn builds(buildx: &Buildx, folder: &Utf8Path) -> Anything {
    let cancel = Cancel::default();
    let mut request = request(
        folder,
        "first",
        "RUN --mount=type=secret,id=token test \"$(cat /run/secrets/token)\" = hunter2-hunter2\nCOPY handler.py /var/task/",
    )?;
    request.secrets =
        vec![SecretValue { id: "token".to_owned(), from: SecretSource::Text("hunter2-hunter2".to_owned()) }];
    request.no_cache = true;
    let built = buildx.build(&request, &cancel, &|event| println!("  {event:?}"))?;
    println!("{built:?}\n{}", fs_err::read_to_string(&request.log)?);
    request.no_cache = false;
    let start = Instant::now();
    let again = buildx.build(&request, &cancel, &|_| ())?;
    println!(
        "again: {} of {} cached, {:?}, same {}",
        again.cached,
        again.steps,
        start.elapsed(),
        again == built
    );
    Ok(())
}

fn cancels(buildx: &Buildx, folder: &Utf8Path) -> Anything {
    let mut request = request(folder, "slow", "RUN sleep 60")?;
    request.no_cache = true;
    let cancel = Cancel::default();
    let start = std::sync::Mutex::new(None);
    let error = buildx.build(&request, &cancel, &|event| {
        if format!("{event:?}").contains("sleep 60") {
            *start.lock().unwrap() = Some(Instant::now());
            cancel.cancel();
        }
    });
    let took = start.lock().unwrap().map_or(Duration::MAX, |start| start.elapsed());
    println!("cancelled: {} after {took:?}", matches!(error, Err(BuildError::Cancelled { .. })));
    Ok(())
}
