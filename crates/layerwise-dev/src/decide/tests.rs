//! The table of what saves lead to.

use std::collections::BTreeMap;

use layerwise::digest::Digest;
use layerwise::dockerfile::{Dockerfile, Stage};
use layerwise::fingerprint::ParentIngredient;
use layerwise::inputs::{Source, Tree};
use layerwise::name::Name;

use super::*;
use crate::packages::Installed;
use crate::testing::{Files, copy, ingredients};

/// `handler.py` and the folder `assets` are copied below the task root.
fn layout() -> Layout {
    let assets =
        Tree { path: RepoPath::new("assets").unwrap(), exclude: std::sync::Arc::default(), folders: true };
    let instructions = vec![
        copy(Source::File(RepoPath::new("handler.py").unwrap()), "/var/task/handler.py"),
        copy(Source::Tree(assets), "/var/task/assets/"),
    ];
    let stage =
        Stage { name: None, from: "base".to_owned(), instructions, seen_in: LayerClass::Configuration };
    let dockerfile =
        Dockerfile { title: String::new(), frontend: None, parents: Vec::new(), stages: vec![stage] };
    Layout::new(&dockerfile, None, &BTreeMap::new())
}

fn alone(ingredients: Ingredients) -> Chain {
    vec![("ping".to_owned(), ingredients)]
}

/// As decided for a container in which `p/a.py` and `p/b.py` were installed, each with its own name in it.
fn decided(has: &Chain, now: &Chain) -> Decision {
    let installed = ["a.py", "b.py"].map(|name| Installed {
        digest: Digest::of(name),
        module: format!("p/{name}"),
        path: format!("/site/p/{name}"),
    });
    let files: &Files = &[("src/p/a.py", Some("a.py"), false), ("src/p/b.py", Some("b.py"), false)];
    let built = alone(ingredients(&[(LayerClass::Packages, files)], &[]));
    let packages = Packages::new(&built, &installed);
    decide(has, now, Places { layout: &layout(), packages: &packages })
}

/// In one line each: what is removed, what is put, or that it is built again.
fn told(has: &Chain, now: &Chain) -> Vec<String> {
    let Decision { action, drift, .. } = decided(has, now);
    let mut told = match action {
        Action::Nothing => vec!["nothing".to_owned()],
        Action::Rebuild { .. } => vec!["rebuild".to_owned()],
        Action::Sync { sync, .. } => {
            let put = sync.put.into_iter().map(|put| match put.file {
                Some((path, true)) => format!("put {path} x {}", put.to),
                Some((path, false)) => format!("put {path} {}", put.to),
                None => format!("folder {}", put.to),
            });
            sync.remove.into_iter().map(|path| format!("remove {path}")).chain(put).collect()
        }
    };
    told.extend(drift.into_iter().map(|change| format!("drift {}", change.what)));
    told
}

const HANDLER: (&str, Option<&str>, bool) = ("handler.py", Some("1"), false);

#[track_caller]
fn handler(now: &Files, expected: &[&str]) {
    let before: &Files =
        &[HANDLER, ("assets", None, false), ("assets/a", Some("1"), false), ("assets/l", Some("->"), false)];
    let chain = |files| alone(ingredients(&[(LayerClass::Handler, files)], &["CMD 1"]));
    assert_eq!(told(&chain(before), &chain(now)), expected);
}

#[test]
fn what_a_handlers_files_lead_to() {
    let (folder, a, link) =
        (("assets", None, false), ("assets/a", Some("1"), false), ("assets/l", Some("->"), false));
    let edited = ("handler.py", Some("2"), false);
    handler(&[HANDLER, folder, a, link], &["nothing"]);
    handler(&[edited, folder, a, link], &["put handler.py /var/task/handler.py"]);
    // Its bytes and its mode are one file to put.
    handler(&[("handler.py", Some("2"), true), folder, a, link], &["put handler.py x /var/task/handler.py"]);
    handler(&[("handler.py", Some("1"), true), folder, a, link], &["put handler.py x /var/task/handler.py"]);
    handler(&[HANDLER, folder, link], &["remove /var/task/assets/a"]);
    // A new name is a removal and a file.
    handler(
        &[HANDLER, folder, ("assets/b", Some("1"), false), link],
        &["remove /var/task/assets/a", "put assets/b /var/task/assets/b"],
    );
    handler(
        &[HANDLER, folder, a, ("assets/deep", None, false), ("assets/deep/c", Some("1"), false), link],
        &["folder /var/task/assets/deep", "put assets/deep/c /var/task/assets/deep/c"],
    );
    handler(&[HANDLER, folder, a], &["remove /var/task/assets/l"]);
    handler(&[HANDLER, folder, a, link, ("assets/m", Some("->"), false)], &["rebuild"]);
    // A file that became a link.
    handler(&[HANDLER, folder, ("assets/a", Some("->"), false), link], &["rebuild"]);
    // One change that cannot be put is enough.
    handler(&[edited, folder, a, link, ("elsewhere.py", Some("1"), false)], &["rebuild"]);
}

#[test]
fn what_is_not_the_handlers_is_built() {
    let files: &Files = &[HANDLER];
    let before = alone(ingredients(&[(LayerClass::Handler, files)], &["CMD 1"]));
    assert_eq!(told(&before, &alone(ingredients(&[(LayerClass::Handler, files)], &["CMD 2"]))), ["rebuild"]);
    let requirements: &Files = &[("requirements.txt", Some("1"), false)];
    let now =
        ingredients(&[(LayerClass::Handler, files), (LayerClass::Requirements, requirements)], &["CMD 1"]);
    assert_eq!(told(&before, &alone(now)), ["rebuild"]);
}

#[test]
fn a_base_is_compared_by_what_it_is_made_of() {
    let standing_on = |text: &str, handler: &'static str| -> Chain {
        let base = ingredients(&[], &[text]);
        let files: &Files = &[("handler.py", Some(handler), false)];
        let mut top = ingredients(&[(LayerClass::Handler, files)], &["CMD 1"]);
        let (name, fingerprint) = (Name::new("base").unwrap(), base.fingerprint());
        top.parents = vec![ParentIngredient::Ours { name, fingerprint }];
        vec![("base".to_owned(), base), ("ping".to_owned(), top)]
    };
    let before = standing_on("ENV A=1", "1");
    assert_eq!(told(&before, &standing_on("ENV A=1", "1")), ["nothing"]);
    assert_eq!(told(&before, &standing_on("ENV A=1", "2")), ["put handler.py /var/task/handler.py"]);
    // A base that has drifted keeps nothing back.
    let drifted = standing_on("ENV A=2", "2");
    assert_eq!(
        told(&before, &drifted),
        ["put handler.py /var/task/handler.py", "drift - ENV A=1", "drift + ENV A=2"]
    );
    let reached = decided(&before, &drifted).reached;
    assert_eq!((&reached[0], &reached[1]), (&before[0], &drifted[1]));
    assert_eq!(told(&reached, &drifted), ["nothing", "drift - ENV A=1", "drift + ENV A=2"]);
    assert_eq!(told(&before, &before[1..].to_vec()), ["rebuild"]);
}
#[test]
fn files_of_packages_are_put_where_they_were_installed() {
    let standing_on = |packages: &Files, own: &Files| -> Chain {
        let base = ingredients(&[(LayerClass::Packages, packages)], &[]);
        let top = ingredients(&[(LayerClass::Handler, &[HANDLER]), (LayerClass::Packages, own)], &["CMD 1"]);
        vec![("base".to_owned(), base), ("ping".to_owned(), top)]
    };
    let (a, b) = (("src/p/a.py", Some("a.py"), false), ("src/p/b.py", Some("b.py"), false));
    let project = ("pyproject.toml", Some("1"), false);
    let before = standing_on(&[a, b, project], &[]);
    let now = |packages: &Files| told(&before, &standing_on(packages, &[]));
    let edited = ("src/p/a.py", Some("other"), false);
    assert_eq!(now(&[edited, b, project]), ["put src/p/a.py /site/p/a.py"]);
    assert_eq!(now(&[b, project]), ["remove /site/p/a.py"]);
    assert_eq!(now(&[a, b, ("src/p/c.py", Some("c"), false), project]), ["put src/p/c.py /site/p/c.py"]);
    // What cannot be put is drift, and keeps nothing back.
    let other = ("pyproject.toml", Some("2"), false);
    assert_eq!(now(&[edited, b, other]), ["put src/p/a.py /site/p/a.py", "drift pyproject.toml"]);
    let after = standing_on(&[edited, b, other], &[]);
    let reached = decided(&before, &after).reached;
    assert_eq!(told(&reached, &after), ["nothing", "drift pyproject.toml"]);
    assert_eq!(
        now(&[("src/p/a.py", Some("a.py"), true), b, project]),
        ["nothing", "drift src/p/a.py (now executable)"]
    );
    assert!(decided(&before, &after).hangs_on_packages());

    // An image that installs a package itself is built where its files cannot be put.
    let before = standing_on(&[], &[a, b, project]);
    assert_eq!(told(&before, &standing_on(&[], &[edited, b, project])), ["put src/p/a.py /site/p/a.py"]);
    assert_eq!(told(&before, &standing_on(&[], &[edited, b, other])), ["rebuild"]);
}
