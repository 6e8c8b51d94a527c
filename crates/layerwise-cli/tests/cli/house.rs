//! Rules of the house that no compiler knows.

use camino::Utf8Path;

use crate::project::TestProject;

/// Every command of the help stands in the README, in the form that a reader would type.
#[test]
fn the_readme_names_every_command() {
    let readme = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs_err::read_to_string(readme).unwrap();
    let help = TestProject::new().run(&["--help"]).stdout;
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next());
    let missing: Vec<&str> =
        commands.filter(|command| !readme.contains(&format!("cargo xtask {command}"))).collect();
    assert!(missing.is_empty(), "the README does not mention: {}", missing.join(", "));
}
