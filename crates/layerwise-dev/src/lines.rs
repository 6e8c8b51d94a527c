//! From the pieces in which output arrives to lines, and which of them are the emulator's own. Pure.

/// Bytes that are not a line yet.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<u8>);

impl Lines {
    /// The lines that end in `piece`. A carriage return ends one too: Lambda's runtimes keep a record of several lines
    /// together with it.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for part in piece.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            self.0.extend_from_slice(part);
            if part.ends_with(b"\n") || part.ends_with(b"\r") {
                self.0.pop();
                lines.extend(self.whole());
            }
        }
        lines
    }

    /// What is left when nothing more comes.
    pub(crate) fn rest(mut self) -> Option<String> {
        self.whole()
    }

    /// Empty lines say nothing, and a line break after a carriage return makes one.
    fn whole(&mut self) -> Option<String> {
        let bytes = std::mem::take(&mut self.0);
        (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Whether a line is the emulator's or the runtime's own word on an invocation, which nobody who develops a function has
/// asked for.
#[must_use]
pub fn is_of_the_emulator(line: &str) -> bool {
    let report = ["START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "XRAY TraceId: "];
    report.iter().any(|start| line.starts_with(start))
        || line.contains("] (rapid) ")
        || line.contains("LAMBDA_WARNING: Unhandled exception.")
        // What a runtime says whose emulator was ended.
        || line.contains("] LAMBDA_RUNTIME Failed to get next invocation.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_however_they_arrive() {
        let text = b"one\ntwo \xc3\xa9\r\n\n[ERROR] E\rTraceback\rlast";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let mut found: Vec<String> = text.chunks(size).flat_map(|piece| lines.take(piece)).collect();
            found.extend(lines.rest());
            assert_eq!(found, ["one", "two é", "[ERROR] E", "Traceback", "last"], "{size}");
        }
    }

    #[test]
    fn the_emulators_words_are_told_from_the_functions() {
        for own in [
            "START RequestId: 1 Version: $LATEST",
            "REPORT RequestId: 1\tDuration: 1 ms",
            "24 Nov 2026 09:17:30,176 [INFO] (rapid) exec '/var/runtime/bootstrap' (cwd=/var/task, handler=)",
            "[ERROR] [1795512553192] LAMBDA_RUNTIME Failed to get next invocation. No Response from endpoint",
            "[WARNING]\t2026-11-24T09:17:33.441Z\t\tLAMBDA_WARNING: Unhandled exception. The most likely",
        ] {
            assert!(is_of_the_emulator(own), "{own}");
        }
        for line in ["in handler", "[ERROR] ValueError: no", "the START RequestId: of it"] {
            assert!(!is_of_the_emulator(line), "{line}");
        }
    }
}
