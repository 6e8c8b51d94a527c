//! A function under debugpy: an editor, played here, attaches with the configuration that was printed, sets a breakpoint in
//! the repository's file, and the function stops there.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::{Value, json};

use super::{Dev, PING, answering};
use crate::checkout::Checkout;
use crate::world::World;

/// An editor that speaks the [Debug Adapter Protocol](https://microsoft.github.io/debug-adapter-protocol/).
struct Editor {
    adapter: BufReader<TcpStream>,
    sent: u32,
}

impl Editor {
    /// Attaches as `configuration` says, for a repository at `root`, and sets one breakpoint.
    fn attach(configuration: &str, root: &str, path: &str, line: u32) -> Result<Self, Failed> {
        let mut configuration: Value =
            serde_json::from_str(&configuration.replace("${workspaceFolder}", root))?;
        let port = u16::try_from(configuration["connect"]["port"].as_u64().ok_or("no port")?)?;
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let mut editor = Self { adapter: BufReader::new(stream), sent: 0 };
        editor.send("initialize", &json!({ "adapterID": "test", "pathFormat": "path" }))?;
        editor.hear(|heard| heard["command"] == "initialize")?;
        editor.send("attach", &configuration.take())?;
        editor.hear(|heard| heard["event"] == "initialized")?;
        let breakpoint =
            json!({ "source": { "path": format!("{root}/{path}") }, "breakpoints": [{ "line": line }] });
        editor.send("setBreakpoints", &breakpoint)?;
        editor.hear(|heard| heard["command"] == "setBreakpoints")?;
        editor.send("configurationDone", &json!({}))?;
        editor.hear(|heard| heard["command"] == "attach")?;
        Ok(editor)
    }

    /// Waits until the function stands at a breakpoint, lets it go on, and answers where it stood.
    fn stopped(&mut self) -> Result<(String, u64), Failed> {
        let thread = self.hear(|heard| heard["event"] == "stopped")?["body"]["threadId"].take();
        self.send("stackTrace", &json!({ "threadId": thread }))?;
        let frame = self.hear(|heard| heard["command"] == "stackTrace")?["body"]["stackFrames"][0].take();
        self.send("continue", &json!({ "threadId": thread }))?;
        let path = frame["source"]["path"].as_str().unwrap_or_default().to_owned();
        Ok((path, frame["line"].as_u64().unwrap_or_default()))
    }

    fn send(&mut self, command: &str, arguments: &Value) -> Result<(), Failed> {
        self.sent += 1;
        let message =
            json!({ "seq": self.sent, "type": "request", "command": command, "arguments": arguments });
        let message = message.to_string();
        Ok(write!(self.adapter.get_mut(), "Content-Length: {}\r\n\r\n{message}", message.len())?)
    }

    /// The next message that is `wanted`.
    fn hear(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value, Failed> {
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if self.adapter.read_line(&mut line)? == 0 {
                    return Err("the debugger has ended".into());
                }
                match line.trim_end().split_once(": ") {
                    Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                        length = value.parse()?
                    }
                    Some(_) => {}
                    None => break,
                }
            }
            let mut message = vec![0; length];
            self.adapter.read_exact(&mut message)?;
            let message = serde_json::from_slice(&message)?;
            if wanted(&message) {
                return Ok(message);
            }
        }
    }
}

/// The configuration that was printed.
fn configuration(dev: &Dev<'_, '_>) -> Result<String, Failed> {
    let told = dev.told();
    let (_, from) = told.split_once(" Debugging ").ok_or("no debugger")?;
    let (start, end) = (from.find("\n{").ok_or("no configuration")?, from.find("\n}").ok_or("no end")?);
    Ok(from[start..end + 2].to_owned())
}

pub fn dev_runs_a_function_under_a_debugger_that_finds_its_files(world: &World) -> Result<(), Failed> {
    let checkout = Checkout::renamed(world, "dev-debug")?;
    let dev = Dev::start(&checkout, &["local-ping", "--debug", "local-ping", "--debug-port", "0"])?;
    let configuration = configuration(&dev)?;
    // Nobody sees what wakes the runtime.
    assert_eq!(dev.ask("local-ping", "{\"ping\": 1}")?, json!({ "pong": 1 }));

    // Before any save and after one: the breakpoint's line is the handler's only statement.
    for (value, saved) in [("'saved'", false), ("'saved'", true)] {
        if saved {
            checkout.write(PING, &answering(value));
            assert_eq!(dev.ask("local-ping", "{}")?, "saved");
        }
        let text = fs_err::read_to_string(checkout.root.join(PING))?;
        let line = 1 + text.lines().position(|line| line.contains("return ")).ok_or("no statement")?;
        let line = u32::try_from(line)?;
        let mut editor = Editor::attach(&configuration, checkout.root.as_str(), PING, line)?;
        let (answer, stopped) = std::thread::scope(|scope| {
            let asked = scope.spawn(|| dev.ask("local-ping", "{\"ping\": 2}").map_err(|_| "no answer"));
            let stopped = editor.stopped();
            (asked.join().unwrap(), stopped)
        });
        assert_eq!(stopped?, (checkout.root.join(PING).to_string(), u64::from(line)));
        assert_eq!(answer?, if saved { json!("saved") } else { json!({ "pong": 2 }) });
    }

    // A broken handler is said as ever, and healed by the next save.
    checkout.write(PING, "def lambda_handler(event, context):\n    return (\n");
    assert_eq!(dev.ask("local-ping", "{}")?["errorType"], "Runtime.UserCodeSyntaxError");
    checkout.write(PING, &answering("'healed'"));
    assert_eq!(dev.ask("local-ping", "{}")?, "healed");
    // Nothing of it is in the image.
    let image = world.docker(&["run", "--rm", "--entrypoint=ls", "local-ping:dev", "/opt"])?;
    assert!(!image.contains("layerwise"), "{image}");
    dev.quit()
}
