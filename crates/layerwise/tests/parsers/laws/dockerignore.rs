//! Ignore files: whatever parses has an answer for every path, and an allow-list lets in what is declared.
use layerwise::dockerignore::{AllowList, Patterns};
use layerwise::inputs::{Source, Tree};
use layerwise::repo_path::RepoPath;

/// The longest path: Linux opens none that is longer.
const LONGEST_PATH: usize = 4095;

/// Places where something may lie that a pattern of the input could be about.
const PATHS: [&str; 6] = ["a", "a/b", "a/b/c.py", "tests/a", ".env", "é/ x/[y]"];

/// Holds the law for one text.
pub fn hold(text: &str) {
    if let Ok(patterns) = Patterns::parse(text) {
        // The lines themselves, as far as they are paths, are the paths that matter most.
        for line in text.lines().take(8).chain(PATHS) {
            if let Some(path) = path(line.trim_start_matches(['!', '/'])) {
                let _answered = patterns.includes(&path);
            }
        }
    }

    // `folder` or `folder: pattern, pattern`, one source to a line; a line that begins with `=` is a file.
    let sources: Vec<Source> = text.lines().take(8).filter_map(source).collect();
    let Ok(list) = AllowList::new(&sources) else { return };
    for path in
        sources.iter().map(Source::path).cloned().chain(PATHS.map(|path| RepoPath::new(path).unwrap()))
    {
        // The list parses its own text for this: what we render is an ignore file.
        let included = list.includes(&path);
        // Nothing lies in a file; and the root is always there.
        let in_a_file =
            |source: &Source| matches!(source, Source::File(file) if *file != path && path.is_within(file));
        if !path.is_root()
            && sources.iter().any(|one| *one == Source::File(path.clone()))
            && !sources.iter().any(in_a_file)
        {
            assert!(included, "the declared file {path:?} is out by\n{}", list.text());
        }
    }
}

fn source(line: &str) -> Option<Source> {
    if let Some(file) = line.strip_prefix('=') {
        return path(file).filter(|path| !path.is_root()).map(Source::File);
    }
    let (folder, exclude) = line.split_once(": ").unwrap_or((line, ""));
    let exclude = exclude.split(", ").filter(|pattern| !pattern.is_empty()).map(str::to_owned).collect();
    Some(Source::Tree(Tree { path: path(folder)?, exclude, folders: true }))
}

fn path(text: &str) -> Option<RepoPath> {
    RepoPath::new(text).ok().filter(|path| path.as_str().len() <= LONGEST_PATH)
}
