//! What is saved gets into containers: put there, or built.

use std::os::unix::fs::PermissionsExt as _;

use fs_err as fs;
use libtest_mimic::Failed;
use serde_json::json;

use super::{Dev, PING, POLLING, answering};
use crate::checkout::Checkout;
use crate::invoke::containers;
use crate::world::World;

pub fn dev_puts_saved_files_into_the_container_without_a_build(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-saves")?;
    let dev = Dev::start(&checkout, &["local-poll-lines", "local-ping"])?;
    assert_eq!(dev.ask("local-ping", "{\"ping\": 1}")?, json!({"pong": 1}));

    // Edits of the same size within the same second: Python would take the new file for the one that it has compiled.
    for value in ["111", "222", "333", "444"] {
        checkout.write(PING, &answering(value));
        assert_eq!(dev.ask("local-ping", "{}")?.to_string(), value);
    }
    // An editor that saves by renaming.
    fs::write(checkout.root.join("lambdas/ping/.handler.py.swp"), answering("'renamed'"))?;
    fs::rename(checkout.root.join("lambdas/ping/.handler.py.swp"), checkout.root.join(PING))?;
    assert_eq!(dev.ask("local-ping", "{}")?, "renamed");

    // A folder that is copied: its files are added, renamed and deleted, and may be executed.
    let look = "import os\n\
                def lambda_handler(event, context):\n    \
                    task = os.environ['LAMBDA_TASK_ROOT'] + '/utils'\n    \
                    names = (os.path.join(where, name) for where, _, names in os.walk(task) for name in names)\n    \
                    found = sorted((os.path.relpath(name, task), os.access(name, os.X_OK)) for name in names)\n    \
                    return [name + '*' * (os.stat(f'{task}/{name}').st_mode & 0o100 > 0) for name, _ in found if '.pyc' not in name]\n";
    checkout.write(&format!("{POLLING}/handlers/lines.py"), look);
    let files = || dev.ask("local-poll-lines", "{}");
    assert_eq!(files()?, json!(["__init__.py", "deltas.py", "results.py"]));
    checkout.write(&format!("{POLLING}/utils/deep/er/more.json"), "{}");
    assert_eq!(files()?, json!(["__init__.py", "deep/er/more.json", "deltas.py", "results.py"]));
    let utils = checkout.root.join(POLLING).join("utils");
    fs::rename(utils.join("deep/er/more.json"), utils.join("deep/er/other.json"))?;
    assert_eq!(files()?, json!(["__init__.py", "deep/er/other.json", "deltas.py", "results.py"]));
    fs::remove_dir_all(utils.join("deep"))?;
    fs::set_permissions(utils.join("deltas.py"), std::fs::Permissions::from_mode(0o755))?;
    assert_eq!(files()?, json!(["__init__.py", "deltas.py*", "results.py"]));
    assert!(
        dev.told().contains("handler: + lambdas/embedding_step_functions/polling/utils/deep"),
        "{}",
        dev.told()
    );

    // The folder of the marks may be deleted meanwhile.
    fs::remove_dir_all(checkout.root.join("target/layerwise/dev/marks"))?;
    checkout.write(PING, &answering("'unmarked'"));
    assert_eq!(dev.ask("local-ping", "{}")?, "unmarked");

    // Neither a touch nor a file that no image has leads to anything.
    let synced = dev.times(" Synced ");
    fs::File::options()
        .append(true)
        .open(checkout.root.join(PING))?
        .file()
        .set_modified(std::time::SystemTime::now())?;
    checkout.write("lambdas/ping/notes.md", "nothing");
    checkout.write("lambdas/ping/tests/test_more.py", "nothing");
    assert_eq!(dev.ask("local-ping", "{}")?, "unmarked");
    assert_eq!(dev.times(" Synced "), synced, "{}", dev.told());
    assert_eq!(checkout.builds(), 0, "{}", dev.told());
    dev.quit()
}

pub fn dev_builds_what_cannot_be_put_and_swaps_the_container(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-builds")?;
    let dev = Dev::start(&checkout, &["local-list-pending", "local-ping"])?;
    let ping = containers(&checkout)?.into_iter().find(|line| line.contains("local-ping"));

    // What it requires: that image, and nothing else.
    checkout.append("lambdas/embedding_step_functions/list_pending/requirements.txt", "# no more\n");
    dev.wait_until("two times running", |told| told.matches(" Running local-list-pending").count() == 2)?;
    assert_eq!(dev.times(" Stale local-list-pending  requirements: lambdas/"), 1, "{}", dev.told());
    assert_eq!(checkout.builds(), 1);
    assert_eq!(containers(&checkout)?.into_iter().find(|line| line.contains("local-ping")), ping);
    assert_eq!(containers(&checkout)?.len(), 2);

    // `b` makes images of what was put into containers.
    checkout.write(PING, &answering("'put'"));
    assert_eq!(dev.ask("local-ping", "{}")?, "put");
    assert_eq!(checkout.builds(), 0);
    dev.press("b")?;
    dev.wait_until("ping running again", |told| told.matches(" Running local-ping").count() == 2)?;
    assert_eq!((dev.ask("local-ping", "{}")?, checkout.builds() > 0), (json!("put"), true));

    // While the sources cannot be read, what runs stays as it is.
    fs::remove_file(checkout.root.join(PING))?;
    assert_eq!(dev.ask("local-ping", "{}")?, "put");
    dev.wait_for("`lambdas/ping/handler.py` does not exist")?;
    checkout.write(PING, &answering("'mended'"));
    assert_eq!(dev.ask("local-ping", "{}")?, "mended");
    dev.quit()
}

pub fn dev_takes_a_switch_of_branches_as_few_changes(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-switch")?;
    let dev = Dev::start(&checkout, &["local-upload-images"])?;
    let count = "import os\n\
                 def lambda_handler(event, context):\n    \
                     return sum(len(names) for _, _, names in os.walk(os.environ['LAMBDA_TASK_ROOT'] + '/assets'))\n";
    checkout.write("lambdas/upload_images/handler.py", count);
    assert_eq!(dev.ask("local-upload-images", "{}")?, 3);
    for number in 0..500 {
        checkout.write(&format!("lambdas/upload_images/assets/{}/{number}.json", number % 7), "{}");
    }
    assert_eq!(dev.ask("local-upload-images", "{}")?, 503);
    let synced = dev.times(" Synced ");
    assert!(synced < 50, "{}", dev.told());
    assert_eq!(checkout.builds(), 0);
    dev.quit()
}
