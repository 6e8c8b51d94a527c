//! Small shapes of text for people: shortened lines, durations, sizes, output of others made harmless. Pure.

use std::time::Duration;

/// `text` in at most `width` characters, with `…` where it was cut.
#[must_use]
pub fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    if width > 0 {
        short.push('…');
    }
    short
}

/// Seconds with one decimal, minutes from the second on.
#[must_use]
pub fn seconds(duration: Duration) -> String {
    let tenths = (duration.as_millis() + 50) / 100;
    match tenths / 600 {
        0 => format!("{}.{}s", tenths / 10, tenths % 10),
        minutes => format!("{minutes}m{:02}s", tenths % 600 / 10),
    }
}

/// Bytes in the unit that leaves at most three digits before the point.
#[must_use]
pub fn bytes(count: u64) -> String {
    let mut unit = 0;
    let mut divisor = 1;
    while count / divisor >= 1000 && unit < 4 {
        unit += 1;
        divisor *= 1000;
    }
    match unit {
        0 => format!("{count} B"),
        _ => {
            let tenths = count / (divisor / 10);
            format!("{}.{} {}B", tenths / 10, tenths % 10, ["", "k", "M", "G", "T"][unit])
        }
    }
}

/// A line that somebody else printed, without escape sequences and control characters: it cannot repaint our screen.
#[must_use]
pub fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\x1b' if characters.next_if_eq(&'[').is_some() => {
                // Parameters up to the final letter.
                while characters.next().is_some_and(|c| !('\x40'..='\x7e').contains(&c)) {}
            }
            '\x1b' => drop(characters.next()),
            '\t' => text.push_str("    "),
            // A progress bar overwrites its line: what came last is what it says.
            '\r' if characters.peek().is_some() => text.clear(),
            character if character.is_control() => {}
            character => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(shorten("abc", 3), "abc");
        assert_eq!(shorten("abcd", 3), "ab…");
        assert_eq!(shorten("ab cd", 4), "ab…");
        assert_eq!(shorten("ééé", 2), "é…");
        assert_eq!(shorten("abc", 0), "");
    }

    #[test]
    fn durations_and_sizes() {
        assert_eq!(seconds(Duration::from_millis(640)), "0.6s");
        assert_eq!(seconds(Duration::from_millis(59_940)), "59.9s");
        assert_eq!(seconds(Duration::from_millis(61_000)), "1m01s");
        assert_eq!(
            [0, 999, 1000, 12_345, 1_234_567_890].map(bytes),
            ["0 B", "999 B", "1.0 kB", "12.3 kB", "1.2 GB"]
        );
    }

    #[test]
    fn output_of_others_cannot_repaint_the_screen() {
        assert_eq!(plain("\x1b[31mred\x1b[0m\ttab"), "red    tab");
        assert_eq!(plain(" 10%\r 90%\r"), " 90%");
        assert_eq!(plain("\x1b[2J\x07bell\x1b(B"), "bellB");
    }
}
