//! Makes outputs of different machines and moments equal: paths, digests and times become words in brackets.

use camino::Utf8Path;

pub struct Redactor {
    root: String,
}

impl Redactor {
    pub fn new(root: &Utf8Path) -> Self {
        Self { root: root.to_string() }
    }

    pub fn redact(&self, text: &str) -> String {
        let text = text.replace(&self.root, "[root]");
        let lines = text.split_inclusive('\n').map(|line| times(&hashes(line)));
        lines.collect()
    }
}

/// Whole words of 64 or 12 hexadecimal digits.
fn hashes(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let hex = word.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
        text.push_str(match word.len() {
            64 if hex => "[digest]",
            12 if hex => "[short]",
            _ => word,
        });
        let next = after.chars().next().map_or(0, char::len_utf8);
        text.push_str(&after[..next]);
        rest = &after[next..];
    }
    text
}

/// `(7 ms)` and `"milliseconds": 7`.
fn times(line: &str) -> String {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    if let Some((before, after)) = line.split_once("\"milliseconds\": ") {
        return format!("{before}\"milliseconds\": [time]{}", &after[digits(after)..]);
    }
    if let Some((before, after)) = line.split_once(" ms)") {
        let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
        return format!("{before}[time] ms){after}");
    }
    line.to_owned()
}

#[test]
fn what_differs_between_machines_is_redacted() {
    let redactor = Redactor::new(Utf8Path::new("/tmp/x"));
    let hex = "0123456789abcdef".repeat(4);
    let text = format!("/tmp/x/a sha256:{hex} sha-0123456789ab (12 ms)\n \"milliseconds\": 3,\n");
    let expected = "[root]/a sha256:[digest] sha-[short] ([time] ms)\n \"milliseconds\": [time],\n";
    assert_eq!(redactor.redact(&text), expected);
}
