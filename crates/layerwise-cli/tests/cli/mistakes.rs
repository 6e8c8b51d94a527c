//! What is said about mistakes: every message names the thing, every hint a way out.

use insta::assert_snapshot;
use layerwise::image::{BaseImage, Declare, Images, LambdaImage, lambda_python};
use layerwise::platform::Platform;
use layerwise::python::PythonPackage;

use layerwise_cli::Settings;

use crate::project::{HANDLER, TestProject};

fn all(project: &TestProject, commands: &[&[&str]]) -> String {
    commands.iter().map(|args| project.run(args).to_string()).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn wrong_usage() {
    let commands: &[&[&str]] = &[
        &["plam"],
        &["plan", "--ofline"],
        &["plan", "--offline", "submitt"],
        &["plan", "--offline", "nothing-like-it"],
        &["build-lambdas", "--jobs", "0"],
        &["build-lambdas", "--registry", "localhost:5000"],
        &["build-lambdas", "--dry-run", "--push"],
        &["plan", "--offline", "--push", "--registry", "no-host"],
        &["explain"],
        &["list", "--root", "nowhere"],
    ];
    assert_snapshot!(all(&TestProject::sample(), commands));
}

#[test]
fn what_stable_bases_cannot_do() {
    let commands: &[&[&str]] = &[
        &["build-lambdas", "--static-base", "--push", "--registry", "localhost:5000"],
        &["plan", "--static-base", "--offline"],
        &["plan", "--static-base=base:stable"],
        &["build-lambdas", "--rebuild-bases"],
    ];
    let project = TestProject::sample();
    let typed = all(&project, commands);
    let project = project.env("USE_STATIC_BASE_IMAGE", "true");
    let set = project.run(&["build-lambdas", "--push", "--registry", "localhost:5000"]);
    assert_snapshot!(format!("{typed}\n\n{set}"));
    // Neither that nor a name for the bases chooses them.
    for (name, value) in [("USE_STATIC_BASE_IMAGE", "0"), ("LAYERWISE_STATIC_BASE", "{name}-dev:stable")] {
        let ran = TestProject::sample().env(name, value).run(&["plan", "--offline"]);
        assert_eq!(ran.exit, layerwise_cli::Exit::Done, "{ran}");
    }
}

#[test]
fn what_is_in_a_cloud_needs_a_program_with_one() {
    let ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team";
    let commands: &[&[&str]] = &[
        &["plan", "--offline", "--records", "s3://team-records/layerwise"],
        &["plan", "--offline", "--push", "--registry", ecr],
    ];
    assert_snapshot!(all(&TestProject::sample(), commands));
}

#[test]
fn what_is_for_deployed_images_needs_a_registry() {
    let commands: &[&[&str]] =
        &[&["outputs"], &["registry", "plan"], &["registry", "plan", "--registry", "localhost:5000/team"]];
    assert_snapshot!(all(&TestProject::sample(), commands));
}

#[test]
fn settings_say_where_and_a_stack_must_be_one_of_them() {
    let settings = Settings::new()
        .registry("localhost:5000/team")
        .repository("{name}-{stack}")
        .stack("dev", Settings::new())
        .stack("prod", Settings::new().registry("localhost:6000"));
    let project = TestProject::sample().settings(settings);
    let destination = |args: &[&str]| {
        let ran = project.run(&[&["plan", "--offline", "--json", "--push", "ping"], args].concat());
        let line = ran.stdout.lines().find(|line| line.contains("\"destination\"")).map(str::to_owned);
        line.unwrap_or_else(|| ran.to_string())
    };
    let said = [
        destination(&["--stack", "dev"]),
        destination(&["--stack", "prod"]),
        destination(&["--stack", "prod", "--registry", "localhost:7000"]),
        destination(&[]),
        destination(&["--stack", "pord"]),
    ];
    assert_snapshot!(said.join("\n"));
    assert_eq!(
        project.run(&["plan", "--offline"]).exit,
        layerwise_cli::Exit::Done,
        "no stack is needed here"
    );
}

#[test]
fn no_command() {
    let ran = TestProject::sample().run(&[]);
    assert_eq!(ran.exit, layerwise_cli::Exit::Usage);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("build-lambdas"));
}

#[test]
fn no_repository() {
    let project = TestProject::sample();
    let outside = camino::Utf8Path::new("/");
    assert_snapshot!(project.run_in(outside, &["list"]));
}

#[test]
fn bad_declarations_are_all_named() {
    let python = || lambda_python("3.13");
    let lambda = |name: &str| LambdaImage::new(name).from(python()).copy("handler.py");
    let images = Images::new(Platform::LinuxAmd64)
        .lambda(lambda("Upper").cmd("handler.main"))
        .lambda(lambda("silent"))
        .lambda(LambdaImage::new("floating").cmd("handler.main"));
    let project = TestProject::new().file("handler.py", HANDLER).images(images);
    assert_snapshot!(all(&project, &[&["list"], &["plan", "--offline"]]));
}

#[test]
fn missing_files_are_all_named() {
    let lambda = |name: &str, file: &str| {
        LambdaImage::new(name).from(lambda_python("3.13")).copy(file).cmd("handler.main")
    };
    let images = Images::new(Platform::LinuxAmd64)
        .lambda(lambda("a", "missing/handler.py"))
        .lambda(lambda("b", "also/missing.py"));
    let project = TestProject::new().images(images);
    assert_snapshot!(all(&project, &[&["plan", "--offline"], &["generate"]]));
}

#[test]
fn an_input_that_cannot_be_read_fails_its_image_alone() {
    use std::os::unix::fs::symlink;

    let lambda =
        |name: &str| LambdaImage::new(name).copy(format!("lambdas/{name}/handler.py")).cmd("handler.main");
    let python = || lambda_python("3.13");
    let base = BaseImage::new("base-data").from(python()).copy_dir("base/data");
    let upper = BaseImage::new("base-upper").from(&base);
    let packaged = PythonPackage::at("packages/half");
    let images = Images::new(Platform::LinuxAmd64)
        .lambda(lambda("ping").from(python()))
        .lambda(lambda("gone").from(python()))
        .lambda(lambda("away").from(&base).copy("lambdas/away/outside.json"))
        .lambda(lambda("above").from(&upper))
        .lambda(lambda("half").from(python()).install(&packaged));
    let project = TestProject::new()
        .file("lambdas/ping/handler.py", HANDLER)
        .file("lambdas/away/handler.py", HANDLER)
        .file("lambdas/above/handler.py", HANDLER)
        .file("lambdas/half/handler.py", HANDLER)
        .file("packages/half/pyproject.toml", "[project]\nname = \"half\"\nreadme = \"README.md\"\n")
        .file("base/data/a.json", "{}")
        .images(images);
    let pipe = project.root.join("base/data/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, pipe.as_std_path(), rustix::fs::Mode::RUSR).unwrap();
    symlink("/etc/hosts", project.root.join("lambdas/away/outside.json")).unwrap();
    let commands: &[&[&str]] = &[
        &["plan", "--offline"],
        &["plan", "--offline", "ping"],
        &["plan", "--offline", "above", "--json"],
        &["explain", "ping", "--json"],
        &["explain", "half"],
        &["generate"],
        &["build-lambdas", "gone"],
        &["build-lambdas", "--fail-fast"],
        &["build-lambdas", "a*", "--json"],
    ];
    assert_snapshot!(all(&project, commands));
}

#[test]
fn no_engine() {
    let project = TestProject::sample();
    let project = project.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let ran = project.run(&["build-lambdas"]);
    assert_eq!(ran.exit, layerwise_cli::Exit::Environment);
    assert!(ran.stderr.contains("/nowhere/docker.sock") && ran.stderr.contains("--sandbox"), "{ran}");
}

#[test]
fn a_damaged_record_is_reported_and_not_trusted() {
    let project = TestProject::sample().built();
    let folder = project.root.join("target/layerwise/records/local/v1/ping/amd64");
    for entry in fs_err::read_dir(&folder).unwrap() {
        fs_err::write(entry.unwrap().path(), "not a record").unwrap();
    }
    assert_snapshot!(project.run(&["plan", "--offline", "ping"]));
}

#[test]
fn the_doctor_finds_what_leaks_and_what_floats() {
    use std::os::unix::fs::PermissionsExt as _;

    let images = Images::new(Platform::LinuxAmd64).lambda(
        LambdaImage::new("leaky")
            .from(lambda_python("3.13"))
            .pip(["boto3>=1", "numpy==2.0.0"])
            .requirements("requirements.txt")
            .copy_dir("lambdas/leaky")
            .cmd("leaky.handler.main"),
    );
    let project = TestProject::new()
        .file("requirements.txt", "pydantic==2.11.7\nhumanize\n")
        .file("lambdas/leaky/handler.py", HANDLER)
        .file("lambdas/leaky/server.pem", "not really\n")
        .images(images)
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let private = project.root.join("lambdas/leaky/handler.py");
    fs_err::set_permissions(&private, std::fs::Permissions::from_mode(0o600)).unwrap();
    let ran = project.run(&["doctor"]);
    assert_eq!(ran.exit, layerwise_cli::Exit::Environment);
    assert!(
        ran.stdout.contains("error   engine        unix:///nowhere/docker.sock does not answer"),
        "{ran}"
    );
    // Buildx and disk are this machine's.
    let declared = ran.stdout.lines().skip_while(|line| !line.starts_with("warning"));
    let declared: Vec<&str> = declared.take_while(|line| !line.starts_with("error")).collect();
    assert_snapshot!(declared.join("\n"));
}
