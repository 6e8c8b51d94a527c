//! What is at which path of an image: enough to copy into it as BuildKit would. Pure; reads no archive itself.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// What an image has at one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its permissions, with the bits above them.
    pub mode: u32,
    /// The id of its owner.
    pub user: u64,
    /// The id of its group.
    pub group: u64,
}

/// Kinds of what can be at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// Anything else.
    File,
}

/// What one entry of a layer does to what is below it
/// ([OCI image specification, layers](https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// Puts something there.
    Put(Node),
    /// Takes away what is there, with all below it.
    Remove,
    /// Takes away all below it that earlier layers put there.
    Empty,
}

/// An image's files by path: without a slash at either end, sorted by byte.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    nodes: BTreeMap<String, Node>,
}

impl Tree {
    /// Puts a layer over what is there: what it takes away first, as only earlier layers are meant, then what it puts.
    pub fn apply(&mut self, layer: &[(String, Change)]) {
        for (path, change) in layer {
            match change {
                Change::Put(_) => {}
                Change::Remove => {
                    self.nodes.remove(path);
                    self.empty(path);
                }
                Change::Empty => self.empty(path),
            }
        }
        for (path, change) in layer {
            let Change::Put(node) = change else { continue };
            if node.kind != Kind::Folder {
                self.empty(path);
            }
            self.nodes.insert(path.clone(), *node);
        }
    }

    fn empty(&mut self, folder: &str) {
        let below = format!("{folder}/");
        let inside: Vec<String> = self
            .nodes
            .range(below.clone()..)
            .map(|(path, _)| path)
            .take_while(|path| path.starts_with(&below))
            .cloned()
            .collect();
        for path in inside {
            self.nodes.remove(&path);
        }
    }

    /// The list of all this.
    #[must_use]
    pub fn listing(&self) -> Listing {
        let mut text = String::new();
        for (path, Node { kind, mode, user, group }) in &self.nodes {
            let kind = match kind {
                Kind::Folder => 'd',
                Kind::Link => 'l',
                Kind::File => 'f',
            };
            let _ = writeln!(text, "{kind} {mode:o} {user} {group} {path}");
        }
        Listing(text)
    }
}

/// A tree as a text, a line for each path in the order of their bytes. A parent has tens of thousands of paths, of which an
/// image asks for a few: they are looked up in the text, which is never taken apart as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing(String);

impl Listing {
    /// Takes what [`Listing::text`] gave.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What is at `path`: without a slash at either end.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Node> {
        let (mut low, mut high) = (0, self.0.len());
        while low < high {
            let mut middle = low + (high - low) / 2;
            while !self.0.is_char_boundary(middle) {
                middle -= 1;
            }
            let start = self.0[low..middle].rfind('\n').map_or(low, |at| low + at + 1);
            let length = self.0[start..].find('\n')?;
            let (found, node) = line(&self.0[start..start + length])?;
            match found.cmp(path) {
                Ordering::Equal => return Some(node),
                Ordering::Less => low = start + length + 1,
                Ordering::Greater => high = start,
            }
        }
        None
    }
}

fn line(line: &str) -> Option<(&str, Node)> {
    let mut words = line.splitn(5, ' ');
    let kind = match words.next()? {
        "d" => Kind::Folder,
        "l" => Kind::Link,
        "f" => Kind::File,
        _ => return None,
    };
    let mode = u32::from_str_radix(words.next()?, 8).ok()?;
    let (user, group) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((words.next()?, Node { kind, mode, user, group }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(kind: Kind) -> Change {
        Change::Put(Node { kind, mode: 0o755, user: 0, group: 0 })
    }

    fn layer(changes: &[(&str, Change)]) -> Vec<(String, Change)> {
        changes.iter().map(|(path, change)| ((*path).to_owned(), *change)).collect()
    }

    fn paths(tree: &Tree) -> Vec<&str> {
        tree.nodes.keys().map(String::as_str).collect()
    }

    #[test]
    fn layers_put_take_away_and_replace() {
        let (folder, file, link) = (put(Kind::Folder), put(Kind::File), put(Kind::Link));
        let mut tree = Tree::default();
        tree.apply(&layer(&[("a", folder), ("a/b", folder), ("a/b/c", file), ("a.b", file), ("d", folder)]));
        tree.apply(&layer(&[("a/new", file), ("a", Change::Empty), ("d", Change::Remove)]));
        assert_eq!(paths(&tree), ["a", "a.b", "a/new"], "what a layer puts itself stays");
        tree.apply(&layer(&[("a", link)]));
        assert_eq!(paths(&tree), ["a", "a.b"], "a link has nothing below it");
        assert_eq!(tree.nodes["a"].kind, Kind::Link);
    }

    #[test]
    fn every_path_is_found_in_the_listing() {
        let mut tree = Tree::default();
        let odd = Node { kind: Kind::Folder, mode: 0o1777, user: 5, group: 70000 };
        let names = ["tmp", "a b  c", "é", "a", "a/b", "a.b", "z"];
        tree.apply(&layer(&names.map(|name| (name, Change::Put(odd)))));
        tree.apply(&layer(&[("a/b", put(Kind::Link)), ("z", put(Kind::File))]));
        let listing = tree.listing();
        insta::assert_snapshot!(listing.text());
        assert_eq!(listing.get("tmp"), Some(odd));
        for name in names {
            assert_eq!(listing.get(name), tree.nodes.get(name).copied(), "{name}");
        }
        for missing in ["", "A", "a/", "a/c", "b", "zz"] {
            assert_eq!(listing.get(missing), None, "{missing}");
        }
        assert_eq!(Tree::default().listing().get("a"), None);
    }
}
