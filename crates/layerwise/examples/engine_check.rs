//! Checks the adapters on a real engine and registry:
//! `cargo run -p layerwise --example engine_check -- <registry host:port>`, with `DOCKER_HOST` and `DOCKER_CONFIG` set
//! and the parent image `PARENT` (default: the Lambda Python image) in the engine's store.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use layerwise::builder::{BuildError, BuildRequest, Builder, SecretSource, SecretValue};
use layerwise::buildx::{Buildx, find};
use layerwise::engine::{Endpoint, Engine};
use layerwise::image_ref::ImageRef;
use layerwise::oci::{Oci, conformance};
use layerwise::pip_secrets::pip_secrets;
use layerwise::platform::Platform;
use layerwise::process::{Cancel, Env};
use layerwise::registry::Registry;

type Anything = Result<(), Box<dyn std::error::Error>>;

fn main() -> Anything {
    let env = Env::current();
    let folder = tempfile::tempdir()?;
    let folder = Utf8PathBuf::from_path_buf(folder.path().to_owned()).map_err(|_| "not UTF-8")?;
    let buildx = Buildx::at(find(None, &env)?);
    println!("buildx: {}", buildx.version(&Cancel::default())?);
    let endpoint = Endpoint::discover(&env)?;
    let engine = Engine::at(&endpoint)?;
    println!(
        "engine: {endpoint:?}\n{:?}\nbuild cache: {} bytes",
        engine.about()?,
        engine.build_cache_bytes()?
    );
    builds(&buildx, &engine, &folder)?;
    other_platform(&buildx, &engine, &folder)?;
    pip(&buildx, &env, &folder)?;
    cancels(&buildx, &folder)?;
    presence(&engine)?;
    if let Some(registry) = std::env::args().nth(1) {
        pushes(&buildx, &Oci::new(&env, Vec::new()), &registry, &folder)?;
    }
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

fn builds(buildx: &Buildx, engine: &Engine, folder: &Utf8Path) -> Anything {
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
    let same = again.digest == built.digest;
    println!("again: {} of {} cached, {:?}, same digest: {same}", again.cached, again.steps, start.elapsed());
    let absent = ImageRef::parse("layerwise-check/none:1")?;
    let found = engine.find(&[request.tags[0].clone(), absent])?;
    println!("the engine knows it: {}, by {found:?}", found[0] == Some(again.digest));
    Ok(())
}

fn other_platform(buildx: &Buildx, engine: &Engine, folder: &Utf8Path) -> Anything {
    let mut request = request(folder, "arm", "")?;
    fs_err::write(&request.dockerfile, "FROM scratch\nCOPY handler.py /handler.py\n")?;
    request.platform = Platform::LinuxArm64;
    let built = buildx.build(&request, &Cancel::default(), &|_| ())?;
    println!("arm64: {}", engine.find(&request.tags)? == [Some(built.digest)]);
    Ok(())
}

/// Installs a small package through the index of this machine.
fn pip(buildx: &Buildx, env: &Env, folder: &Utf8Path) -> Anything {
    let run = "RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf,required=false \
               --mount=type=secret,id=ca_bundle,required=false pip install --no-cache-dir iniconfig==2.1.0";
    let mut request = request(folder, "pip", run)?;
    request.secrets = pip_secrets(env);
    request.no_cache = true;
    println!("pip secrets: {:?}", request.secrets);
    match buildx.build(&request, &Cancel::default(), &|_| ()) {
        Ok(built) => println!("pip: {} steps", built.steps),
        Err(error) => println!("pip: {error:?}\nhint: {:?}", error.hint()),
    }
    Ok(())
}

/// Looks for 42 images of the store at once, as the gate does.
fn presence(engine: &Engine) -> Anything {
    let wanted = (1..=42).map(|n| ImageRef::tagged(&format!("many/img-{n}"), "sha-0123456789ab"));
    let wanted: Vec<_> = wanted.collect::<Result<_, _>>()?;
    for _ in 0..5 {
        let start = Instant::now();
        let found = engine.find(&wanted)?.iter().flatten().count();
        println!("presence of 42 images in the engine: {found} found in {:?}", start.elapsed());
    }
    Ok(())
}

fn pushes(buildx: &Buildx, oci: &Oci, registry: &str, folder: &Utf8Path) -> Anything {
    let mut request = request(folder, "pushed", "COPY handler.py /var/task/")?;
    request.push = true;
    let repository = |n| format!("{registry}/layerwise-check/pushed-{n}");
    let tags = (1..=42).map(|n| ImageRef::tagged(&repository(n), "sha-000000000000"));
    request.tags = tags.collect::<Result<_, _>>()?;
    let built = buildx.build(&request, &Cancel::default(), &|_| ())?;
    println!("pushed: {}", oci.find(&request.tags)?.iter().all(|found| *found == Some(built.digest)));
    let image = &request.tags[0];
    let manifest = oci.manifest(&image.at_digest(built.digest))?.ok_or("no manifest")?;
    let config = conformance::configuration_of(&manifest.bytes).ok_or("no configuration")?;
    let config = oci.blob(image, config)?.ok_or("no configuration")?;
    for platform in [Platform::LinuxAmd64, Platform::LinuxArm64] {
        let violations = conformance::check(platform, &manifest.bytes, &config.bytes);
        println!("{} for {platform}: {violations:?}", manifest.media_type);
    }
    for _ in 0..5 {
        let start = Instant::now();
        let found = oci.find(&request.tags)?.iter().flatten().count();
        println!("presence of 42 images in the registry: {found} found in {:?}", start.elapsed());
    }
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
