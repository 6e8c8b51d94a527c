//! The story of a run against fake ports: what is built, in which order, what is recorded, and what is not.

mod fakes;
#[path = "run/stable.rs"]
mod stable;

use fakes::{Engine, Project};
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
