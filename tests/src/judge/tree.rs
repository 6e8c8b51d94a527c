//! The files of a monorepo as a model: what steps change, and what a checkout is brought to. Never touches the disk.

use std::collections::BTreeMap;

/// What one path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A regular file.
    File {
        /// Its content.
        bytes: Vec<u8>,
        /// Its permission bits.
        mode: u32,
        /// Its modification time, in seconds since some day.
        time: u64,
    },
    /// A symbolic link.
    Link {
        /// Its target, as written.
        target: String,
    },
    /// A folder.
    Folder {
        /// Its permission bits.
        mode: u32,
    },
}

/// Every path below the root, folders included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// The nodes by path.
    pub nodes: BTreeMap<String, Node>,
    /// Counts the writes: each has a modification time of its own.
    clock: u64,
}

impl Tree {
    /// Puts a node at `path`, with the folders above it; whatever was there is gone.
    pub fn put(&mut self, path: &str, node: Node) {
        self.remove(path);
        for (at, _) in path.match_indices('/') {
            let folder = &path[..at];
            if !matches!(self.nodes.get(folder), Some(Node::Folder { .. })) {
                self.nodes.insert(folder.to_owned(), Node::Folder { mode: 0o755 });
            }
        }
        self.nodes.insert(path.to_owned(), node);
    }

    /// Writes a file with a modification time of its own; an existing one keeps its mode.
    pub fn write(&mut self, path: &str, bytes: &[u8]) {
        let mode = match self.nodes.get(path) {
            Some(Node::File { mode, .. }) => *mode,
            _ => 0o644,
        };
        let time = self.tick();
        self.put(path, Node::File { bytes: bytes.to_vec(), mode, time });
    }

    /// The next modification time.
    pub fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// Removes `path` and all below it.
    pub fn remove(&mut self, path: &str) {
        let below = format!("{path}/");
        self.nodes.retain(|other, _| other != path && !other.starts_with(&below));
    }

    /// Renames `from` with all below it; nothing happens where there is nothing or `to` lies in it.
    pub fn rename(&mut self, from: &str, to: &str) {
        let below = format!("{from}/");
        if to == from || to.starts_with(&below) || !self.nodes.contains_key(from) {
            return;
        }
        let moved: Vec<_> = self
            .nodes
            .iter()
            .filter_map(|(path, node)| {
                let rest =
                    if path == from { "" } else { &path[path.strip_prefix(&below).map(|_| from.len())?..] };
                Some((format!("{to}{rest}"), node.clone()))
            })
            .collect();
        self.remove(from);
        for (path, node) in moved {
            self.put(&path, node);
        }
    }

    /// The paths of all nodes that `wanted` takes.
    pub fn paths(&self, wanted: impl Fn(&Node) -> bool) -> Vec<String> {
        self.nodes.iter().filter(|(_, node)| wanted(node)).map(|(path, _)| path.clone()).collect()
    }

    /// Gives every node the mode that it would have in a fresh checkout under this umask.
    pub fn set_umask(&mut self, umask: u32) {
        for node in self.nodes.values_mut() {
            match node {
                Node::File { mode, .. } => {
                    let all = if *mode & 0o100 == 0 { 0o666 } else { 0o777 };
                    *mode = all & !umask;
                }
                Node::Folder { mode } => *mode = 0o777 & !umask,
                Node::Link { .. } => {}
            }
        }
    }
}
