//! The least that any gate must do: list the needed folders, read the needed files, digest them. In one thread, and
//! without knowing why a file is needed.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::digest::Digest;
use layerwise_bench::layout;
use layerwise_bench::size::Size;

/// The name of this program's subcommand.
pub const COMMAND: &str = "floor";

/// Digests what the images of a repository need.
pub fn run(root: &Utf8Path, size: Size) -> Result<usize> {
    let mut waiting = Vec::new();
    for place in 0..layout::PACKAGES.len() {
        let folder = root.join(layout::package(place));
        waiting.extend(["pyproject.toml", "README.md"].map(|name| folder.join(name)));
        waiting.push(root.join(layout::modules(place)));
    }
    waiting.extend((0..size.shared()).map(|index| root.join(layout::shared(index))));
    for index in 0..size.lambdas() {
        let folder = root.join(layout::lambda(index));
        waiting.extend(["handler.py", "lib", "assets"].map(|name| folder.join(name)));
    }
    digest_all(waiting)
}

fn digest_all(mut waiting: Vec<Utf8PathBuf>) -> Result<usize> {
    let mut files = 0;
    while let Some(path) = waiting.pop() {
        if fs::metadata(&path)?.is_dir() {
            for entry in path.read_dir_utf8()? {
                let entry = entry?;
                if entry.file_name() != "__pycache__" {
                    waiting.push(entry.into_path());
                }
            }
        } else {
            Digest::of_reader(fs::File::open(&path)?)?;
            files += 1;
        }
    }
    Ok(files)
}
