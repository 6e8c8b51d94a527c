//! From instructions to layers and configuration, on top of one parent. Pure; the way BuildKit's
//! [fsutil](https://github.com/tonistiigi/fsutil/blob/master/copy/copy.go) copies is the law: folders that are copied over
//! others give them their mode, the folder that is copied into does not change, what is missing on the way is made.

use std::collections::BTreeMap;

use super::expand::{expand, expand_word};
use super::{Config, Context, Kind, Listing, Node, WhyNot};
use crate::digest::Digest;
use crate::dockerfile::{Does, Instruction};
use crate::inputs::{Entry, Source};
use crate::repo_path::RepoPath;

/// What a layer puts at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// A folder. One that is there already is put again as it is: who unpacks a layer by itself makes the folders on the
    /// way as it likes if the layer does not name them.
    Folder(Node),
    /// A file of the repository; its mode is 0755 or 0644, its owner is root.
    File {
        /// Where it is.
        from: RepoPath,
        /// What its content has to be.
        digest: Digest,
        /// Whether it may be executed.
        executable: bool,
    },
    /// A symbolic link, whose owner is root.
    Link {
        /// Its text.
        target: String,
    },
}

/// One layer: what it puts, by path without a slash at either end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    /// What it puts, folders before what is in them.
    pub puts: BTreeMap<String, Put>,
}

/// An image laid on its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laid {
    /// Its own layers, the lowest first.
    pub layers: Vec<Layer>,
    /// Its configuration, which does not know the layers' digests yet.
    pub config: Config,
}

/// Follows `instructions` from the parent's `config` and files on. `context` is what they copy from.
///
/// # Errors
/// [`WhyNot`].
pub fn lay(
    instructions: &[Instruction],
    context: &Context,
    config: Config,
    parent: &Listing,
) -> Result<Laid, WhyNot> {
    let mut laying = Laying { context, parent, ours: BTreeMap::new(), args: BTreeMap::new(), config };
    let mut layers = Vec::new();
    for instruction in instructions {
        let layer = laying.follow(instruction)?;
        // One line, as BuildKit writes it.
        let text = instruction.text.replace(" \\\n    ", " ");
        laying.config.tell(&text, layer.is_some());
        layers.extend(layer);
    }
    Ok(Laid { layers, config: laying.config })
}

struct Laying<'a> {
    context: &'a Context,
    parent: &'a Listing,
    /// What we have put so far, over the parent's.
    ours: BTreeMap<String, Node>,
    args: BTreeMap<String, String>,
    config: Config,
}

/// The bit by which new folders get a folder's own group.
const SET_GROUP: u32 = 0o2000;

/// What we make ourselves.
const FOLDER: Node = Node { kind: Kind::Folder, mode: 0o755, user: 0, group: 0 };

impl<'a> Laying<'a> {
    fn follow(&mut self, instruction: &Instruction) -> Result<Option<Layer>, WhyNot> {
        match &instruction.does {
            Does::Run => return Err(WhyNot::Runs { class: instruction.class }),
            Does::CopyFrom => return Err(WhyNot::CopiesFromAnImage),
            Does::Copy => return self.copy(instruction).map(Some),
            Does::Workdir(folder) => return self.workdir(folder),
            Does::Arg(name, value) => {
                let value = self.expand(value)?;
                self.args.insert(name.clone(), value);
            }
            Does::Env(pairs) => {
                for (name, value) in self.expand_all(pairs)? {
                    self.config.set_variable(&name, &value);
                }
            }
            Does::Label(pairs) => {
                for (name, value) in self.expand_all(pairs)? {
                    self.config.set_label(&name, &value);
                }
            }
            Does::Expose(port) => self.config.expose(*port),
            Does::User(user) => {
                let user = expand_word(user, |name| self.variable(name))?;
                self.config.set_user(&user);
            }
            Does::Entrypoint(words) => self.config.set_entrypoint(words),
            Does::Cmd(words) => self.config.set_cmd(words),
        }
        Ok(None)
    }

    /// The environment has the last word over build arguments.
    fn variable(&self, name: &str) -> Option<String> {
        self.config.variable(name).or_else(|| self.args.get(name).cloned())
    }

    fn expand(&self, value: &str) -> Result<String, WhyNot> {
        expand(value, |name| self.variable(name))
    }

    /// Each value sees the variables as they were before the instruction.
    fn expand_all(&self, pairs: &[(String, String)]) -> Result<Vec<(String, String)>, WhyNot> {
        pairs.iter().map(|(name, value)| Ok((name.clone(), self.expand(value)?))).collect()
    }

    fn workdir(&mut self, folder: &str) -> Result<Option<Layer>, WhyNot> {
        let folder = expand_word(folder, |name| self.variable(name))?;
        let path = self.absolute(&folder);
        let is_new = self.node(&path).is_none() && !path.is_empty();
        let user = self.config.user();
        if is_new && !matches!(user.as_str(), "" | "0" | "root" | "0:0" | "root:root") {
            return Err(WhyNot::WorkdirOwner { user });
        }
        let mut layer = Layer::default();
        self.make_folders(&mut layer, &path)?;
        self.config.set_workdir(&format!("/{path}"));
        Ok(is_new.then_some(layer))
    }

    fn copy(&mut self, instruction: &Instruction) -> Result<Layer, WhyNot> {
        let to = self.destination(instruction.to.as_deref().unwrap_or_default())?;
        let folder = self.absolute(&to);
        let mut layer = Layer::default();
        for source in &instruction.sources {
            match source {
                Source::File(path) => {
                    let into = to.ends_with('/') || self.is_folder(&folder);
                    let target = match path.file_name() {
                        Some(name) if into => join(&folder, name),
                        _ => folder.clone(),
                    };
                    self.make_folders(&mut layer, above(&target))?;
                    let entry = self.input(path)?;
                    self.put(&mut layer, target, path, entry)?;
                }
                Source::Tree(tree) => self.copy_folder(&mut layer, &tree.path, &folder)?,
            }
        }
        Ok(layer)
    }

    fn copy_folder(&mut self, layer: &mut Layer, from: &RepoPath, to: &str) -> Result<(), WhyNot> {
        if !from.is_root() && *self.input(from)? != Entry::Folder {
            return Err(WhyNot::Link { path: from.to_string() });
        }
        self.make_folders(layer, to)?;
        let context: &'a Context = self.context;
        for (path, entry) in context.range::<RepoPath, _>(from..) {
            let Some(rest) = path.relative_to(from) else {
                // Names that only begin like the folder's may stand among its own.
                if path.as_str().starts_with(from.as_str()) { continue } else { break }
            };
            if !rest.is_empty() {
                self.put(layer, join(to, rest), path, entry)?;
            }
        }
        Ok(())
    }

    /// An input by its own name. Links are followed by BuildKit in ways of its own.
    fn input(&self, path: &RepoPath) -> Result<&'a Entry, WhyNot> {
        let context: &'a Context = self.context;
        match context.get(path) {
            Some(entry @ (Entry::File { .. } | Entry::Folder)) => Ok(entry),
            Some(Entry::Link { .. }) | None => Err(WhyNot::Link { path: path.to_string() }),
        }
    }

    /// Puts an input at `path`, whose folder is there.
    fn put(&mut self, layer: &mut Layer, path: String, from: &RepoPath, entry: &Entry) -> Result<(), WhyNot> {
        let there = self.node(&path).map(|node| node.kind);
        if there == Some(Kind::Link) {
            // Some links are followed, others replaced.
            return Err(WhyNot::LinkInImage { path });
        }
        let (node, put) = match entry {
            Entry::Folder => (FOLDER, Put::Folder(FOLDER)),
            Entry::File { digest, executable } => {
                let mode = if *executable { 0o755 } else { 0o644 };
                let put = Put::File { from: from.clone(), digest: *digest, executable: *executable };
                (Node { kind: Kind::File, mode, ..FOLDER }, put)
            }
            Entry::Link { target } => {
                (Node { kind: Kind::Link, mode: 0o777, ..FOLDER }, Put::Link { target: target.clone() })
            }
        };
        let fits = there.is_none_or(|there| (there == Kind::Folder) == (node.kind == Kind::Folder));
        if path.is_empty() || !fits {
            return Err(WhyNot::Conflict { path });
        }
        self.ours.insert(path.clone(), node);
        layer.puts.insert(path, put);
        Ok(())
    }

    /// Names `path` and every folder above it in the layer: as it is, or made where it is missing.
    fn make_folders(&mut self, layer: &mut Layer, path: &str) -> Result<(), WhyNot> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for folder in ends.map(|end| &path[..end]).filter(|folder| !folder.is_empty()) {
            let node = match self.node(folder) {
                None if self.node(above(folder)).is_some_and(|above| above.mode & SET_GROUP != 0) => {
                    return Err(WhyNot::GroupHandedOn { path: above(folder).to_owned() });
                }
                None => FOLDER,
                Some(node) if node.kind == Kind::Folder => node,
                Some(Node { kind: Kind::Link, .. }) => {
                    return Err(WhyNot::LinkInImage { path: folder.to_owned() });
                }
                Some(_) => return Err(WhyNot::Conflict { path: folder.to_owned() }),
            };
            self.ours.insert(folder.to_owned(), node);
            layer.puts.entry(folder.to_owned()).or_insert(Put::Folder(node));
        }
        Ok(())
    }

    fn node(&self, path: &str) -> Option<Node> {
        self.ours.get(path).copied().or_else(|| self.parent.get(path))
    }

    fn is_folder(&self, path: &str) -> bool {
        path.is_empty() || self.node(path).is_some_and(|node| node.kind == Kind::Folder)
    }

    /// A destination in which only the task root that we put before it expands.
    fn destination(&self, to: &str) -> Result<String, WhyNot> {
        const TASK_ROOT: &str = "${LAMBDA_TASK_ROOT}";
        let (root, rest) = match to.strip_prefix(TASK_ROOT) {
            Some(rest) => (self.variable("LAMBDA_TASK_ROOT").unwrap_or_default(), rest),
            None => (String::new(), to),
        };
        if rest.contains('$') {
            return Err(WhyNot::Expansion { text: to.to_owned() });
        }
        Ok(root + rest)
    }

    /// The path of `text` without a slash at either end; a relative one is below the working directory.
    fn absolute(&self, text: &str) -> String {
        let whole = match text.starts_with('/') {
            true => text.to_owned(),
            false => format!("{}/{text}", self.config.workdir()),
        };
        let mut parts = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        parts.join("/")
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn above(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Layer {
    /// What tells layers apart without making them: equal keys, equal bytes.
    #[must_use]
    pub fn key(&self) -> Digest {
        let mut text = format!("layerwise {} layer\n", env!("CARGO_PKG_VERSION"));
        for (path, put) in &self.puts {
            // No path has a line break in it.
            text.push_str(&match put {
                Put::Folder(Node { mode, user, group, .. }) => format!("d {mode:o} {user} {group} {path}\n"),
                Put::File { digest, executable, .. } => format!("f {executable} {digest} {path}\n"),
                Put::Link { target } => format!("l {path}\n{target}\n"),
            });
        }
        Digest::of(text)
    }
}

#[cfg(test)]
#[path = "tests/lay.rs"]
mod tests;
