//! Functions that break, hang or are killed, engines that go away, loops that end.

use fs_err as fs;
use libtest_mimic::Failed;
use serde_json::json;

use super::{Dev, PING, answering};
use crate::checkout::Checkout;
use crate::invoke::containers;
use crate::world::World;

pub fn dev_shows_a_broken_handler_and_the_next_save_heals_it(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-broken")?;
    let dev = Dev::start(&checkout, &["local-ping"])?;
    checkout.write(PING, "def lambda_handler(event, context):\n    return (\n");
    // Without anybody invoking it.
    dev.wait_for(" Broken local-ping  lambdas/ping/handler.py:2: ")?;
    assert_eq!(dev.ask("local-ping", "{}")?["errorType"], "Runtime.UserCodeSyntaxError");
    checkout.write(PING, &format!("import no_such_module\n{}", answering("1")));
    let answer = dev.ask("local-ping", "{}")?;
    assert!(answer["errorMessage"].as_str().is_some_and(|text| text.contains("no_such_module")), "{answer}");
    dev.wait_for(
        "Runtime.ImportModuleError: Unable to import module 'handler': No module named 'no_such_module'",
    )?;
    checkout.write(PING, &format!("print('loaded')\n{}", answering("'healed'")));
    assert_eq!(dev.ask("local-ping", "{}")?, "healed");
    dev.wait_for("local-ping | loaded")?;

    // An error of the function, with its line.
    checkout.write(PING, "def lambda_handler(event, context):\n    raise ValueError('too small')\n");
    assert_eq!(dev.ask("local-ping", "{}")?["errorType"], "ValueError");
    dev.wait_for("ValueError: too small")?;
    dev.wait_for("File \"/var/task/handler.py\", line 2, in lambda_handler")?;
    checkout.write(PING, &answering("event"));
    assert_eq!(dev.ask("local-ping", "{\"a\": 1}")?, json!({"a": 1}));

    // The last question again, from here.
    dev.press("i")?;
    dev.wait_until("an answer", |told| told.matches(" Invoked local-ping").count() == 3)?;
    assert_eq!(checkout.builds(), 0);
    dev.quit()
}

pub fn dev_replaces_what_was_killed_and_what_hangs(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-killed")?;
    let dev = Dev::start(&checkout, &["local-ping", "local-upload-images"])?;
    checkout.write(PING, &answering("'put'"));
    assert_eq!(dev.ask("local-ping", "{}")?, "put");
    let ping = containers(&checkout)?.into_iter().find(|line| line.contains("local-ping")).ok_or("none")?;
    world.docker(&["rm", "--force", ping.split(' ').next().ok_or("no id")?])?;
    dev.wait_for(" Restarted local-ping           its container had ended")?;
    // What was put into the one before is put into this one.
    assert_eq!(dev.ask("local-ping", "{}")?, "put");

    // Its declared time is over, and the next question is answered.
    let hanging = "import time\n\
                   def lambda_handler(event, context):\n    \
                       time.sleep(event.get('sleep', 0))\n    \
                       return 'awake'\n";
    checkout.write("lambdas/upload_images/handler.py", hanging);
    let answer = dev.ask("local-upload-images", "{\"sleep\": 3000}")?;
    assert_eq!(answer["errorMessage"], "Task timed out after 5.00 seconds");
    assert_eq!(dev.ask("local-upload-images", "{}")?, "awake");

    let before = containers(&checkout)?;
    dev.press("r")?;
    for name in ["local-ping           as asked", "local-upload-images  as asked"] {
        dev.wait_for(&format!(" Restarted {name}"))?;
    }
    assert_eq!(dev.ask("local-ping", "{}")?, "put");
    let after = containers(&checkout)?;
    assert!(after.len() == 2 && after.iter().all(|line| !before.contains(line)), "{before:?} {after:?}");
    assert_eq!(checkout.builds(), 0);
    dev.quit()
}

pub fn dev_waits_for_an_engine_that_is_gone(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-engine")?;
    // The engine that all tests share goes on; it is only out of reach. A socket's path may not be long.
    let folder = tempfile::tempdir()?;
    let (reach, away) = (folder.path().join("s"), folder.path().join("away"));
    let socket = world.running.docker_host.strip_prefix("unix://").ok_or("no socket")?;
    std::os::unix::fs::symlink(socket, &reach)?;
    let host = format!("unix://{}", reach.display());
    let dev = Dev::begin_with(&checkout, &["--port", "0", "local-ping"], |command| {
        command.env("DOCKER_HOST", &host)
    })?;
    dev.wait_for(" Keys ")?;
    let before = containers(&checkout)?;
    fs::rename(&reach, &away)?;
    // An engine that is restarted ends its containers, and has them still afterwards.
    world.docker(&["kill", before[0].split(' ').next().ok_or("no id")?])?;
    dev.press("r")?;
    dev.wait_for("does not answer: ")?;
    fs::rename(&away, &reach)?;
    dev.wait_for(" Back the engine answers again")?;
    assert_eq!(dev.times("error: the engine"), 1, "{}", dev.told());
    checkout.write(PING, &answering("'back'"));
    assert_eq!(dev.ask("local-ping", "{}")?, "back");
    dev.quit()
}

pub fn dev_is_alone_and_leaves_nothing_however_it_ends(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-ends")?;
    let dev = Dev::start(&checkout, &["local-ping"])?;
    let pid = fs::read_to_string(&dev.pid)?;
    let second = checkout.run(&["dev", "--port", "0"])?;
    assert_eq!(second.code, 3, "{}", second.stderr);
    assert!(second.stderr.contains(&format!("as process {}", pid.trim())), "{}", second.stderr);
    // It has done nothing to the first.
    assert_eq!(dev.ask("local-ping", "{\"ping\": 1}")?, json!({"pong": 1}));
    let taken = dev.port("local-ping")?.to_string();

    dev.signal("INT")?;
    assert_eq!(dev.ended()?, 130);
    assert_eq!(containers(&checkout)?, [""; 0]);

    let dev = Dev::start(&checkout, &["local-ping"])?;
    dev.signal("KILL")?;
    dev.ended()?;
    assert_eq!(containers(&checkout)?.len(), 1);
    let dev = Dev::start(&checkout, &["local-ping"])?;
    assert!(dev.told().contains("Removed what an earlier run left: local-ping"), "{}", dev.told());
    assert_eq!(containers(&checkout)?.len(), 1);
    dev.quit()?;

    let listener = std::net::TcpListener::bind(format!("127.0.0.1:{taken}"))?;
    let port = listener.local_addr()?.port().to_string();
    let said = checkout.run(&["dev", "local-ping", "--port", &port])?;
    assert_eq!(said.code, 3, "{}", said.stderr);
    assert!(said.stderr.contains(&format!("cannot listen on port {port}")), "{}", said.stderr);
    let said = checkout.run(&["dev", "local-pong"])?;
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert_eq!(containers(&checkout)?, [""; 0]);
    Ok(())
}
