//! Images that stand on stable bases: what is built, what is told of the drift, and that nothing of it reaches production.

use std::collections::BTreeSet;

use layerwise::destination::Destination;
use layerwise::difference::{Change, What};
use layerwise::layer::LayerClass;
use layerwise::run::Outcome;
use layerwise::stable::{Drift, Naming, StableBase, look, needed, standing_on};

use crate::built;
use crate::fakes::{Engine, Project};

/// What is found of the bases that `names` stand on.
fn stables(project: &Project, engine: &Engine, names: &[&str]) -> Vec<StableBase> {
    let inspection = project.inspect();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let bases = needed(&inspection, &inspection.graph.select(&names).unwrap());
    look(&inspection, &bases, &Naming::default(), engine, engine, &project.store("records")).unwrap()
}

/// Builds what is stale of `names` on the stable bases.
fn run(project: &Project, engine: &Engine, names: &[&str]) -> Vec<Option<Outcome>> {
    let standing = standing_on(&project.inspect(), &stables(project, engine, names));
    project.run_of(&standing, engine, names, false, &Destination::Development, "development")
}

/// A project whose base `top` is built and stable.
fn with_stable_top() -> (Project, Engine) {
    let (project, engine) = (Project::new(), Engine::default());
    project.run(&engine, &["top"], false);
    let top = engine.request("top").tags[0].to_string();
    engine.name_also(&top, "top:stable");
    (project, engine)
}

#[test]
fn an_image_stands_on_the_stable_base_and_is_not_built_again_when_that_has_drifted() {
    let (project, engine) = with_stable_top();
    assert_eq!(built(&project, &run(&project, &engine, &["one", "alone"])), ["one", "alone"]);
    assert_eq!(engine.request("one").build_args, [("BASE_IMAGE".to_owned(), "top:stable".to_owned())]);

    project.write("base.txt", "other");
    project.write("top.txt", "other");
    assert!(built(&project, &run(&project, &engine, &["one"])).is_empty());
    let edited =
        |path: &str| Change { class: LayerClass::Handler, what: What::Edited { path: path.to_owned() } };
    // Also what has changed in the base of the base, whose record is there.
    let expected = Drift::Changed(vec![edited("base.txt"), edited("top.txt")]);
    assert_eq!(stables(&project, &engine, &["one"])[0].drift, expected);

    // Its own files count as ever.
    project.write("one/handler.py", "def handler(event, context):\n    return 3\n");
    assert_eq!(built(&project, &run(&project, &engine, &["one"])), ["one"]);
    project.write("base.txt", "base");
    project.write("top.txt", "top");
    assert_eq!(stables(&project, &engine, &["one"])[0].drift, Drift::None);
}

#[test]
fn another_stable_base_is_another_image() {
    let (project, engine) = with_stable_top();
    run(&project, &engine, &["one"]);
    project.write("top.txt", "other");
    project.run(&engine, &["top"], false);
    let tags = engine.tags();
    let newest = project.inspect().targets[1].fingerprint.short();
    let newest = tags.iter().find(|tag| tag.ends_with(&newest)).unwrap();
    engine.name_also(newest, "top:stable");
    assert_eq!(stables(&project, &engine, &["one"])[0].drift, Drift::None);
    assert_eq!(built(&project, &run(&project, &engine, &["one"])), ["one"]);
}

#[test]
fn what_stands_on_a_stable_base_has_no_content_tag_and_no_record_for_production() {
    let (project, engine) = with_stable_top();
    let records = project.files("records");
    run(&project, &engine, &["one", "alone"]);
    assert_eq!(project.files("records"), records);
    let tags = engine.request("one").tags;
    let fingerprint = standing_on(&project.inspect(), &stables(&project, &engine, &["one"]));
    let fingerprint = fingerprint.targets[2].fingerprint.short();
    assert_eq!(
        tags.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [format!("one:dev-{fingerprint}"), "one:dev".to_owned()]
    );
    assert!(!engine.request("one").push);
    // A production build of the same sources is another one, in both directions.
    assert_eq!(built(&project, &project.run(&engine, &["one", "alone"], false)), ["one", "alone"]);
    let production = project.inspect().targets[2].fingerprint.short();
    assert_ne!(production, fingerprint);
    assert!(built(&project, &run(&project, &engine, &["one", "alone"])).is_empty());
}

#[test]
fn a_missing_stable_base_and_one_of_unknown_origin_are_said() {
    let (project, engine) = (Project::new(), Engine::default());
    let missing = stables(&project, &engine, &["one"]);
    assert_eq!((missing[0].digest, &missing[0].drift), (None, &Drift::None));
    let inspection = project.inspect();
    let places = inspection.graph.select(&["one".to_owned(), "base".to_owned(), "alone".to_owned()]).unwrap();
    assert_eq!(needed(&inspection, &places), BTreeSet::from([0, 1]));

    let (project, engine) = with_stable_top();
    project.write("top.txt", "other");
    fs_err::remove_dir_all(project.root().join("records")).unwrap();
    assert_eq!(stables(&project, &engine, &["one"])[0].drift, Drift::Unknown);
    project.write("top.txt", "top");
    // Without a record its label still says that it is what the sources say.
    assert_eq!(stables(&project, &engine, &["one"])[0].drift, Drift::None);
}
