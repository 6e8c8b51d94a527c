//! The story of a run against fake ports: what is built, in which order, what is recorded, and what is not.

mod fakes;
#[path = "run/stable.rs"]
mod stable;

use fakes::{Engine, Project};
use layerwise::digest::Digest;
use layerwise::image::{Declare, Images, LambdaImage, external};
use layerwise::image_lock::{ImageLock, Locked};
use layerwise::image_ref::ImageRef;
use layerwise::inspect::inspect;
use layerwise::platform::Platform;
use layerwise::python::PythonPackage;
use layerwise::run::Outcome;

fn labels(project: &Project, outcomes: &[Option<Outcome>], wanted: fn(&Outcome) -> bool) -> Vec<String> {
    let inspection = project.inspect();
    let found = inspection.graph.targets.iter().zip(outcomes);
    found.filter(|(_, o)| o.as_ref().is_some_and(wanted)).map(|(target, _)| target.label.clone()).collect()
}

fn built(project: &Project, outcomes: &[Option<Outcome>]) -> Vec<String> {
    labels(project, outcomes, |outcome| matches!(outcome, Outcome::Built(_)))
}

#[test]
fn everything_is_built_once_parents_first_and_then_nothing() {
    let project = Project::new();
    let engine = Engine::default();
    let outcomes = project.run(&engine, &[], false);
    assert_eq!(built(&project, &outcomes), ["base", "top", "one", "two", "alone"]);
    let order = engine.built();
    let position = |label: &str| order.iter().position(|built| built == label).unwrap();
    assert!(position("base") < position("top") && position("top") < position("one"), "{order:?}");

    let outcomes = project.run(&engine, &[], false);
    assert_eq!(labels(&project, &outcomes, |o| matches!(o, Outcome::Fresh(_))).len(), 5);
    assert_eq!(engine.built().len(), 5);
}

#[test]
fn a_child_is_built_on_exactly_the_parent_that_was_confirmed() {
    let project = Project::new();
    let engine = Engine::default();
    project.run(&engine, &[], false);
    let request = engine.request("one");
    let parent = engine.request("top").tags[0].to_string();
    assert_eq!(request.build_args, [("BASE_IMAGE".to_owned(), parent)]);
}

#[test]
fn a_locked_parent_is_another_image_and_is_built_on_what_stands_in_for_it() {
    let project = Project::new();
    let engine = Engine::default();
    project.run(&engine, &[], false);
    let before = project.inspect().targets[0].fingerprint;
    let mut lock = ImageLock::default();
    let python = ImageRef::parse("python:3.13").unwrap();
    lock.set(python.clone(), Platform::LinuxAmd64, Locked { digest: Digest::of("python"), resolved: 1 });
    project.write("images.lock", &lock.text());
    assert_eq!(built(&project, &project.run(&engine, &[], false)).len(), 5);
    assert_eq!(engine.request("alone").build_args, []);
    let alone = project.inspect().targets.pop().unwrap().dockerfile.to_string();
    assert!(alone.contains(&format!("ARG BASE_IMAGE=python:3.13@{}\n", Digest::of("python"))), "{alone}");

    // When it was resolved is for people.
    lock.set(python.clone(), Platform::LinuxAmd64, Locked { digest: Digest::of("python"), resolved: 2 });
    project.write("images.lock", &lock.text());
    assert!(built(&project, &project.run(&engine, &[], false)).is_empty());

    lock.set(python.clone(), Platform::LinuxAmd64, Locked { digest: Digest::of("other"), resolved: 2 });
    project.write("images.lock", &lock.text());
    project.stand_in("python:3.13");
    let engine = Engine::default();
    assert_eq!(built(&project, &project.run(&engine, &[], true)).len(), 5);
    let stand_in = [("BASE_IMAGE".to_owned(), "python:3.13".to_owned())];
    assert_eq!(engine.request("alone").build_args, stand_in);

    lock.images.clear();
    project.write("images.lock", &lock.text());
    assert_eq!(project.inspect().unlocked.into_iter().collect::<Vec<_>>(), [python]);
    assert_eq!(project.inspect().targets[0].fingerprint, before, "as before there was a lock");
    project.write("images.lock", "{");
    let problems = inspect(&project.path(""), &Project::images()).unwrap_err();
    assert!(problems[0].to_string().starts_with("images.lock cannot be read"), "{problems:?}");
}

#[test]
fn an_edit_rebuilds_what_reads_the_file_and_what_stands_on_that() {
    let project = Project::new();
    let engine = Engine::default();
    project.run(&engine, &[], false);
    project.write("two/handler.py", "def handler(event, context):\n    return 2\n");
    assert_eq!(built(&project, &project.run(&engine, &[], false)), ["two"]);
    project.write("top.txt", "other");
    assert_eq!(built(&project, &project.run(&engine, &[], false)), ["top", "one", "two"]);
    project.write("README.md", "nothing reads this");
    assert!(built(&project, &project.run(&engine, &[], false)).is_empty());
}

#[test]
fn an_image_that_cannot_be_read_keeps_no_other_from_being_built_and_recorded() {
    let project = Project::new();
    let engine = Engine::default();
    let top = project.read("top.txt");
    fs_err::remove_file(project.path("top.txt")).unwrap();
    assert_eq!(built(&project, &project.run(&engine, &[], false)), ["base", "alone"]);
    let broken = project.inspect().broken;
    let told: Vec<_> = broken
        .iter()
        .map(|one| (one.label.as_str(), one.problems().first().map(ToString::to_string), one.because()))
        .collect();
    let missing = "top: `top.txt` does not exist".to_owned();
    assert_eq!(told, [("top", Some(missing), None), ("one", None, Some("top")), ("two", None, Some("top"))]);

    project.write("top.txt", &top);
    assert_eq!(built(&project, &project.run(&engine, &[], false)), ["top", "one", "two"]);
}

#[test]
fn a_package_that_cannot_be_read_is_never_taken_for_somebody_elses() {
    let project = Project::new();
    project.write("kit/pyproject.toml", "[project");
    project.write("app/pyproject.toml", "[project]\nname = \"app\"\ndependencies = [\"tool-kit\"]\n");
    project.write("app/app/__init__.py", "");
    project.write("lone/pyproject.toml", "[project]\nname = \"lone\"\n");
    project.write("lone/lone/__init__.py", "");
    let at = PythonPackage::at;
    let image = |name: &str, package: &PythonPackage| {
        LambdaImage::new(name).from(external("python:3.13")).install(package).cmd("handler.handler")
    };
    let images = Images::new(Platform::LinuxAmd64)
        .lambda(image("direct", &at("kit")))
        .lambda(image("through", &at("app")))
        .lambda(image("without", &at("lone")));
    let sound = |images: &Images| {
        let inspection = inspect(&project.path(""), images).unwrap();
        inspection.graph.targets.iter().map(|target| target.label.clone()).collect::<Vec<_>>()
    };
    assert_eq!(sound(&images), ["without"]);
    // Its name is known now, and is not what `app` asks for.
    project.write("kit/pyproject.toml", "[project]\nname = \"kit\"\nreadme = \"gone.md\"\n");
    assert_eq!(sound(&images), ["through", "without"]);
    project.write("kit/pyproject.toml", "[project]\nname = \"tool_kit\"\nreadme = \"gone.md\"\n");
    assert_eq!(sound(&images), ["without"]);
}

#[test]
fn only_the_bases_that_a_selected_image_needs_are_built() {
    let project = Project::new();
    let engine = Engine::default();
    let outcomes = project.run(&engine, &["one"], false);
    assert_eq!(built(&project, &outcomes), ["base", "top", "one"]);
}

#[test]
fn nobody_is_asked_about_images_that_were_not_asked_for() {
    let project = Project::new();
    let engine = Engine::default();
    project.run(&engine, &[], false);
    engine.asked();
    project.run(&engine, &["one"], false);
    assert_eq!(engine.asked(), ["base", "one", "top"]);
}

#[test]
fn a_switch_back_is_a_hit() {
    let project = Project::new();
    let engine = Engine::default();
    let first = project.read("alone/handler.py");
    project.run(&engine, &["alone"], false);
    project.write("alone/handler.py", "def handler(event, context):\n    return 3\n");
    project.run(&engine, &["alone"], false);
    project.write("alone/handler.py", &first);
    assert!(built(&project, &project.run(&engine, &["alone"], false)).is_empty());
}

#[test]
fn force_builds_what_is_fresh_and_replaces_its_record() {
    let project = Project::new();
    let engine = Engine::default();
    project.run(&engine, &["alone"], false);
    assert_eq!(built(&project, &project.run(&engine, &["alone"], true)), ["alone"]);
    assert!(built(&project, &project.run(&engine, &["alone"], false)).is_empty());
}

#[test]
fn an_image_that_is_gone_is_built_again() {
    let project = Project::new();
    let engine = Engine::default();
    project.run(&engine, &[], false);
    engine.forget("alone");
    assert_eq!(built(&project, &project.run(&engine, &[], false)), ["alone"]);
    assert!(built(&project, &project.run(&engine, &[], false)).is_empty());
}

#[test]
fn a_failure_takes_along_only_what_stands_on_it() {
    let project = Project::new();
    let engine = Engine::default();
    engine.fail("top");
    let outcomes = project.run(&engine, &[], false);
    assert_eq!(built(&project, &outcomes), ["base", "alone"]);
    assert_eq!(labels(&project, &outcomes, |o| matches!(o, Outcome::Failed(_))), ["top"]);
    let left_out = |o: &Outcome| matches!(o, Outcome::NotBuilt { because: Some(1) });
    assert_eq!(labels(&project, &outcomes, left_out), ["one", "two"]);

    engine.heal("top");
    assert_eq!(built(&project, &project.run(&engine, &[], false)), ["top", "one", "two"]);
}

#[test]
fn an_edit_during_a_build_leaves_no_record() {
    let project = Project::new();
    let engine = Engine::default();
    let file = project.path("alone/handler.py");
    engine.during("alone", move || {
        fs_err::write(&file, "def handler(event, context):\n    return 4\n").unwrap();
    });
    let outcomes = project.run(&engine, &["alone"], false);
    assert_eq!(labels(&project, &outcomes, |o| matches!(o, Outcome::Failed(_))), ["alone"]);
    assert_eq!(project.records(), 0);
    assert_eq!(built(&project, &project.run(&engine, &["alone"], false)), ["alone"]);
}

#[test]
fn an_image_that_cannot_be_confirmed_leaves_no_record() {
    let project = Project::new();
    let engine = Engine::default();
    engine.lose("alone");
    let outcomes = project.run(&engine, &["alone"], false);
    let Some(Some(Outcome::Failed(failure))) = outcomes.last() else { panic!("{outcomes:?}") };
    assert!(failure.to_string().ends_with("the tag is not there"), "{failure}");
    assert_eq!(project.records(), 0);
}

#[test]
fn a_damaged_record_is_built_again_and_replaced() {
    let project = Project::new();
    let engine = Engine::default();
    project.run(&engine, &["alone"], false);
    project.damage_records();
    assert_eq!(built(&project, &project.run(&engine, &["alone"], false)), ["alone"]);
    assert!(built(&project, &project.run(&engine, &["alone"], false)).is_empty());
}

#[test]
fn a_handler_that_is_not_there_fails_before_anything_is_built() {
    let project = Project::new();
    let engine = Engine::default();
    project.write("alone/handler.py", "def other(event, context):\n    return 1\n");
    let outcomes = project.run(&engine, &["alone"], false);
    let Some(Some(Outcome::Failed(failure))) = outcomes.last() else { panic!("{outcomes:?}") };
    assert!(failure.to_string().contains("does not define it"), "{failure}");
    assert!(engine.built().is_empty());
}

/// Neither the clock nor the times of files and records decide anything, wherever they stand.
#[test]
fn no_clock_decides() {
    const YEAR: u64 = 365 * 24 * 60 * 60;
    let project = Project::new();
    let engine = Engine::default();
    let first = project.read("alone/handler.py");
    for (round, clock) in
        [1_700_000_000, 0, 1_700_000_000 - YEAR, 1_700_000_000 + YEAR].into_iter().enumerate()
    {
        project.set_clock(clock);
        project.touch(clock);
        project.write("alone/handler.py", &format!("{first}# {round}\n"));
        assert_eq!(built(&project, &project.run(&engine, &["alone"], false)), ["alone"], "{clock}");
        project.touch(clock);
        assert!(built(&project, &project.run(&engine, &["alone"], false)).is_empty(), "{clock}");
    }
    project.write("alone/handler.py", &format!("{first}# 0\n"));
    assert!(built(&project, &project.run(&engine, &["alone"], false)).is_empty());
}

#[test]
fn two_runs_at_once_build_each_image_once() {
    let project = Project::new();
    let engine = Engine::default();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| project.run(&engine, &[], false))).collect();
        for run in runs {
            // One that plans late finds what another has built already.
            let there = |o: &Outcome| matches!(o, Outcome::Built(_) | Outcome::Fresh(_));
            assert_eq!(labels(&project, &run.join().unwrap(), there).len(), 5);
        }
    });
    assert_eq!(engine.built().len(), 5);
}

#[test]
fn a_cancelled_run_starts_nothing() {
    let project = Project::new();
    let engine = Engine::default();
    project.cancel();
    let outcomes = project.run(&engine, &[], false);
    assert!(
        outcomes.iter().flatten().all(|o| matches!(o, Outcome::NotBuilt { because: None })),
        "{outcomes:?}"
    );
    assert!(engine.built().is_empty());
}
