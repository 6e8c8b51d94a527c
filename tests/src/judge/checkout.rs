//! A checkout on the disk that is brought to what the model says, in place and with as few writes as an editor would
//! make; and copies of it for the builder.
//!
//! BuildKit takes a file for unchanged when path, size and modification time are, so it would be deceived by the quiet
//! edits that it is to judge: it gets a fresh copy of every state, at a path of its own.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use layerwise::process::{Cancel, Command};

use super::step::Git;
use super::tree::{Node, Tree};

/// A checkout.
#[derive(Debug)]
pub struct Checkout {
    folder: Utf8PathBuf,
    root: Utf8PathBuf,
    written: Tree,
}

/// Modification times are counted from here, in seconds since 1970.
const SOME_DAY: u64 = 1_600_000_000;

impl Checkout {
    /// An empty one somewhere below `folder`.
    ///
    /// # Errors
    /// Of the file system.
    pub fn new(folder: &Utf8Path) -> io::Result<Self> {
        let root = folder.join("checkout");
        fs::create_dir_all(&root)?;
        Ok(Self { folder: folder.to_owned(), root, written: Tree::default() })
    }

    /// Its root.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Moves it to another place.
    ///
    /// # Errors
    /// Of the file system.
    pub fn move_to(&mut self, place: &str) -> io::Result<()> {
        let to = self.folder.join("moved").join(place);
        if to != self.root {
            fs::create_dir_all(to.parent().unwrap_or(&to))?;
            fs::rename(&self.root, &to)?;
            self.root = to;
        }
        Ok(())
    }

    /// Brings it to `tree`.
    ///
    /// # Errors
    /// Of the file system.
    pub fn sync(&mut self, tree: &Tree) -> io::Result<()> {
        for (path, old) in &self.written.nodes {
            let stays = match (old, tree.nodes.get(path)) {
                (Node::Link { target }, Some(Node::Link { target: now })) => target == now,
                (old, Some(now)) => std::mem::discriminant(old) == std::mem::discriminant(now),
                (_, None) => false,
            };
            if !stays {
                remove(&self.root.join(path))?;
            }
        }
        for (path, node) in &tree.nodes {
            let (path, old) = (self.root.join(path), self.written.nodes.get(path));
            match node {
                _ if old == Some(node) && path.symlink_metadata().is_ok() => {}
                Node::Folder { mode } => {
                    fs::create_dir_all(&path)?;
                    set_mode(&path, *mode)?;
                }
                Node::Link { target } => {
                    remove(&path)?;
                    symlink(target, &path)?;
                }
                Node::File { bytes, mode, time } => {
                    // Another name of the same file stays as it is.
                    if fs::symlink_metadata(&path).is_ok_and(|found| found.nlink() > 1) {
                        remove(&path)?;
                    }
                    fs::write(&path, bytes)?;
                    set_mode(&path, *mode)?;
                    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(SOME_DAY + time);
                    fs::File::open(&path)?.file().set_modified(time)?;
                }
            }
        }
        self.written.clone_from(tree);
        Ok(())
    }

    /// Makes `path`, a copy of `of`, a second name of it.
    ///
    /// # Errors
    /// Of the file system.
    pub fn hard_link(&self, path: &str, of: &str) -> io::Result<()> {
        let (path, of) = (self.root.join(path), self.root.join(of));
        if path == of
            || ![&path, &of].iter().all(|path| fs::symlink_metadata(path).is_ok_and(|it| it.is_file()))
        {
            return Ok(());
        }
        remove(&path)?;
        fs::hard_link(of, path)
    }

    /// Does something with git. The files have the same content afterwards; what git wrote anew has its modes and times.
    ///
    /// # Errors
    /// Of git.
    pub fn git(&self, what: Git) -> io::Result<()> {
        let git = |args: &[&str]| {
            let who =
                ["-c", "user.name=Judge", "-c", "user.email=judge@example.com", "-c", "commit.gpgsign=false"];
            let command = Command::new("git", &self.root)
                .args(who.into_iter().chain(args.iter().copied()))
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_NOSYSTEM", "1");
            command.run(&Cancel::default()).map(drop).map_err(io::Error::other)
        };
        if !self.root.join(".git").exists() {
            git(&["init", "--quiet", "--template=", "--initial-branch=main"])?;
        }
        git(&["add", "--all", "--force"])?;
        git(&["commit", "--quiet", "--allow-empty", "--message=one"])?;
        match what {
            Git::Commit => Ok(()),
            Git::Amend => git(&["commit", "--quiet", "--allow-empty", "--amend", "--message=another"]),
            Git::SwitchAndBack => {
                git(&["checkout", "--quiet", "-B", "other"])?;
                git(&["rm", "-r", "--quiet", "--force", "--ignore-unmatch", "svc"])?;
                git(&["commit", "--quiet", "--allow-empty", "--message=other"])?;
                git(&["checkout", "--quiet", "main"])?;
                // Empty folders are nothing to git, and it takes them away with the last file beside them.
                self.folders_again()
            }
        }
    }

    fn folders_again(&self) -> io::Result<()> {
        for (path, node) in &self.written.nodes {
            if let Node::Folder { mode } = node {
                fs::create_dir_all(self.root.join(path))?;
                set_mode(&self.root.join(path), *mode)?;
            }
        }
        Ok(())
    }
}

fn remove(path: &Utf8Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(())
        }
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    }
}

fn set_mode(path: &Utf8Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// Copies all that is in `from` to the new folder `to`, with modes and hard links and without times.
///
/// # Errors
/// Of the file system.
pub fn copy(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    let mut linked = HashMap::new();
    copy_folder(from, to, &mut linked)
}

fn copy_folder(from: &Utf8Path, to: &Utf8Path, linked: &mut HashMap<u64, Utf8PathBuf>) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in from.read_dir_utf8()? {
        let entry = entry?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        let metadata = fs::symlink_metadata(path)?;
        if metadata.is_dir() {
            copy_folder(path, &copy, linked)?;
        } else if metadata.is_symlink() {
            symlink(fs::read_link(path)?, &copy)?;
        } else if let Some(first) = linked.get(&metadata.ino()) {
            fs::hard_link(first, &copy)?;
        } else {
            fs::copy(path, &copy)?;
            if metadata.nlink() > 1 {
                linked.insert(metadata.ino(), copy);
            }
        }
    }
    set_mode(to, fs::metadata(from)?.permissions().mode())
}
