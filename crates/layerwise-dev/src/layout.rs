//! Where an image has the files that it was built from: what its `COPY` lines say. Pure; never looks into a container.
//!
//! Only what is certain is told. A file that a later command may have changed, that two sources write, or that another
//! stage reads has no place, and its change needs a build.

use std::collections::{BTreeMap, BTreeSet};

use layerwise::dockerfile::{Dockerfile, Instruction, Stage};
use layerwise::inputs::Source;
use layerwise::layer::LayerClass;
use layerwise::repo_path::RepoPath;

/// Where an image has its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// What the product's stage copies, in order.
    copies: Vec<Copied>,
    /// What other stages read.
    elsewhere: Vec<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Copied {
    source: Source,
    /// The absolute path in the image, of the file itself or of the folder; `None` when it cannot be told.
    to: Option<String>,
    /// Whether something later in the stage may have changed it.
    sealed: bool,
}

impl Layout {
    /// The layout of an image: `target` is the stage that is built when it is not the last one, `variables` the image's
    /// environment.
    #[must_use]
    pub fn new(dockerfile: &Dockerfile, target: Option<&str>, variables: &BTreeMap<String, String>) -> Self {
        let stages = &dockerfile.stages;
        let named = |stage: &Stage| target.is_none() || stage.name.as_deref() == target;
        let Some(product) = stages.iter().rposition(named) else { return Self::default() };
        let mut layout = Self::default();
        for (place, stage) in stages.iter().enumerate() {
            let own = place == product;
            for (number, instruction) in stage.instructions.iter().enumerate() {
                if own && instruction.to.is_some() {
                    let later = &stage.instructions[number + 1..];
                    layout.copies.extend(copied(instruction, later, variables));
                } else if instruction.class == LayerClass::Handler {
                    layout.elsewhere.extend(instruction.sources.iter().cloned());
                }
            }
        }
        layout
    }

    /// Folders and files of the repository and where the image has them, most particular first: how a debugger in the
    /// image is told which files an editor means. What goes nobody knows where is left out.
    #[must_use]
    pub fn mappings(&self) -> Vec<(String, String)> {
        let mut mappings = BTreeSet::new();
        for Copied { source, to, sealed: _ } in &self.copies {
            let Some(to) = to else { continue };
            let path = source.path();
            let folders = path.parent().zip(to.rsplit_once('/'));
            match (source, folders) {
                // A file that keeps its name tells of its folder.
                (Source::File(_), Some((folder, (above, name)))) if path.file_name() == Some(name) => {
                    mappings.insert((folder.to_string(), above.to_owned()));
                }
                _ => {
                    mappings.insert((path.to_string(), to.clone()));
                }
            }
        }
        // Two folders that are put into one are told apart by files; the first one that fits counts.
        let mut mappings: Vec<_> = mappings.into_iter().collect();
        mappings.sort_by_key(|(path, to)| std::cmp::Reverse((to.len(), path.len())));
        mappings
    }

    /// The absolute paths in the image at which the contents of `path` are; `None` when that is not certain. `is_there` says
    /// which other paths of the repository are copied.
    #[must_use]
    pub fn places(&self, path: &RepoPath, is_there: &dyn Fn(&RepoPath) -> bool) -> Option<Vec<String>> {
        if self.elsewhere.iter().any(|source| path.is_within(source.path())) {
            return None;
        }
        let places: Vec<String> =
            self.copies.iter().filter_map(|copied| copied.place(path)).collect::<Option<_>>()?;
        let one_writer = |place: &String| {
            let others = self.copies.iter().filter_map(|copied| copied.writer_of(place));
            others.into_iter().all(|other| other.is_some_and(|other| other == *path || !is_there(&other)))
        };
        (!places.is_empty() && places.iter().all(one_writer)).then_some(places)
    }
}

impl Copied {
    /// Where `path` goes: nothing when this does not copy it, `Some(None)` when it cannot be told.
    fn place(&self, path: &RepoPath) -> Option<Option<String>> {
        let to = self.to.as_ref().filter(|_| !self.sealed);
        match &self.source {
            Source::File(file) => (file == path).then(|| to.cloned()),
            Source::Tree(tree) => {
                let rest =
                    path.is_within(&tree.path).then(|| path.relative_to(&tree.path).unwrap_or_default())?;
                Some(to.map(|to| if rest.is_empty() { to.clone() } else { format!("{to}/{rest}") }))
            }
        }
    }

    /// The path of the repository that this would copy to `place`: nothing for none, `Some(None)` when it cannot be told.
    fn writer_of(&self, place: &str) -> Option<Option<RepoPath>> {
        let Some(to) = &self.to else { return Some(None) };
        match &self.source {
            Source::File(file) => (place == to).then(|| Some(file.clone())),
            Source::Tree(tree) => {
                let rest = place
                    .strip_prefix(to.as_str())
                    .filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
                Some(RepoPath::below(&tree.path, rest.trim_start_matches('/')).ok())
            }
        }
    }
}

/// What one instruction copies, and to where.
fn copied(
    instruction: &Instruction,
    later: &[Instruction],
    variables: &BTreeMap<String, String>,
) -> Vec<Copied> {
    // A command may change what was copied before it, and so may a copy out of another stage.
    let sealed = later.iter().any(|later| later.does.makes_layer() && later.sources.is_empty());
    let to = instruction.to.as_deref().and_then(|to| absolute(to, variables));
    let is_folder = instruction.to.as_deref().is_some_and(|to| to.ends_with('/'));
    let place = |source: &Source| {
        let to = match source {
            Source::File(path) if is_folder => {
                to.as_ref().and_then(|to| Some(format!("{to}/{}", path.file_name()?)))
            }
            _ => to.clone(),
        };
        Copied { source: source.clone(), to, sealed }
    };
    instruction.sources.iter().map(place).collect()
}

/// A destination as an absolute path without a slash at its end; `None` when a variable or the working directory would
/// have to be known.
fn absolute(to: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let (start, rest) = match to.strip_prefix("${") {
        Some(rest) => {
            let (name, rest) = rest.split_once('}')?;
            (variables.get(name)?.as_str(), rest)
        }
        None => ("", to),
    };
    let path = format!("{start}{rest}");
    if !path.starts_with('/') || path.contains('$') {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.contains(&"..")).then(|| format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use layerwise::inputs::Tree;

    use super::*;
    use crate::testing::copy;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap()
    }

    fn file(text: &str) -> Source {
        Source::File(path(text))
    }

    fn tree(text: &str) -> Source {
        Source::Tree(Tree { path: path(text), exclude: Arc::default(), folders: true })
    }

    fn run() -> Instruction {
        Instruction { sources: Vec::new(), to: None, ..copy(file("x"), "") }
    }

    fn layout(stages: Vec<(Option<&str>, Vec<Instruction>)>) -> Layout {
        let stages = stages.into_iter().map(|(name, instructions)| Stage {
            name: name.map(str::to_owned),
            from: "base".to_owned(),
            instructions,
            seen_in: LayerClass::Configuration,
        });
        let dockerfile = Dockerfile {
            title: String::new(),
            frontend: None,
            parents: Vec::new(),
            stages: stages.collect(),
        };
        let variables = BTreeMap::from([("LAMBDA_TASK_ROOT".to_owned(), "/var/task".to_owned())]);
        Layout::new(&dockerfile, None, &variables)
    }

    /// As [`at`], for a repository that holds nothing but these other paths.
    #[track_caller]
    fn at_beside(others: &[&str], layout: &Layout, text: &str, expected: &[&str]) {
        let expected =
            (!expected.is_empty()).then(|| expected.iter().map(|place| (*place).to_owned()).collect());
        let is_there = |path: &RepoPath| others.contains(&path.as_str());
        assert_eq!(layout.places(&path(text), &is_there), expected, "{text}");
    }

    #[track_caller]
    fn at(layout: &Layout, text: &str, expected: &[&str]) {
        at_beside(&[], layout, text, expected);
    }

    #[test]
    fn what_goes_nobody_knows_where_may_be_anywhere() {
        let layout = layout(vec![(
            None,
            vec![
                copy(file("one/handler.py"), "${LAMBDA_TASK_ROOT}/handler.py"),
                copy(file("one/other.py"), "${UNKNOWN}/other.py"),
            ],
        )]);
        at(&layout, "one/handler.py", &[]);
        at(&layout, "one/other.py", &[]);
    }

    #[test]
    fn files_and_folders_have_places() {
        let layout = layout(vec![(
            None,
            vec![
                run(),
                copy(file("one/handler.py"), "${LAMBDA_TASK_ROOT}/handler.py"),
                copy(file("shared/batching.py"), "${LAMBDA_TASK_ROOT}/shared/"),
                copy(file("shared/batching.py"), "/opt/batching.py"),
                copy(tree("one/assets"), "${LAMBDA_TASK_ROOT}/./assets/"),
            ],
        )]);
        at(&layout, "one/handler.py", &["/var/task/handler.py"]);
        at(&layout, "shared/batching.py", &["/var/task/shared/batching.py", "/opt/batching.py"]);
        at(&layout, "one/assets", &["/var/task/assets"]);
        at(&layout, "one/assets/a/b.json", &["/var/task/assets/a/b.json"]);
        at(&layout, "one/asset", &[]);
        at(&layout, "one", &[]);
    }

    #[test]
    fn what_a_later_command_may_have_changed_has_no_place() {
        let copies = |last: Vec<Instruction>| {
            let mut all = vec![copy(file("a.py"), "/var/task/a.py")];
            all.extend(last);
            layout(vec![(None, all)])
        };
        at(&copies(vec![]), "a.py", &["/var/task/a.py"]);
        at(&copies(vec![run()]), "a.py", &[]);
        let later = copies(vec![run(), copy(file("b.py"), "/var/task/b.py")]);
        at(&later, "a.py", &[]);
        at(&later, "b.py", &["/var/task/b.py"]);
        let out_of_a_stage = Instruction { sources: Vec::new(), ..copy(file("x"), "/var/task/") };
        at(&copies(vec![out_of_a_stage]), "a.py", &[]);
        let metadata = Instruction { does: layerwise::dockerfile::Does::Cmd(Vec::new()), ..run() };
        at(&copies(vec![metadata]), "a.py", &["/var/task/a.py"]);
    }

    #[test]
    fn what_two_sources_write_has_no_place() {
        let layout = layout(vec![(
            None,
            vec![
                copy(tree("one"), "/var/task/"),
                copy(file("two/b.py"), "/var/task/b.py"),
                copy(file("two/c.py"), "/opt/c.py"),
            ],
        )]);
        let both = ["one/b.py", "two/b.py"];
        at_beside(&both, &layout, "one/b.py", &[]);
        at_beside(&both, &layout, "two/b.py", &[]);
        at_beside(&["two/b.py"], &layout, "two/b.py", &["/var/task/b.py"]);
        at(&layout, "one/a.py", &["/var/task/a.py"]);
        at(&layout, "two/c.py", &["/opt/c.py"]);
    }

    #[test]
    fn what_another_stage_reads_has_no_place() {
        let stages = vec![
            (Some("made"), vec![copy(tree("src"), "/src/")]),
            (None, vec![copy(file("src/a.py"), "/var/task/a.py"), copy(file("b.py"), "/var/task/b.py")]),
        ];
        let layout = layout(stages);
        at(&layout, "src/a.py", &[]);
        at(&layout, "b.py", &["/var/task/b.py"]);
    }
}
