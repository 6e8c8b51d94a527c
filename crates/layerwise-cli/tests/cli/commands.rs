//! What each command says when all is well.

use insta::assert_snapshot;

use crate::project::TestProject;

#[test]
fn help_teaches() {
    assert_snapshot!(TestProject::sample().run(&["--help"]));
}

#[test]
fn help_of_the_main_command() {
    assert_snapshot!(TestProject::sample().run(&["build-lambdas", "--help"]));
}

#[test]
fn list() {
    assert_snapshot!(TestProject::sample().run(&["list"]));
}

#[test]
fn list_for_programs() {
    assert_snapshot!(TestProject::sample().run(&["list", "--json"]));
}

#[test]
fn graph_as_a_tree() {
    assert_snapshot!(TestProject::sample().run(&["graph"]));
}

#[test]
fn graph_for_graphviz() {
    assert_snapshot!(TestProject::sample().run(&["graph", "--format", "dot"]));
}

#[test]
fn graph_for_mermaid() {
    assert_snapshot!(TestProject::sample().run(&["graph", "--format", "mermaid"]));
}

#[test]
fn a_first_plan() {
    assert_snapshot!(TestProject::sample().run(&["plan", "--offline"]));
}

#[test]
fn a_plan_after_a_build_and_one_edit() {
    let project =
        TestProject::sample().built().file("lambdas/submit/handler.py", "def main(e, c):\n    pass\n");
    assert_snapshot!(project.run(&["plan", "--offline"]));
}

#[test]
fn a_plan_for_programs() {
    let project = TestProject::sample().built().file("lambdas/shared/more.py", "");
    assert_snapshot!(project.run(&["plan", "--offline", "--json", "submit"]));
}

#[test]
fn a_plan_of_some() {
    assert_snapshot!(TestProject::sample().run(&["plan", "--offline", "p*"]));
}

#[test]
fn a_plan_on_a_terminal_has_colours_unless_told_otherwise() {
    let project = TestProject::sample().terminal();
    let colored = project.run(&["plan", "--offline", "ping"]);
    assert!(colored.stderr.starts_with("\x1b[1m\x1b[32m     Planned\x1b[0m "), "{:?}", colored.stderr);
    for ran in [
        project.run(&["plan", "--offline", "ping", "--color", "never"]),
        project.env("NO_COLOR", "1").run(&["plan", "--offline", "ping"]),
    ] {
        assert!(!ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
    }
}

#[test]
fn many_changes_are_shortened_for_people() {
    let files = |project: TestProject| {
        (0..15).fold(project, |project, at| project.file(&format!("lambdas/shared/f{at:02}.py"), ""))
    };
    let project = files(TestProject::sample().built());
    let line = project.run(&["plan", "--offline", "submit"]).stdout;
    assert!(line.contains("and 12 more"), "{line}");
    let all = project.run(&["plan", "--offline", "submit", "--json"]).stdout;
    assert!(all.contains("f14.py"), "{all}");
    let all = project.run(&["explain", "submit"]).stdout;
    assert!(all.contains("f14.py"), "{all}");
}

#[test]
fn explain_before_a_build() {
    assert_snapshot!(TestProject::sample().run(&["explain", "submit"]));
}

#[test]
fn explain_after_an_edit() {
    let project = TestProject::sample().built().file("lambdas/shared/batching.py", "SIZE = 11\n");
    assert_snapshot!(project.run(&["explain", "submit"]));
}

#[test]
fn explain_for_programs() {
    assert_snapshot!(TestProject::sample().built().run(&["explain", "ping", "--json"]));
}

#[test]
fn generate_then_check_then_drift() {
    let project = TestProject::sample();
    let first = project.run(&["generate"]);
    let again = project.run(&["generate"]);
    let checked = project.run(&["generate", "--check"]);
    let folder = project.root.join("target/images");
    fs_err::write(folder.join("gone.Dockerfile"), "FROM scratch\n").unwrap();
    fs_err::write(folder.join("notes.txt"), "not ours\n").unwrap();
    fs_err::write(folder.join("poll.Dockerfile"), "FROM scratch\n").unwrap();
    fs_err::remove_file(folder.join("docker-bake.json")).unwrap();
    let drifted = project.run(&["generate", "--check"]);
    let mended = project.run(&["generate"]);
    assert!(folder.join("notes.txt").exists());
    assert_snapshot!([first, again, checked, drifted, mended].map(|ran| ran.to_string()).join("\n\n"));
}

#[test]
fn generated_files() {
    let project = TestProject::sample();
    project.run(&["generate"]);
    let read = |name: &str| {
        let text = fs_err::read_to_string(project.root.join("target/images").join(name)).unwrap();
        format!("==> {name}\n{text}")
    };
    let names = ["submit.Dockerfile", "docker-bake.json"];
    assert_snapshot!(crate::redactor::Redactor::new(&project.root).redact(&names.map(read).join("\n")));
}

#[test]
fn completions_are_for_the_alias_and_know_the_monorepos_own_tasks() {
    let ran = TestProject::sample().run(&["completions", "bash"]);
    assert!(ran.stdout.contains("complete -F _xtask") && ran.stdout.contains("bench"), "{}", ran.stdout);
}

#[test]
fn quiet_says_results_only() {
    let ran = TestProject::sample().run(&["plan", "--offline", "--quiet", "ping"]);
    assert_eq!((ran.stderr.as_str(), ran.stdout.lines().count()), ("", 1));
}

#[test]
fn a_repository_is_found_from_inside_and_by_name() {
    let project = TestProject::sample();
    let inside = project.run_in(&project.root.join("lambdas/shared"), &["list"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = camino::Utf8Path::from_path(elsewhere.path()).unwrap();
    let root = project.root.to_string();
    let said = project.run_in(elsewhere, &["list", "--root", &root]);
    let project = project.env("LAYERWISE_ROOT", &root);
    let set = project.run_in(elsewhere, &["list"]);
    assert!(!inside.stdout.is_empty());
    assert_eq!([&said.stdout, &set.stdout], [&inside.stdout; 2]);
}

#[test]
fn nobody_reading_is_not_an_error() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }
    let project = TestProject::sample();
    let stream = || layerwise_cli::Stream { writer: Box::new(Closed), terminal: None };
    let surroundings = layerwise_cli::Surroundings {
        args: vec!["list".into()],
        env: layerwise::process::Env::default(),
        folder: project.root.clone(),
        stdout: stream(),
        stderr: stream(),
        signals: false,
    };
    let images = layerwise::image::Images::new(layerwise::platform::Platform::LinuxAmd64);
    assert_eq!(layerwise_cli::App::new(images).run_in(surroundings), layerwise_cli::Exit::Done);
}

#[test]
fn a_template_for_sam_that_is_written_checked_and_never_overwrites_anothers() {
    let project = TestProject::sample();
    let mut told = vec![
        project.run(&["sam", "--check"]),
        project.run(&["sam"]),
        project.run(&["sam", "--check"]),
        project.run(&["sam", "--static-base", "--check"]),
    ];
    let project = project.file("template.yaml", "Resources: {}\n");
    told.extend([project.run(&["sam"]), project.run(&["sam", "--output", "other.yaml"])]);
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    let template = fs_err::read_to_string(project.root.join("other.yaml")).unwrap();
    assert_snapshot!(format!("{}\n\n{template}", told.join("\n\n")));
}
