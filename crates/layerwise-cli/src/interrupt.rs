//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once. Never leaves a child or a hidden
//! cursor behind.

use std::thread;

use layerwise::process::Cancel;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::console::{Console, Tone};
use crate::exit::Exit;
use crate::terminal;

/// Does `work` while signals set `cancel`, which ends `what`.
pub fn during<A>(console: &Console, cancel: &Cancel, what: &str, work: impl FnOnce() -> A) -> A {
    during_with(console, cancel, what, &|| {}, work)
}

/// As [`during`]; `also` is called at the first signal.
pub fn during_with<A>(
    console: &Console,
    cancel: &Cancel,
    what: &str,
    also: &(dyn Fn() + Sync),
    work: impl FnOnce() -> A,
) -> A {
    // Without handlers a signal ends us as it ends any program.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return work() };
    let handle = signals.handle();
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in signals.forever() {
                if cancel.is_cancelled() {
                    // Every child was killed when the first signal came.
                    console.restore();
                    terminal::restore();
                    std::process::exit(Exit::Interrupted as i32);
                }
                cancel.cancel();
                also();
                console.status(Tone::Bad, "Stopping", &format!("{what}; once more to exit at once"));
            }
        });
        let answer = work();
        handle.close();
        answer
    })
}
