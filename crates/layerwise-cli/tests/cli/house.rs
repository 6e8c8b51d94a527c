//! Rules of the house that no compiler knows.

use camino::Utf8Path;

use crate::project::TestProject;

/// Every command of the help stands in the README, in the form that a reader would type.
#[test]
#[ignore = "the README's manual is being written; take this line out with it"]
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

#[test]
fn every_module_says_what_it_is_for() {
    let mut waiting = vec![Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut silent = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs_err::read_dir(&folder).unwrap() {
            let path = camino::Utf8PathBuf::from_path_buf(entry.unwrap().path()).unwrap();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension() == Some("rs")
                && !fs_err::read_to_string(&path).unwrap().starts_with("//! ")
            {
                silent.push(path);
            }
        }
    }
    assert!(silent.is_empty(), "modules without `//!`: {silent:?}");
}
