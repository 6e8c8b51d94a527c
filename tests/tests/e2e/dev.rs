//! `dev`: files of a copied sample monorepo are edited, and the functions are asked. Nothing waits for a moment to pass: a
//! question takes all that was saved before it into account.

pub mod debug;
pub mod declarations;
pub mod endpoint;
pub mod packages;
pub mod saves;
pub mod trouble;
pub mod watches;

use std::io::Write as _;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use fs_err as fs;
use layerwise::process::{Cancel, Channel, Command};
use libtest_mimic::Failed;
use serde_json::Value;

use crate::checkout::Checkout;
use crate::invoke::containers;

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
        // The last line of the table.
        dev.wait_for(" Keys ")?;
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
        Self::begin_below(checkout, &[], arguments, with)
    }

    /// As the last words of another program's arguments, which becomes the loop.
    fn begin_below(
        checkout: &'b Checkout<'a>,
        words: &[&str],
        arguments: &[&str],
        with: impl Fn(Command) -> Command,
    ) -> Result<Self, Failed> {
        let own = checkout.docker_config();
        let (keys, pid) = (own.join("keys"), own.join("pid"));
        let _ = fs::remove_file(&keys);
        rustix::fs::mkfifoat(rustix::fs::CWD, keys.as_std_path(), rustix::fs::Mode::RWXU)?;
        // Open in both directions, so that neither side waits for the other and no key is the last.
        let script = "echo $$ > \"$1\"; keys=$0; shift; exec \"$@\" 0<> \"$keys\"";
        let shell = ["/bin/sh", "-c", script, keys.as_str(), pid.as_str()];
        let command = with(checkout.below(&[&shell, words].concat(), &[&["dev"], arguments].concat()));
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
