//! Bytes of a step's output → readable lines. Drops what only a terminal understands.

/// The output of one step so far.
#[derive(Debug, Default)]
pub struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes more bytes, cut anywhere; answers the lines that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let before = self.partial.len();
        self.partial.extend_from_slice(bytes);
        // Only what is new can hold a line's end: a line may be long and come in many pieces.
        let Some(end) = bytes.iter().rposition(|&byte| byte == b'\n') else { return Vec::new() };
        let end = before + end;
        let rest = self.partial.split_off(end + 1);
        let whole = std::mem::replace(&mut self.partial, rest);
        whole[..end].split(|&byte| byte == b'\n').map(readable).collect()
    }

    /// What is left of a line that never ended.
    pub fn finish(&mut self) -> Option<String> {
        let rest = readable(&std::mem::take(&mut self.partial));
        (!rest.is_empty()).then_some(rest)
    }
}

/// One line as a terminal would show it in the end: without escape sequences, and of what a progress bar wrote over
/// itself the last state.
pub fn readable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    let last = text.rsplit('\r').next().unwrap_or_default();
    let mut plain = String::with_capacity(last.len());
    let mut chars = last.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\t' => plain.push(c),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain
}

/// Skips the rest of an escape sequence (ECMA-48): `[` … a final byte, `]` … BEL or ESC `\`, or a single character.
fn skip_escape(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => {
            let _ = chars.find(|c| ('@'..='~').contains(c));
        }
        Some(']') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || (c == '\u{1b}' && chars.next().is_some()) {
                    break;
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_may_be_cut_anywhere() {
        let text = "one\ntwö\r\n\nthree".as_bytes();
        for piece in 1..=text.len() {
            let mut lines = Lines::default();
            let mut all: Vec<_> = text.chunks(piece).flat_map(|bytes| lines.push(bytes)).collect();
            all.extend(lines.finish());
            assert_eq!(all, ["one", "twö", "", "three"], "pieces of {piece}");
        }
    }

    #[test]
    fn a_long_line_may_come_in_many_pieces() {
        let mut lines = Lines::default();
        for _ in 0..1_000_000 {
            assert!(lines.push(b"ab").is_empty());
        }
        assert_eq!(lines.push(b"\nc"), ["ab".repeat(1_000_000)]);
        assert_eq!(lines.finish().as_deref(), Some("c"));
    }

    #[test]
    fn what_only_a_terminal_understands_is_dropped() {
        assert_eq!(
            readable(b"\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x1b\\ a\tb\x08"),
            "red link a\tb"
        );
        assert_eq!(readable(b" 10%\r 50%\r100%\r"), "100%");
        assert_eq!(readable(b"cut \x1b["), "cut ");
    }
}
