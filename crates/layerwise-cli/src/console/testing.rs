//! A console whose stderr a test can read.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use super::{Console, Look};
use crate::surroundings::{Size, Stream};

/// What was written; clones are the same.
#[derive(Clone, Default)]
pub struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    /// A console that writes here, on a terminal of 80 columns where `look` is live.
    pub fn console(&self, look: Look) -> Console {
        let terminal: fn() -> Size = || Size { width: 80, height: 24 };
        let terminal = look.live.then_some(terminal);
        let stdout = Stream { writer: Box::new(io::sink()), terminal };
        Console::new(stdout, Stream { writer: Box::new(self.clone()), terminal }, look)
    }

    /// All of it.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
