//! One image per declaration pattern, built for real, and looked into.

use libtest_mimic::Failed;
use serde_json::Value;

use crate::answers::invoke;
use crate::checkout::Checkout;
use crate::world::World;

pub fn every_pattern_builds(world: &World) -> Result<(), Failed> {
    let repository = layerwise_tests::patterns::repository();
    let root = repository.root().to_owned();
    let checkout = Checkout::of(world, "patterns", root, None, env!("CARGO_BIN_EXE_patterns"))?;
    let command = checkout.command(&["build-lambdas", "--json"]).env("LAYERWISE_TEST_TOKEN", "a token");
    let said = world.run(&command)?;
    assert_eq!(said.code, 0, "{}", said.stderr);

    let files = |image: &str, folder: &str| -> Result<Vec<String>, Failed> {
        let image = format!("{image}:local");
        let listing = format!("cd {folder} && find . ! -name . | sort");
        let found = world.docker(&["run", "--rm", "--user=0", "--entrypoint=sh", &image, "-c", &listing])?;
        Ok(found.lines().map(str::to_owned).collect())
    };
    assert_eq!(
        files("odd-names", "/var/task/odd")?,
        ["./!bang.txt", "./#hash é.txt", "./-dash.txt", "./it's $5 [x] *.txt"]
    );
    assert!(files("odd-names", "/var/task")?.contains(&"./it's $5 [x] *.txt".to_owned()));
    assert_eq!(
        files("trees", "/var/task")?,
        [
            "./assets",
            "./assets/fonts",
            "./assets/fonts/a.txt",
            "./assets/fonts/b.txt",
            "./empty",
            "./h",
            "./h/words.py",
            "./handler.py"
        ]
    );
    assert_eq!(
        files("twice", "/var/task")?,
        ["./config", "./config/main.json", "./handler.py", "./linked.json", "./rules.json"]
    );
    assert_eq!(files("globbed", "/var/task/data")?, ["./linked.json", "./rules.json", "./words.json"]);
    assert_eq!(
        files("staged", "/var/task")?,
        ["./handler.py", "./out", "./out/made.txt", "./out/rules.json"]
    );
    // Nothing of what was mounted while packages were installed stays.
    assert_eq!(files("nested", "/tmp")?, [""; 0]);

    for image in ["plain", "renamed", "nested", "in-a-package", "configured", "targeted", "required"] {
        assert_eq!(invoke(world, &format!("{image}:local"), "{}")?, "{\"ok\": true}", "{image}");
    }
    assert_eq!(world.docker(&["run", "--rm", "training:local"])?, "trained\n");

    same_with_a_builder(world, &checkout, &serde_json::from_str(&said.stdout)?)?;

    let again = world.run(&checkout.command(&["build-lambdas", "--json"]))?;
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(
        !again.stdout.contains("\"status\": \"built\"") && !again.stdout.contains("\"status\":\"built\"")
    );
    Ok(())
}

/// Whatever was made without a builder is the same with one.
fn same_with_a_builder(world: &World, checkout: &Checkout<'_>, report: &Value) -> Result<(), Failed> {
    let images = report["images"].as_array().ok_or("no images")?;
    let assembled = images.iter().filter(|image| image["outcome"]["assembled"] == true);
    let names: Vec<&str> = assembled.filter_map(|image| image["label"].as_str()).collect();
    assert!(names.len() > 4, "only {names:?} were assembled");
    let contents =
        || names.iter().map(|name| world.contents(&format!("{name}:local"))).collect::<Result<Vec<_>, _>>();
    let without = contents()?;
    let command = [&["build-lambdas", "--json", "--force", "--assemble=never"], &names[..]].concat();
    let said = world.run(&checkout.command(&command))?;
    assert_eq!(said.code, 0, "{}", said.stderr);
    for ((name, without), with) in names.iter().zip(without).zip(contents()?) {
        assert_eq!(without, with, "{name}");
    }
    Ok(())
}
