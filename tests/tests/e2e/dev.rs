//! `dev`: files of a copied sample monorepo are edited, and the functions are asked. Nothing waits for a moment to pass: a
//! question takes all that was saved before it into account.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use fs_err as fs;
use layerwise::process::{Cancel, Channel, Command};
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::checkout::Checkout;
use crate::invoke::containers;
use crate::world::World;

const PING: &str = "lambdas/ping/handler.py";
const POLLING: &str = "lambdas/embedding_step_functions/polling";

/// What the program has told people so far.
type Told = Arc<(Mutex<String>, Condvar)>;

/// A loop that runs in a thread of its own.
struct Dev<'a, 'b> {
    checkout: &'b Checkout<'a>,
    told: Told,
    /// Its standard input.
    keys: Utf8PathBuf,
    pid: Utf8PathBuf,
    cancel: Cancel,
    code: Option<std::thread::JoinHandle<Result<i32, String>>>,
}

impl<'a, 'b> Dev<'a, 'b> {
    /// Starts it for `names`, at free ports, and waits until it serves.
    fn start(checkout: &'b Checkout<'a>, names: &[&str]) -> Result<Self, Failed> {
        let dev = Self::begin(checkout, &[&["--port", "0"], names].concat())?;
        dev.wait_for(" Serving ")?;
        checkout.builds();
        Ok(dev)
    }

    fn begin(checkout: &'b Checkout<'a>, arguments: &[&str]) -> Result<Self, Failed> {
        Self::begin_with(checkout, arguments, |command| command)
    }

    fn begin_with(
        checkout: &'b Checkout<'a>,
        arguments: &[&str],
        with: impl Fn(Command) -> Command,
    ) -> Result<Self, Failed> {
        let own = checkout.docker_config();
        let (keys, pid) = (own.join("keys"), own.join("pid"));
        let _ = fs::remove_file(&keys);
        rustix::fs::mkfifoat(rustix::fs::CWD, keys.as_std_path(), rustix::fs::Mode::RWXU)?;
        // Open in both directions, so that neither side waits for the other and no key is the last.
        let script = "echo $$ > \"$1\"; keys=$0; shift; exec \"$@\" 0<> \"$keys\"";
        let words = ["/bin/sh", "-c", script, keys.as_str(), pid.as_str()];
        let command = with(checkout.below(&words, &[&["dev"], arguments].concat()));
        let (told, cancel) = (Told::default(), Cancel::default());
        let (hears, stops) = (told.clone(), cancel.clone());
        let code = std::thread::spawn(move || {
            let ended = command.stream(&stops, &mut |channel, bytes| {
                if channel == Channel::Stderr {
                    hears.0.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
                    hears.1.notify_all();
                }
            });
            hears.0.lock().unwrap().push_str("\nENDED\n");
            hears.1.notify_all();
            ended.map(|status| status.code().unwrap_or(-1)).map_err(|error| error.to_string())
        });
        Ok(Self { checkout, told, keys, pid, cancel, code: Some(code) })
    }

    fn told(&self) -> String {
        self.told.0.lock().unwrap().clone()
    }

    /// How often it has told `text`.
    fn times(&self, text: &str) -> usize {
        self.told().matches(text).count()
    }

    fn wait_for(&self, text: &str) -> Result<(), Failed> {
        self.wait_until(text, |told| told.contains(text))
    }

    fn wait_until(&self, what: &str, done: impl Fn(&str) -> bool) -> Result<(), Failed> {
        // Long enough for a build on a machine that is busy with other things.
        let deadline = Instant::now() + Duration::from_secs(600);
        let mut told = self.told.0.lock().unwrap();
        while !done(&told) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || told.ends_with("\nENDED\n") {
                return Err(format!("`{what}` was not told:\n{told}").into());
            }
            told = self.told.1.wait_timeout(told, left).unwrap().0;
        }
        Ok(())
    }

    /// What a function answers now.
    fn ask(&self, name: &str, event: &str) -> Result<Value, Failed> {
        let said = self.checkout.run(&["invoke", name, "--event", event])?;
        serde_json::from_str(&said.stdout)
            .map_err(|error| format!("{error}: {}\n{}\n{}", said.stdout, said.stderr, self.told()).into())
    }

    /// The port that the table names for `name`; the common one for `NAME`.
    fn port(&self, name: &str) -> Result<u16, Failed> {
        let told = self.told();
        let line = match name {
            "NAME" => told.lines().find(|line| line.contains(" Serving ")),
            name => told.lines().find(|line| line.trim_start().starts_with(name) && line.contains("http://")),
        };
        let port = line.and_then(|line| line.split("http://127.0.0.1:").nth(1));
        let digits = port.map(|port| port.chars().take_while(char::is_ascii_digit).collect::<String>());
        Ok(digits.ok_or_else(|| format!("no port of {name} in {told}"))?.parse()?)
    }

    fn press(&self, key: &str) -> Result<(), Failed> {
        Ok(fs::OpenOptions::new().read(true).write(true).open(&self.keys)?.write_all(key.as_bytes())?)
    }

    fn signal(&self, signal: &str) -> Result<(), Failed> {
        let pid = fs::read_to_string(&self.pid)?;
        let kill = self.checkout.world.command("/bin/kill", &self.checkout.root);
        self.checkout.world.run(&kill.args(["-s", signal, pid.trim()]))?.ok()?;
        Ok(())
    }

    /// Waits for its end, and answers its exit code.
    fn ended(mut self) -> Result<i32, Failed> {
        let code = self.code.take().ok_or("ended twice")?;
        Ok(code.join().map_err(|_| "the loop panicked")??)
    }

    /// Ends it with `q`, after which nothing is left.
    fn quit(self) -> Result<(), Failed> {
        self.press("q")?;
        let (checkout, told) = (self.checkout, self.told.clone());
        assert_eq!(self.ended()?, 0, "{}", told.0.lock().unwrap());
        assert_eq!(containers(checkout)?, [""; 0]);
        Ok(())
    }
}

/// A test that failed leaves no loop behind.
impl Drop for Dev<'_, '_> {
    fn drop(&mut self) {
        if let Some(code) = self.code.take() {
            let _ = self.signal("TERM");
            if self.wait_until("the end", |told| told.ends_with("\nENDED\n")).is_err() {
                self.cancel.cancel();
            }
            let _ = code.join();
        }
    }
}

/// A handler that answers with `value`.
fn answering(value: &str) -> String {
    format!("def lambda_handler(event, context):\n    return {value}\n")
}

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
    let dev = Dev::start(&checkout, &["local-find-unembedded", "local-ping"])?;
    let ping = containers(&checkout)?.into_iter().find(|line| line.contains("local-ping"));

    // A package of the base: the base stays as it is until it is asked for; then it is built, and what stands on it.
    checkout.append("base-images/receipt_dynamo/src/receipt_dynamo/__init__.py", "\nANSWER = 42\n");
    let find = "lambdas/embedding_step_functions/find_unembedded/handler.py";
    checkout.write(
        find,
        "import receipt_dynamo\ndef lambda_handler(event, context):\n    return receipt_dynamo.ANSWER\n",
    );
    assert!(
        dev.ask("local-find-unembedded", "{}")?["errorMessage"]
            .as_str()
            .is_some_and(|text| text.contains("ANSWER"))
    );
    dev.wait_for(" Drifted local-find-unembedded  its base: packages: base-images/receipt_dynamo")?;
    assert_eq!(checkout.builds(), 0);
    dev.press("b")?;
    dev.wait_until("two times running", |told| told.matches(" Running local-find-unembedded").count() == 2)?;
    assert_eq!(dev.ask("local-find-unembedded", "{}")?, 42);
    assert!(checkout.builds() >= 2);
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
    dev.wait_for(" Serving ")?;
    fs::rename(&reach, &away)?;
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

pub fn dev_says_when_the_declarations_have_changed(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-declarations")?;
    checkout.write("xtask/src/images.rs", "// declared\n");
    let dev = Dev::start(&checkout, &["local-ping"])?;
    checkout.write("xtask/src/images.rs", "// declared\n");
    assert_eq!(dev.ask("local-ping", "{\"ping\": 1}")?, json!({"pong": 1}));
    assert_eq!(dev.times("declarations"), 0, "{}", dev.told());
    checkout.write("xtask/src/images.rs", "// declared otherwise\n");
    dev.wait_for(" Changed the declarations themselves")?;
    dev.quit()
}

/// Status, headers in lower case and body of an answer to a `POST`.
fn post(port: u16, path: &str, headers: &str, body: &str) -> Result<(u16, String, String), Failed> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no head")?;
    let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
    Ok((status, head.to_ascii_lowercase(), body.to_owned()))
}

pub fn dev_answers_as_lambdas_own_api_does(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-api")?;
    let dev = Dev::start(&checkout, &["local-ping"])?;
    let (common, own) = (dev.port("NAME")?, dev.port("local-ping")?);
    let invocations = |name: &str| format!("/2015-03-31/functions/{name}/invocations");
    let ping = invocations("local-ping");

    let (status, head, body) = post(common, &ping, "", "{\"ping\": 1}")?;
    assert_eq!((status, body.as_str()), (200, "{\"pong\": 1}"), "{head}");
    assert!(
        head.contains("x-amz-executed-version: $latest") && !head.contains("x-amz-function-error"),
        "{head}"
    );
    assert_eq!(post(own, &invocations("function"), "", "{\"ping\": 2}")?.2, "{\"pong\": 2}");
    assert_eq!(post(common, &ping, "", "")?.2, "{\"pong\": null}");

    let (status, head, body) = post(common, &invocations("nobody"), "", "{}")?;
    assert_eq!(status, 404);
    assert!(
        head.contains("x-amzn-errortype: resourcenotfoundexception") && body.contains("nobody"),
        "{head}{body}"
    );
    let (status, head, _) = post(common, &ping, "", "{'ping'")?;
    assert!(status == 400 && head.contains("invalidrequestcontentexception"), "{head}");
    assert_eq!(post(common, &ping, "X-Amz-Invocation-Type: DryRun\r\n", "{}")?.0, 204);
    assert_eq!(post(common, "/", "", "{}")?.0, 404);

    // Nobody waits for the answer to an event; many at once are answered one after the other.
    checkout.write(
        PING,
        "def lambda_handler(event, context):\n    print('event', event['n'])\n    return event['n']\n",
    );
    for number in 0..5 {
        let (status, head, body) =
            post(common, &ping, "X-Amz-Invocation-Type: Event\r\n", &format!("{{\"n\": {number}}}"))?;
        assert_eq!((status, body.as_str()), (202, ""), "{head}");
    }
    for number in 0..5 {
        dev.wait_for(&format!("local-ping | event {number}\n"))?;
    }
    std::thread::scope(|scope| {
        let ask = |number: u8| post(common, &ping, "", &format!("{{\"n\": {number}}}"));
        let asked: Vec<_> = (0..8)
            .map(|number| (number, scope.spawn(move || ask(number).map(|answer| answer.2).map_err(|_| ()))))
            .collect();
        for (number, thread) in asked {
            assert_eq!(thread.join().unwrap(), Ok(number.to_string()));
        }
    });

    checkout.write(PING, "def lambda_handler(event, context):\n    raise ValueError('no')\n");
    let (status, head, body) = post(common, &ping, "", "{}")?;
    assert!(status == 200 && head.contains("x-amz-function-error: unhandled"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(&body)?["errorType"], "ValueError");
    dev.quit()
}
