//! The sample monorepo's own tests, in Python.

use camino::Utf8Path;
use layerwise::process::{Cancel, Command};

#[test]
fn packages_and_lambdas_pass_their_tests() {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new("python3", root).args(["lambdas/check.py"]).run(&Cancel::default()).unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("13 of 13"), "{said}");
}
