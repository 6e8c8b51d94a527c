//! The one object that writes: results for programs to stdout, everything for people to stderr, and a live area at
//! the end of a terminal. Never decides what is worth saying.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anstyle::{AnsiColor, Style};

mod look;
#[cfg(test)]
pub mod testing;
mod text;

pub use look::{ColorChoice, Look};
pub use text::{bytes, plain, seconds, shorten};

use crate::surroundings::{Size, Stream};

/// The width of the column in which status verbs end.
const COLUMN: usize = 12;

/// How a status verb is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As hoped.
    Good,
    /// Worth a look: something is to be done, or was left out.
    Notice,
    /// It failed.
    Bad,
    /// Under way.
    Busy,
}

impl Tone {
    fn style(self) -> Style {
        let color = match self {
            Self::Good => AnsiColor::Green,
            Self::Notice => AnsiColor::Yellow,
            Self::Bad => AnsiColor::Red,
            Self::Busy => AnsiColor::Cyan,
        };
        Style::new().bold().fg_color(Some(color.into()))
    }
}

/// Writes. All methods may be called from any thread; a line is never torn.
pub struct Console {
    look: Look,
    terminal: Option<fn() -> Size>,
    /// Whether results go to a terminal too.
    results_on_terminal: bool,
    outputs: Mutex<Outputs>,
}

struct Outputs {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    /// The first result that could not be written, because of a full disk for instance.
    lost: Option<io::Error>,
    /// The lines of the live area, which are on the screen.
    live: Vec<String>,
}

impl Console {
    /// A console on two outputs.
    #[must_use]
    pub fn new(stdout: Stream, stderr: Stream, look: Look) -> Self {
        let results_on_terminal = stdout.terminal.is_some();
        let outputs = Outputs { stdout: stdout.writer, stderr: stderr.writer, lost: None, live: Vec::new() };
        Self { look, terminal: stderr.terminal, results_on_terminal, outputs: Mutex::new(outputs) }
    }

    /// Whether what goes to stdout is shown to people, who have been told the same in their own words already.
    #[must_use]
    pub fn results_are_read_by_people(&self) -> bool {
        self.results_on_terminal
    }

    /// `    Finished 8 fresh, 2 built`: a verb, right-aligned and bold, and what it is about.
    pub fn status(&self, tone: Tone, verb: &str, message: &str) {
        if !self.look.quiet || tone == Tone::Bad {
            self.say(&self.status_line(tone, verb, message));
        }
    }

    /// The line that [`Console::status`] writes.
    #[must_use]
    pub fn status_line(&self, tone: Tone, verb: &str, message: &str) -> String {
        format!("{} {message}", self.paint(tone.style(), &format!("{verb:>COLUMN$}"))).trim_end().to_owned()
    }

    /// A line below a status, indented to where its message starts.
    pub fn detail(&self, message: &str) {
        if !self.look.quiet {
            self.say(&format!("{:COLUMN$} {message}", ""));
        }
    }

    /// A line that is shown even when the console is quiet: it belongs to an error.
    pub fn evidence(&self, message: &str) {
        self.say(&format!("{:COLUMN$} {message}", ""));
    }

    /// `error: …`
    pub fn error(&self, message: &str) {
        self.labelled(Tone::Bad, "error", message);
    }

    /// `hint: …`
    pub fn hint(&self, message: &str) {
        self.labelled(Tone::Busy, "hint", message);
    }

    /// A line of text for people, as it is.
    pub fn text(&self, message: &str) {
        self.say(message);
    }

    /// A line that a function printed.
    pub fn printed(&self, line: &str) {
        if !self.look.quiet {
            self.say(line);
        }
    }

    /// A line that one of several functions printed, named in a column of `width`; each has a colour.
    pub fn printed_by(&self, number: usize, name: &str, width: usize, line: &str) {
        let colors = [
            AnsiColor::Cyan,
            AnsiColor::Magenta,
            AnsiColor::Blue,
            AnsiColor::Green,
            AnsiColor::Yellow,
            AnsiColor::BrightCyan,
            AnsiColor::BrightMagenta,
            AnsiColor::BrightBlue,
        ];
        let style = Style::new().fg_color(Some(colors[number % colors.len()].into()));
        self.printed(&format!("{} {line}", self.paint(style, &format!("{name:>width$} |"))));
    }

    /// A result for programs, on stdout. Nobody reading any more is not an error.
    pub fn result(&self, text: &str) {
        let mut outputs = self.lock();
        let (erased, drawn) = (outputs.erased(), outputs.drawn());
        outputs.write_stderr(&erased);
        let written = writeln!(outputs.stdout, "{text}").and_then(|()| outputs.stdout.flush());
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            outputs.lost.get_or_insert(error);
        }
        outputs.write_stderr(&drawn);
    }

    /// Why a result could not be written, if one could not.
    pub fn lost_result(&self) -> Option<io::Error> {
        self.lock().lost.take()
    }

    /// A heading or a word in bold for stdout.
    #[must_use]
    pub fn strong(&self, text: &str) -> String {
        if self.look.stdout_color { painted(Style::new().bold(), text) } else { text.to_owned() }
    }

    /// Where a live area can be drawn: the terminal's size.
    #[must_use]
    pub fn live_size(&self) -> Option<Size> {
        self.terminal.filter(|_| self.look.live).map(|size| size())
    }

    /// Replaces the live area; without lines it is gone. No line may be wider than the terminal. The cursor is hidden
    /// while there is one.
    pub fn draw(&self, lines: Vec<String>) {
        let mut outputs = self.lock();
        let cursor = match (outputs.live.is_empty(), lines.is_empty()) {
            (true, false) => HIDE_CURSOR,
            (false, true) => SHOW_CURSOR,
            _ => "",
        };
        let erased = outputs.erased();
        outputs.live = lines;
        let picture = format!("{cursor}{erased}{}", outputs.drawn());
        outputs.write_stderr(&picture);
    }

    /// Takes the live area away and gives the cursor back. Harmless at any time.
    pub fn restore(&self) {
        self.draw(Vec::new());
    }

    /// Whether to tell more than usual.
    #[must_use]
    pub fn verbose(&self) -> bool {
        self.look.verbose
    }

    fn labelled(&self, tone: Tone, label: &str, message: &str) {
        let label = self.paint(tone.style(), &format!("{label}:"));
        self.say(&format!("{label} {message}"));
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.look.stderr_color { painted(style, text) } else { text.to_owned() }
    }

    fn say(&self, line: &str) {
        let mut outputs = self.lock();
        let picture = format!("{}{line}\n{}", outputs.erased(), outputs.drawn());
        outputs.write_stderr(&picture);
    }

    fn lock(&self) -> MutexGuard<'_, Outputs> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// However the program ends, the terminal is as before.
impl Drop for Console {
    fn drop(&mut self) {
        self.restore();
    }
}

const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";

impl Outputs {
    /// What takes the live area off the screen.
    fn erased(&self) -> String {
        match self.live.len() {
            0 => String::new(),
            lines => format!("\r\x1b[{lines}A\x1b[J"),
        }
    }

    /// What puts the live area on the screen.
    fn drawn(&self) -> String {
        match self.live.as_slice() {
            [] => String::new(),
            lines => format!("{}\n", lines.join("\n")),
        }
    }

    /// In one write, so that a terminal shows no half-drawn picture. When nobody reads there is nobody to tell.
    fn write_stderr(&mut self, picture: &str) {
        if !picture.is_empty() {
            let _ = self.stderr.write_all(picture.as_bytes());
            let _ = self.stderr.flush();
        }
    }
}

fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::testing::Screen;
    use super::*;

    #[test]
    fn lines_stand_above_the_live_area_and_the_cursor_comes_back() {
        let screen = Screen::default();
        {
            let console = screen.console(Look { live: true, ..Look::default() });
            console.draw(vec!["one".into(), "two".into()]);
            console.status(Tone::Good, "Built", "ping");
            console.draw(vec!["two".into()]);
        }
        let up = |lines: usize| format!("\r\x1b[{lines}A\x1b[J");
        let expected = [
            format!("{HIDE_CURSOR}one\ntwo\n"),
            format!("{}       Built ping\none\ntwo\n", up(2)),
            format!("{}two\n", up(2)),
            format!("{SHOW_CURSOR}{}", up(1)),
        ];
        assert_eq!(screen.text(), expected.concat());
    }
}
