//! The rules of the house that a compiler does not hold: floors, module docs, a light default.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

fn root() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn rust_files(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(rust_files(entry.path()));
        } else if entry.path().extension() == Some("rs") {
            found.push(entry.into_path());
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Utf8PathBuf> {
    let crates = root().join("crates").read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path());
    let all = crates.chain(["xtask", "tests", "benches"].map(|name| root().join(name)));
    all.map(|folder| folder.join("src"))
        .filter(|folder| folder.exists())
        .flat_map(|folder| rust_files(&folder))
        .collect()
}

#[test]
fn every_module_says_what_it_does() {
    let said = |path: &Utf8PathBuf| fs::read_to_string(path).unwrap().starts_with("//!");
    let silent: Vec<_> = sources().into_iter().filter(|path| !said(path)).collect();
    assert!(silent.is_empty(), "no //! at the top of {silent:?}");
}

/// The engine's floors, from the bottom; a module uses its own floor and those below, whichever of the two crates it is in.
const FLOORS: [&[&str]; 5] = [
    // Words.
    &[
        "name",
        "digest",
        "platform",
        "image_ref",
        "repo_path",
        "layer",
        "inputs",
        "image",
        "shell",
        "destination",
        "media_type",
    ],
    // Rules.
    &[
        "graph",
        "dockerfile",
        "dockerignore",
        "fingerprint",
        "difference",
        "image_lock",
        "layer_cache",
        "plan",
        "record",
        "event",
        "python",
        "bake",
        "assemble",
    ],
    // Ports and doors.
    &["store", "registry", "builder", "assembler", "cloud", "fs", "process"],
    // Hands.
    &[
        "scan",
        "store_dir",
        "store_shared",
        "docker_login",
        "buildx",
        "engine",
        "oci",
        "assembling",
        "pip_secrets",
        "parallel",
        "trust",
    ],
    // Stories.
    &["inspect", "verdicts", "readable", "run", "stable"],
];

/// Uses that go up, each with its reason.
const EXCEPTIONS: [(&str, &str, &str); 3] = [
    ("image", "python", "a declared package is a word of the declaration; only its folder of rules is above"),
    ("plan", "store", "what a store answers is plain data"),
    ("event", "builder", "what a builder tells is plain data"),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

#[test]
fn no_module_of_the_engine_uses_a_floor_above_its_own() {
    let mut wrong = BTreeSet::new();
    let sources =
        ["layerwise", "layerwise-fingerprint"].map(|name| root().join("crates").join(name).join("src"));
    for (source, path) in
        sources.iter().flat_map(|source| rust_files(source).into_iter().map(move |path| (source, path)))
    {
        let own = path.strip_prefix(source).unwrap().components().next().unwrap();
        let own = own.as_str().trim_end_matches(".rs");
        if own == "lib" {
            continue;
        }
        let Some(level) = floor(own) else {
            wrong.insert(format!("{own} has no floor in this test"));
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        // Tests may use whatever they need.
        let text = text.split("#[cfg(test)]").next().unwrap();
        if path.as_str().contains("/tests") {
            continue;
        }
        for used in text.split("crate::").skip(1) {
            let used: String = used.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            let excused = EXCEPTIONS.iter().any(|(user, other, _)| *user == own && *other == used);
            if floor(&used).is_some_and(|other| other > level) && !excused {
                wrong.insert(format!("{own} uses {used}, which is above it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// `docs/gate.md` names the test that shows each promise.
#[test]
fn every_test_that_the_page_on_the_gate_names_is_there() {
    let page = fs::read_to_string(root().join("docs/gate.md")).unwrap();
    let named =
        page.lines().filter(|line| line.starts_with('|')).flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_test = |name: &&str| name.contains(['_', ':']) && !name.contains(' ');
    let all = ["crates", "tests"].iter().flat_map(|folder| rust_files(&root().join(folder)));
    let all: Vec<_> = all.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect();
    let is_there = |name: &str| {
        let file = name.replace("::", "/") + ".rs";
        let names = [format!("fn {name}("), format!("(\"{name}\", ")];
        all.iter().any(|(path, text)| {
            path.as_str().ends_with(&file) || names.iter().any(|name| text.contains(name))
        })
    };
    let named: Vec<_> = named.filter(is_test).collect();
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<_> = named.into_iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// All packages that `package` is made of, one a line.
fn tree(package: &str) -> String {
    tree_with(package, "")
}

fn tree_with(package: &str, features: &str) -> String {
    let tree = layerwise::process::Command::new("cargo", root())
        .args(["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--offline"])
        .args(["--features", features])
        .run(&layerwise::process::Cancel::default())
        .unwrap();
    String::from_utf8(tree.stdout).unwrap()
}

#[track_caller]
fn reaches_none_of(package: &str, heavy: &[&str]) {
    let tree = tree(package);
    assert!(tree.starts_with(&format!("{package} ")), "cargo tree answered {tree}");
    let found: Vec<_> = tree.lines().filter(|line| heavy.iter().any(|name| line.starts_with(name))).collect();
    assert!(found.is_empty(), "{package} reaches {found:?}");
}

#[test]
fn the_default_xtask_stays_light() {
    // The tables for domain names in other letters than ASCII's would be a tenth of the compiling: see Cargo.toml.
    reaches_none_of("xtask", &["aws-", "reqwest ", "openssl", "tonic ", "icu_"]);
}

#[test]
fn the_xtask_with_aws_has_it_and_compiles_no_second_encryption() {
    let tree = tree_with("xtask", "aws");
    assert!(tree.contains("\naws-sdk-s3 ") && tree.contains("\nring "), "{tree}");
    assert!(!tree.contains("\naws-lc"), "{tree}");
}

/// What is async is inside of the development loop.
#[test]
fn neither_the_engine_nor_the_sandbox_is_async() {
    for package in ["layerwise", "layerwise-sandbox"] {
        reaches_none_of(package, &["aws-", "tokio ", "bollard ", "hyper ", "reqwest "]);
    }
    assert!(tree("layerwise-dev").contains("\ntokio "), "the names above are not those of the tree");
}
