//! What happens to a monorepo between two looks at it. Each step is complete in itself and does nothing where what it
//! speaks of is not there, so that a list of steps still means something when some of them are left out.

use super::declaration::{Declaration, Kind, On, Part, StageModel};
use super::tree::{Node, Tree};

/// A monorepo as a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monorepo {
    /// Its files.
    pub tree: Tree,
    /// Its images.
    pub declaration: Declaration,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Writes a file: new bytes, or a file where a link or a folder was.
    Write(String, Vec<u8>),
    /// Other bytes, as many, and the modification time of before.
    EditQuietly(String),
    /// A line more.
    Append(String),
    /// Only so many bytes stay.
    Truncate(String, usize),
    /// Renames or moves a file, a link or a folder; with `follow` the declaration knows of it.
    Rename {
        /// From where.
        from: String,
        /// To where.
        to: String,
        /// Whether declared sources are changed too.
        follow: bool,
    },
    /// Two files have each other's content and mode.
    Swap(String, String),
    /// Deletes with all below.
    Delete(String),
    /// Makes a folder.
    Folder(String),
    /// Sets permission bits.
    Mode(String, u32),
    /// A new modification time.
    Touch(String),
    /// Makes a link, whatever was there.
    Link(String, String),
    /// A second name for a file, as package managers make them; whatever was there is gone.
    HardLink {
        /// The new name.
        path: String,
        /// The file.
        of: String,
    },
    /// Every mode is as a checkout under this umask has it.
    Umask(u32),
    /// The declaration changes.
    Declare(usize, Change),
    /// Something is done with git.
    Git(Git),
    /// The checkout has another place.
    Move(String),
}

/// What is done with git; the files are as before when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Git {
    /// Everything is committed.
    Commit,
    /// The last commit is amended.
    Amend,
    /// Another branch, with a commit of its own, and back.
    SwitchAndBack,
}

/// A change to one image's declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A part more, at this place; the first flag says whether in the stage.
    Insert(bool, usize, Part),
    /// A part less.
    Remove(bool, usize),
    /// A part instead of another one.
    Replace(bool, usize, Part),
    /// Two neighbours change places.
    Exchange(bool, usize),
    /// Another parent, of the stage or of the image.
    On(bool, On),
    /// Another stage, or none.
    Stage(Option<StageModel>),
    /// Whether the stage is the image.
    Target(bool),
    /// Another kind, of one that is no base.
    Kind(Kind),
    /// A function's name.
    Function(String),
}

impl Step {
    /// What kind of step it is, for counting.
    #[must_use]
    pub fn kind(&self) -> String {
        let text = format!("{self:?}");
        let word =
            |text: &str| text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
        match self {
            Self::Declare(_, change) => format!("Declare {}", word(&format!("{change:?}"))),
            Self::Git(git) => format!("Git {git:?}"),
            _ => word(&text),
        }
    }

    /// Does it.
    pub fn apply(&self, monorepo: &mut Monorepo) {
        let tree = &mut monorepo.tree;
        match self {
            Self::Write(path, bytes) => tree.write(path, bytes),
            Self::EditQuietly(path) => {
                if let Some(Node::File { bytes, .. }) = tree.nodes.get_mut(path) {
                    bytes.iter_mut().for_each(|byte| *byte ^= 1);
                }
            }
            Self::Append(path) => edit(tree, path, |bytes| bytes.extend_from_slice(b"more\n")),
            Self::Truncate(path, to) => edit(tree, path, |bytes| bytes.truncate(*to)),
            Self::Rename { from, to, follow } => {
                tree.rename(from, to);
                if *follow {
                    for image in &mut monorepo.declaration.images {
                        let stage = image.stage.iter_mut().flat_map(|stage| &mut stage.parts);
                        stage.chain(&mut image.parts).for_each(|part| part.follow(from, to));
                    }
                }
            }
            Self::Swap(one, other) => {
                if let (Some(a @ Node::File { .. }), Some(b @ Node::File { .. })) =
                    (tree.nodes.get(one).cloned(), tree.nodes.get(other).cloned())
                {
                    tree.nodes.insert(one.clone(), b);
                    tree.nodes.insert(other.clone(), a);
                }
            }
            Self::Delete(path) => tree.remove(path),
            Self::Folder(path) => {
                if !tree.nodes.contains_key(path) {
                    tree.put(path, Node::Folder { mode: 0o755 });
                }
            }
            Self::Mode(path, bits) => {
                if let Some(Node::File { mode, .. } | Node::Folder { mode }) = tree.nodes.get_mut(path) {
                    *mode = *bits;
                }
            }
            Self::Touch(path) => edit(tree, path, |_| {}),
            Self::Link(path, target) => tree.put(path, Node::Link { target: target.clone() }),
            Self::HardLink { path, of } => {
                if let Some(file @ Node::File { .. }) = tree.nodes.get(of).filter(|_| path != of).cloned() {
                    tree.put(path, file);
                }
            }
            Self::Umask(umask) => tree.set_umask(*umask),
            Self::Declare(image, change) => declare(&mut monorepo.declaration, *image, change),
            Self::Git(_) | Self::Move(_) => {}
        }
    }
}

fn edit(tree: &mut Tree, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let now = tree.tick();
    if let Some(Node::File { bytes, time, .. }) = tree.nodes.get_mut(path) {
        change(bytes);
        *time = now;
    }
}

fn declare(declaration: &mut Declaration, image: usize, change: &Change) {
    let Some(image) = declaration.images.get_mut(image) else { return };
    match change {
        Change::Insert(stage, at, part) => {
            let parts = image.parts_mut(*stage);
            parts.insert((*at).min(parts.len()), part.clone());
        }
        Change::Remove(stage, at) => {
            let parts = image.parts_mut(*stage);
            if *at < parts.len() {
                parts.remove(*at);
            }
        }
        Change::Replace(stage, at, part) => {
            if let Some(old) = image.parts_mut(*stage).get_mut(*at) {
                *old = part.clone();
            }
        }
        Change::Exchange(stage, at) => {
            let parts = image.parts_mut(*stage);
            if at + 1 < parts.len() {
                parts.swap(*at, at + 1);
            }
        }
        Change::On(stage, on) => match &mut image.stage {
            Some(model) if *stage => model.on = on.clone(),
            _ => image.on = on.clone(),
        },
        Change::Stage(stage) => {
            image.stage.clone_from(stage);
            if image.stage.is_none() {
                image.target = false;
                image.parts.retain(|part| !matches!(part, Part::CopyFrom(..)));
            }
        }
        Change::Target(target) => image.target = *target && image.stage.is_some(),
        Change::Kind(kind) => {
            if image.kind != Kind::Base && *kind != Kind::Base {
                image.kind = *kind;
            }
        }
        Change::Function(name) => image.function = Some(name.clone()),
    }
}
