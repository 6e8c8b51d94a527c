//! The declarations' own crate: a change of it is told, and `d` compiles it and starts the loop again.

use std::os::unix::fs::PermissionsExt as _;

use fs_err as fs;
use libtest_mimic::Failed;
use serde_json::json;

use super::{Dev, PING, answering};
use crate::checkout::Checkout;
use crate::invoke::containers;
use crate::world::World;

/// A cargo that compiles nothing; it fails while there is a file `broken` beside it, and says what it was asked for.
const CARGO: &str = "#!/bin/sh\n\
    cd \"$(dirname \"$0\")\" || exit 2\n\
    if [ -e broken ]; then echo 'error: expected item, found `!`' >&2; exit 101; fi\n\
    echo \"$@\" > asked\n";

pub fn dev_starts_again_with_declarations_that_have_changed(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-declarations")?;
    checkout.write("xtask/src/images.rs", "// declared\n");
    let folder = checkout.docker_config().join("cargo");
    fs::create_dir(&folder)?;
    let cargo = folder.join("cargo");
    fs::write(&cargo, CARGO)?;
    fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755))?;
    let dev = Dev::begin_with(&checkout, &["--port", "0", "local-ping"], |command| {
        command.env("CARGO", cargo.as_str())
    })?;
    dev.wait_for(" Keys ")?;
    checkout.write("xtask/src/images.rs", "// declared\n");
    assert_eq!(dev.ask("local-ping", "{\"ping\": 1}")?, json!({"pong": 1}));
    assert_eq!(dev.times("declarations themselves"), 0, "{}", dev.told());
    checkout.write("xtask/src/images.rs", "// declared otherwise\n");
    dev.wait_for(" Changed the declarations themselves")?;
    let pid = fs::read_to_string(&dev.pid)?;

    // While they cannot be compiled, what runs goes on.
    fs::write(folder.join("broken"), "")?;
    dev.press("d")?;
    dev.wait_for("error: expected item, found `!`")?;
    checkout.write(PING, &answering("'still here'"));
    assert_eq!(dev.ask("local-ping", "{}")?, "still here");

    fs::remove_file(folder.join("broken"))?;
    dev.press("d")?;
    dev.wait_until("two tables", |told| told.matches(" Keys ").count() == 2)?;
    let asked = fs::read_to_string(folder.join("asked"))?;
    assert!(asked.contains(&format!("--manifest-path {}/xtask/Cargo.toml", checkout.root)), "{asked}");
    // The same process, and nothing left of the loop before.
    assert!(std::path::Path::new(&format!("/proc/{}", pid.trim())).exists());
    assert_eq!(containers(&checkout)?.len(), 1);
    assert_eq!(dev.ask("local-ping", "{}")?, "still here");
    dev.quit()
}
