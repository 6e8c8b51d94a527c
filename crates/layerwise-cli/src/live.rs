//! The live area of a run: one line for each image that is being built. Pure; never writes.

use std::time::Instant;

use layerwise::builder::BuildProgress;

use crate::console::{seconds, shorten};
use crate::surroundings::Size;

/// The images that are being built now, in the order in which they started.
#[derive(Debug, Default)]
pub struct Live {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    target: usize,
    label: String,
    step: String,
    begun: Instant,
}

/// One line of the area, for whoever paints verbs.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// What happens.
    pub verb: &'static str,
    /// To what, and how far; fits into the width.
    pub message: String,
}

/// What stands before a line's message: the verb's column and a space.
const MARGIN: usize = 13;

impl Live {
    /// An image is being built from now on.
    pub fn started(&mut self, target: usize, label: &str, now: Instant) {
        self.ended(target);
        self.rows.push(Row { target, label: label.to_owned(), step: String::new(), begun: now });
    }

    /// It went on.
    pub fn progress(&mut self, target: usize, progress: &BuildProgress) {
        let step = match progress {
            BuildProgress::Started { step } => readable(step),
            BuildProgress::Cached { step } => format!("{} (cached)", readable(step)),
            BuildProgress::Done { .. } => return,
        };
        if let Some(row) = self.rows.iter_mut().find(|row| row.target == target) {
            row.step = step;
        }
    }

    /// It is no longer being built.
    pub fn ended(&mut self, target: usize) {
        self.rows.retain(|row| row.target != target);
    }

    /// The lines to draw on a terminal of `size`, labels in a column of `labels`.
    #[must_use]
    pub fn lines(&self, now: Instant, size: Size, labels: usize) -> Vec<Line> {
        // A line that reaches the last column wraps on some terminals; the line above the area stays visible.
        let width = size.width.saturating_sub(MARGIN + 1);
        let rows = size.height.saturating_sub(2).max(1);
        let shown = if self.rows.len() > rows { rows - 1 } else { self.rows.len() };
        let line = |row: &Row| {
            let time = seconds(now.saturating_duration_since(row.begun));
            let label = format!("{:labels$}", row.label);
            let rest = width.saturating_sub(label.chars().count() + time.len() + 4);
            let step = shorten(&row.step, rest);
            Line { verb: "Building", message: shorten(&format!("{label}  {step}  {time}"), width) }
        };
        let mut lines: Vec<Line> = self.rows[..shown].iter().map(line).collect();
        if shown < self.rows.len() {
            lines.push(Line { verb: "", message: format!("and {} more", self.rows.len() - shown) });
        }
        lines
    }
}

/// An instruction as a reader recognises it: without mounts, line breaks and a first shell.
#[must_use]
pub fn readable(step: &str) -> String {
    let words = step.split_whitespace().filter(|word| *word != "\\" && !word.starts_with("--mount="));
    crate::console::plain(&words.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const WIDE: Size = Size { width: 60, height: 24 };

    fn messages(live: &Live, after: u64, begun: Instant, size: Size) -> Vec<String> {
        let lines = live.lines(begun + Duration::from_millis(after), size, 6);
        lines.into_iter().map(|line| format!("{:>12} {}", line.verb, line.message)).collect()
    }

    fn started(step: &str) -> BuildProgress {
        BuildProgress::Started { step: step.into() }
    }

    #[test]
    fn each_running_image_has_a_line_that_fits() {
        let now = Instant::now();
        let mut live = Live::default();
        live.started(3, "ping", now);
        live.started(1, "submit", now);
        live.progress(
            3,
            &started(
                "[4/6] RUN --mount=type=cache,target=/x \\\n  python3 -m pip install -r requirements.txt",
            ),
        );
        live.progress(1, &BuildProgress::Cached { step: "[2/6] RUN true".into() });
        let lines = messages(&live, 3140, now, WIDE);
        assert_eq!(
            lines,
            [
                "    Building ping    [4/6] RUN python3 -m pip instal…  3.1s",
                "    Building submit  [2/6] RUN true (cached)  3.1s",
            ]
        );
        assert!(lines.iter().all(|line| line.chars().count() < WIDE.width));
        live.ended(3);
        assert_eq!(messages(&live, 0, now, WIDE), ["    Building submit  [2/6] RUN true (cached)  0.0s"]);
    }

    #[test]
    fn a_low_terminal_says_how_many_are_not_shown() {
        let now = Instant::now();
        let mut live = Live::default();
        (0..5).for_each(|target| live.started(target, "image", now));
        let lines = messages(&live, 0, now, Size { width: 60, height: 5 });
        assert_eq!((lines.len(), lines[2].trim()), (3, "and 3 more"));
    }

    #[test]
    fn a_narrow_terminal_is_survived() {
        let now = Instant::now();
        let mut live = Live::default();
        live.started(0, "a-long-label", now);
        for width in 0..30 {
            let lines = messages(&live, 0, now, Size { width, height: 1 });
            assert!(lines[0].chars().count() <= width.max(MARGIN), "{width}: {}", lines[0]);
        }
    }
}
