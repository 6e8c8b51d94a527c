//! The monorepo's own packages: their files are put where pip has installed them; what that cannot do waits for `b`.

use fs_err as fs;
use libtest_mimic::Failed;

use super::{Dev, answering};
use crate::checkout::Checkout;
use crate::world::World;

const DYNAMO: &str = "base-images/receipt_dynamo/src/receipt_dynamo";
const CHROMA: &str = "base-images/receipt_chroma/receipt_chroma/__init__.py";
const FIND: &str = "lambdas/embedding_step_functions/find_unembedded/handler.py";
const COMPACTION: &str = "lambdas/embedding_step_functions/compaction/handler.py";

/// A handler that answers with `value`, for which it imports `module`.
fn importing(module: &str, value: &str) -> String {
    format!("import {module}\n{}", answering(value))
}

pub fn dev_puts_files_of_packages_where_pip_has_installed_them(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-packages")?;
    let dev = Dev::start(&checkout, &["local-find-unembedded", "local-compaction"])?;
    let find = || dev.ask("local-find-unembedded", "{}");

    // A package of the base, in every function that stands on it.
    checkout.append(&format!("{DYNAMO}/__init__.py"), "\nANSWER = 42\n");
    checkout.write(FIND, &importing("receipt_dynamo", "receipt_dynamo.ANSWER"));
    assert_eq!(find()?, 42);
    dev.wait_for(" Synced local-compaction       packages: base-images/receipt_dynamo/src/receipt_dynamo")?;
    checkout.append(&format!("{DYNAMO}/__init__.py"), "\nANSWER = 43\n");
    assert_eq!(find()?, 43);
    // A package that the image itself installs.
    checkout.append(CHROMA, "\nANSWER = 44\n");
    checkout.write(COMPACTION, &importing("receipt_chroma", "receipt_chroma.ANSWER"));
    assert_eq!(dev.ask("local-compaction", "{}")?, 44);
    // A module that is new, and then gone.
    checkout.write(&format!("{DYNAMO}/answers.py"), "ANSWER = 45\n");
    checkout.write(FIND, &importing("receipt_dynamo.answers", "receipt_dynamo.answers.ANSWER"));
    assert_eq!(find()?, 45);
    fs::remove_file(checkout.root.join(DYNAMO).join("answers.py"))?;
    assert_eq!(find()?["errorType"], "Runtime.ImportModuleError");
    // A broken one is said with the repository's file.
    checkout.write(&format!("{DYNAMO}/answers.py"), "ANSWER = (\n");
    dev.wait_for(&format!(" Broken local-find-unembedded  {DYNAMO}/answers.py:1: "))?;
    checkout.write(&format!("{DYNAMO}/answers.py"), "ANSWER = 46\n");
    assert_eq!(find()?, 46);
    // Another container of the same image gets it all.
    dev.press("r")?;
    dev.wait_for(" Restarted local-find-unembedded")?;
    assert_eq!(find()?, 46);
    assert_eq!((checkout.builds(), dev.times(" Drifted ")), (0, 0), "{}", dev.told());

    // What pip would do otherwise is told, and waits.
    let project = "base-images/receipt_dynamo/pyproject.toml";
    let text = fs::read_to_string(checkout.root.join(project))?;
    checkout.write(project, &text.replace("version = \"", "version = \"9"));
    dev.wait_for(&format!(
        " Drifted local-find-unembedded  its base, which b builds: packages: {project}\n"
    ))?;
    assert_eq!((find()?, checkout.builds()), (46.into(), 0));
    dev.press("b")?;
    dev.wait_until("running again", |told| told.matches(" Running local-find-unembedded").count() == 2)?;
    assert!(checkout.builds() > 0);
    assert_eq!(find()?, 46);
    checkout.write(FIND, &importing("importlib.metadata", "importlib.metadata.version('receipt_dynamo')[0]"));
    assert_eq!(find()?, "9");
    dev.quit()
}
