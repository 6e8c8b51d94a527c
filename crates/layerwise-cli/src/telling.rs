//! What the development loop tells, in lines for people. Only says; decides nothing.

use layerwise::image_ref::ImageRef;
use layerwise_dev::{Answer, DevError, Served, Told, Why, is_of_the_emulator};

use crate::console::{Console, Tone, plain};
use crate::latency::short;
use crate::wording;

/// How many changes a line names.
const SHOWN: usize = 3;

/// Says what `told` says; names stand in a column of `width`.
pub fn tell(console: &Console, width: usize, told: &Told<'_>) {
    let line = |tone: Tone, verb: &str, name: &str, message: &str| {
        console.status(tone, verb, format!("{name:width$}  {message}").trim_end());
    };
    match told {
        Told::Leftovers(names) => {
            let message = format!("what an earlier run left: {}", names.join(", "));
            console.status(Tone::Notice, "Removed", &message);
        }
        Told::Serving { port, functions, took } => {
            serving(console, width, *port, functions, &short(*took));
        }
        Told::Synced { name, changes, took } => {
            let changes = wording::changes(changes, SHOWN);
            line(Tone::Good, "Synced", name, &format!("{changes} ({})", short(*took)));
        }
        Told::Broken { name, path, line: number, why } => {
            line(Tone::Bad, "Broken", name, &format!("{path}:{number}: {}", plain(why)));
        }
        Told::Debugging { name, port, configuration } => {
            let message = format!("at 127.0.0.1:{port}; for the editor's launch.json:");
            line(Tone::Good, "Debugging", name, &message);
            configuration.lines().for_each(|line| console.text(line));
        }
        Told::Drifted { name, changes } => {
            line(
                Tone::Notice,
                "Drifted",
                name,
                &format!("its base, which b builds: {}", wording::drift(changes)),
            );
        }
        Told::Swapped { name, image, because, took } => {
            let message = match because {
                [] => tag(image),
                because => format!("{}  {}", tag(image), wording::changes(because, SHOWN)),
            };
            line(Tone::Good, "Running", name, &format!("{message} ({})", short(*took)));
        }
        Told::Restarted { name, why, took } => {
            let why = match why {
                Why::Asked => "as asked",
                Why::Ended { .. } => "its container had ended",
                Why::Stuck => "it did not answer",
            };
            line(Tone::Good, "Restarted", name, &format!("{why} ({})", short(*took)));
        }
        Told::Failed { name, error } => failed(console, &format!("{name}: {error}"), error),
        Told::Problems(problems) => {
            for problem in *problems {
                console.error(&problem.to_string());
                if let Some(hint) = problem.hint() {
                    console.hint(&hint);
                }
            }
            console.detail("what runs stays as it is until this is mended");
        }
        Told::Readable => console.status(Tone::Good, "Mended", "the sources can be read again"),
        Told::EngineGone(error) => {
            failed(console, &error.to_string(), error);
            console.detail("it is asked again every second");
        }
        Told::EngineBack => console.status(Tone::Good, "Back", "the engine answers again"),
        Told::Declarations => {
            console.status(
                Tone::Notice,
                "Changed",
                "the declarations themselves: they count after a restart",
            );
            console.hint("d compiles them and starts again");
        }
        Told::Unwatched(error) => failed(console, &error.to_string(), error),
        Told::Lost(why) => console.status(Tone::Notice, "Missed", &format!("perhaps changes: {why}")),
        Told::Printed { function, name, line } => {
            if console.verbose() || !is_of_the_emulator(line) {
                console.printed_by(*function, name, width, &plain(line));
            }
        }
        Told::Invoked { name, answer, from_here } => invoked(console, width, name, answer, *from_here),
        Told::NothingToRepeat => console.status(Tone::Notice, "Nothing", "was invoked yet"),
    }
}

fn serving(console: &Console, width: usize, port: u16, functions: &[Served], took: &str) {
    let count = wording::count(functions.iter().filter(|function| function.runs).count(), "function");
    let url = format!("http://127.0.0.1:{port}/2015-03-31/functions/NAME/invocations");
    console.status(Tone::Good, "Serving", &format!("{count} after {took}: {url}"));
    for Served { name, port, base, runs } in functions {
        let state = if *runs { "running" } else { "not running" };
        console.detail(&format!("{name:width$}  http://127.0.0.1:{port}  {state:11}  on {base}"));
    }
    console.status(
        Tone::Busy,
        "Keys",
        "r restart, b build with bases, i invoke again, d declarations anew, q quit",
    );
}

fn invoked(console: &Console, width: usize, name: &str, answer: &Answer, from_here: bool) {
    let took = short(answer.took);
    if from_here {
        console.result(&answer.text());
    }
    match &answer.error {
        None => console.status(Tone::Good, "Invoked", &format!("{name:width$}  {took}")),
        Some(error) => {
            let message = format!("{name:width$}  {took}  {}", plain(&error.to_string()));
            console.status(Tone::Bad, "Failed", &message);
            error.trace.iter().for_each(|line| console.evidence(plain(line).trim_end()));
        }
    }
}

fn failed(console: &Console, message: &str, error: &DevError) {
    console.error(message);
    error.output().iter().for_each(|line| console.evidence(&plain(line)));
    if let Some(hint) = error.hint() {
        console.hint(hint);
    }
}

/// The content tag, which is short and says it all.
fn tag(image: &ImageRef) -> String {
    image.tag().map_or_else(|| image.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use layerwise::difference::{Change, What};
    use layerwise::layer::LayerClass;

    use super::*;
    use crate::console::Look;
    use crate::console::testing::Screen;

    #[test]
    fn a_morning_reads_like_this() {
        let screen = Screen::default();
        let console = screen.console(Look::default());
        let tell = |told: Told<'_>| tell(&console, 13, &told);
        let took = Duration::from_millis(31);
        let name = "ping";
        let changes =
            |class, path: &str| vec![Change { class, what: What::Edited { path: path.to_owned() } }];
        let served = |name: &str, port, runs| Served {
            name: name.to_owned(),
            port,
            base: "base-receipt-label".to_owned(),
            runs,
        };
        let functions = [served("submit-openai", 9003, true), served(name, 9010, false)];
        let answer = |body: &str| Answer::new(200, body.as_bytes().to_vec(), took);
        let broken = r#"{"errorType": "ValueError", "errorMessage": "no", "stackTrace": ["  File \"handler.py\", line 6, in f"]}"#;
        let image = ImageRef::parse("ping:sha-586d3251f44e").unwrap();
        let ended = DevError::Ended {
            image: "ping:local".into(),
            code: Some(1),
            output: vec!["no such file".into()],
        };

        tell(Told::Leftovers(&["ping".to_owned()]));
        tell(Told::Serving { port: 9000, functions: &functions, took: Duration::from_millis(1840) });
        tell(Told::Synced { name, changes: &changes(LayerClass::Handler, "lambdas/ping/handler.py"), took });
        tell(Told::Broken { name, path: "lambdas/ping/handler.py", line: 9, why: "'(' was never closed" });
        tell(Told::Printed { function: 0, name, line: "START RequestId: 1 Version: $LATEST" });
        tell(Told::Printed { function: 0, name, line: "heard \x1b[2J{}" });
        tell(Told::Invoked { name, answer: &answer("{}"), from_here: false });
        tell(Told::Invoked { name, answer: &answer(broken), from_here: false });
        tell(Told::Swapped { name, image: &image, because: &[], took });
        let because = &changes(LayerClass::Requirements, "lambdas/ping/requirements.txt");
        tell(Told::Swapped { name, image: &image, because, took });
        tell(Told::Restarted { name, why: &Why::Ended { id: "0".into() }, took });
        tell(Told::Restarted { name, why: &Why::Stuck, took });
        tell(Told::Failed { name, error: &ended });
        tell(Told::EngineGone(&DevError::Engine {
            host: "unix:///x".into(),
            doing: "answer".into(),
            cause: "gone".into(),
        }));
        tell(Told::EngineBack);
        tell(Told::Debugging { name, port: 5678, configuration: "{\n  \"port\": 5678\n}" });
        tell(Told::Drifted { name, changes: &changes(LayerClass::Packages, "base-images/x/src/x/a.py") });
        tell(Told::Declarations);
        tell(Told::Lost("the disk is full"));
        tell(Told::NothingToRepeat);
        insta::assert_snapshot!(screen.text());
    }
}
