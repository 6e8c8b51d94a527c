//! What the gate touches on the disk, as the kernel saw it. Needs `strace`.

use std::collections::BTreeSet;

use anyhow::Result;
use camino::Utf8Path;
use fs_err as fs;

use crate::place::Repository;
use crate::report;

/// Counts calls, and looks for noise among what was opened.
pub fn run(repository: &Repository) -> Result<()> {
    let log = repository.beside("strace");
    let traced = "trace=openat,getdents64,newfstatat,statx,readlink,read";
    let strace = ["strace", "-f", "-y", "-e", traced, "-o", log.as_str()];
    if let Err(error) = duct::cmd!("strace", "--version").stdout_null().stderr_null().run() {
        report::line(format!("  calls not counted, for want of strace: {error}"));
        return Ok(());
    }
    let command = [strace.map(str::to_owned).to_vec(), repository.tool(&["plan", "--offline"])?].concat();
    repository.child(&command).stdout_null().run()?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let calls = Calls::read(&text, &repository.root);
    report::line(format!(
        "  files opened {}, folders listed {}, paths looked at {}, reads {}; of noise opened {}, listed {}",
        calls.opened.len() - calls.listed.len(),
        calls.listed.len(),
        calls.looked_at,
        calls.reads,
        calls.opened.difference(&calls.listed).filter(|path| is_noise(path)).count(),
        calls.listed.iter().filter(|path| is_noise(path)).count(),
    ));
    Ok(())
}

/// What was called on paths of the repository.
#[derive(Debug, Default, PartialEq, Eq)]
struct Calls {
    /// Paths from the root: files and folders.
    opened: BTreeSet<String>,
    /// Folders whose entries were read.
    listed: BTreeSet<String>,
    looked_at: usize,
    reads: usize,
}

impl Calls {
    fn read(text: &str, root: &Utf8Path) -> Self {
        let mut calls = Self::default();
        for line in text.lines() {
            let Some((_, rest)) = line.split_once(root.as_str()) else { continue };
            let end = rest.find(['"', '>']).unwrap_or(rest.len());
            let path = rest[..end].trim_start_matches('/').to_owned();
            // `<pid> <call>(…`
            let call = line.split(' ').find(|word| word.contains('(')).unwrap_or_default();
            match call.split('(').next().unwrap_or_default() {
                "openat" => drop(calls.opened.insert(path)),
                "getdents64" => drop(calls.listed.insert(path)),
                "read" => calls.reads += 1,
                _ => calls.looked_at += 1,
            }
        }
        calls
    }
}

/// As [`layerwise_bench::noise`] names them.
const NOISE: [&str; 7] = ["web", "data", "docs", "notebooks", "tests", "node_modules", "__pycache__"];

fn is_noise(path: &str) -> bool {
    path.split('/').any(|part| NOISE.contains(&part))
}
