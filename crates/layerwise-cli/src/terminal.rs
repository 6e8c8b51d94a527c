//! Single keys from standard input. A terminal hands them over at once and unseen while we listen, and is as before
//! afterwards, however the program ends.

use std::io::{self, Read as _};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr};

/// The terminal's modes as they were, while they are not.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Listens until it is dropped; the terminal is then as before.
pub struct Keys(());

impl Keys {
    /// Hands every key to `pressed`. Keys of a terminal in whose background we are belong to somebody else.
    pub fn listen(pressed: impl Fn(u8) + Send + 'static) -> Option<Self> {
        let stdin = io::stdin();
        if isatty(&stdin) {
            let foreground = tcgetpgrp(&stdin).is_ok_and(|group| group == rustix::process::getpgrp());
            if !foreground {
                return None;
            }
            let before = tcgetattr(&stdin).ok()?;
            let mut modes = before.clone();
            modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            tcsetattr(&stdin, OptionalActions::Now, &modes).ok()?;
            *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        }
        // It waits for keys until the program ends.
        thread::Builder::new()
            .name("layerwise-keys".to_owned())
            .spawn(move || io::stdin().lock().bytes().map_while(Result::ok).for_each(pressed))
            .ok()?;
        Some(Self(()))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back as it was. Harmless at any time.
pub fn restore() {
    if let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}
