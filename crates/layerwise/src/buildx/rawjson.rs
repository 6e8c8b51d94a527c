//! What `--progress=rawjson` says: bytes → objects and plain lines. Knows the form, not the meaning.
//!
//! buildx 0.13 prints each object over many lines, 0.29 on one; both end a failed build with lines of plain text in
//! the same stream. So a line that begins an object is collected until the object is whole, and whatever does not
//! parse is text: nothing that buildx says can make us fail.

use serde::Deserialize;

/// One thing that buildx said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An object.
    Status(Status),
    /// A line of plain text, without its end.
    Text(String),
}

/// BuildKit's
/// [`SolveStatus`](https://github.com/moby/buildkit/blob/master/client/graph.go), as far as we use it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// News of steps.
    pub vertexes: Vec<Vertex>,
    /// News of what goes on inside steps.
    pub statuses: Vec<Part>,
    /// What steps printed.
    pub logs: Vec<Log>,
}

/// The state of one step. The same step comes many times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Vertex {
    /// What tells steps apart.
    pub digest: String,
    /// `[2/4] RUN pip install …`.
    pub name: String,
    /// RFC 3339.
    pub started: Option<String>,
    /// RFC 3339.
    pub completed: Option<String>,
    /// Whether the cache gave it.
    pub cached: bool,
    /// Why it failed; empty otherwise.
    pub error: String,
}

/// One of the things that a step does: `extracting sha256:…`, `pushing layers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Part {
    /// What it does.
    pub id: String,
    /// The digest of its step.
    pub vertex: String,
}

/// Bytes that a step printed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Log {
    /// The digest of its step.
    pub vertex: String,
    /// 1 is standard output, 2 standard error.
    pub stream: u8,
    /// Base64; a chunk may end inside a line.
    pub data: String,
    /// RFC 3339.
    pub timestamp: Option<String>,
}

/// The reading so far.
#[derive(Debug, Default)]
pub struct Reader {
    /// Bytes of a line whose end has not come.
    line: Vec<u8>,
    /// Lines of an object whose end has not come.
    object: String,
}

impl Reader {
    /// Takes more bytes, cut anywhere, and hands on what is complete.
    pub fn read(&mut self, bytes: &[u8], found: &mut dyn FnMut(Item)) {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end_line(found);
            }
        }
    }

    /// Hands on what is left when the stream has ended.
    pub fn finish(mut self, found: &mut dyn FnMut(Item)) {
        if !self.line.is_empty() {
            self.end_line(found);
        }
        self.give_up(found);
    }

    fn end_line(&mut self, found: &mut dyn FnMut(Item)) {
        let line = String::from_utf8_lossy(self.line.trim_ascii_end()).into_owned();
        self.line.clear();
        if !self.object.is_empty() && !line.starts_with([' ', '}']) {
            self.give_up(found);
        }
        if self.object.is_empty() && !line.starts_with('{') {
            found(Item::Text(line));
            return;
        }
        self.object.push_str(&line);
        self.object.push('\n');
        // A line `{` begins an object of many lines, which a line `}` ends; any other line is whole or no object.
        if line == "{" || line.starts_with(' ') {
            return;
        }
        match serde_json::from_str(&self.object) {
            Ok(status) => {
                self.object.clear();
                found(Item::Status(status));
            }
            Err(_) => self.give_up(found),
        }
    }

    /// What looked like an object is none.
    fn give_up(&mut self, found: &mut dyn FnMut(Item)) {
        for line in std::mem::take(&mut self.object).lines() {
            found(Item::Text(line.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], piece: usize) -> Vec<Item> {
        let mut items = Vec::new();
        let mut reader = Reader::default();
        for bytes in bytes.chunks(piece) {
            reader.read(bytes, &mut |item| items.push(item));
        }
        reader.finish(&mut |item| items.push(item));
        items
    }

    fn texts(bytes: &[u8]) -> Vec<String> {
        let text = |item| match item {
            Item::Text(text) => Some(text),
            Item::Status(_) => None,
        };
        read(bytes, 7).into_iter().filter_map(text).collect()
    }

    #[test]
    fn both_versions_say_the_same_of_the_same_failure() {
        let old = include_bytes!("recorded/0.13.fail.rawjson");
        let new = include_bytes!("recorded/0.29.fail.rawjson");
        assert_eq!(read(old, 1), read(old, 1 << 20), "where the bytes are cut does not matter");
        assert_eq!(read(new, 1), read(new, 1 << 20));
        assert_eq!(texts(new).first().unwrap(), "fail.Dockerfile:3");
        assert_eq!(texts(old).len(), texts(new).len());
        for stream in [&old[..], &new[..]] {
            let steps = read(stream, 4096).into_iter().filter_map(|item| match item {
                Item::Status(status) => Some(status.vertexes),
                Item::Text(_) => None,
            });
            assert!(steps.flatten().any(|vertex| vertex.error.ends_with("exit code: 7")));
        }
    }

    #[test]
    fn what_is_no_object_is_text() {
        let stream = b"{not json\n{\n  \"vertexes\": [\nERROR: cut short\n}\nlast";
        assert_eq!(texts(stream), ["{not json", "{", "  \"vertexes\": [", "ERROR: cut short", "}", "last"]);
    }

    #[test]
    fn unknown_fields_are_no_trouble() {
        let items = read(br#"{"vertexes":[{"digest":"a","news":{}}],"warnings":[]}"#, 3);
        assert!(matches!(&items[..], [Item::Status(status)] if status.vertexes[0].digest == "a"));
    }
}
