//! Whether the handler that a Lambda names is in its sources. Reads the one file that should hold it.

use std::collections::BTreeMap;

use super::{Inspection, Problem};
use crate::dockerfile::Instruction;
use crate::graph::TargetParent;
use crate::image::Kind;
use crate::inputs::{Entries, Source};
use crate::layer::LayerClass;
use crate::python::handler::check_handler;
use crate::repo_path::RepoPath;

/// Where Python looks for a module, relative to the task root or to the installed packages, and the file in the
/// repository that is there.
type Modules = BTreeMap<String, RepoPath>;

impl Inspection {
    /// Checks that the handler which a Python Lambda names is in its sources. Asked only of stale images: a record
    /// proves that it was there.
    ///
    /// # Errors
    /// The [`Problem`].
    pub fn check_handler(&self, place: usize) -> Result<(), Problem> {
        let target = &self.graph.targets[place];
        let recipe = &target.image.recipe;
        let stock_entry = recipe.entrypoint.as_ref().is_none_or(|words| *words == ["/lambda-entrypoint.sh"]);
        let handler = match &recipe.cmd {
            Some(cmd) if cmd.checked && cmd.words.len() == 1 && stock_entry => &cmd.words[0],
            _ => return Ok(()),
        };
        let mut modules = Modules::new();
        let below = self.graph.with_all_below(place);
        for &place in &below {
            self.add_modules(place, &mut modules);
        }
        if target.image.kind != Kind::Lambda || (modules.is_empty() && !self.stands_on_python(&below)) {
            return Ok(());
        }
        let source = |module: &str| fs_err::read_to_string(modules.get(module)?.on_disk(&self.root)).ok();
        check_handler(handler, modules.keys().map(String::as_str), source)
            .map(|_| ())
            .map_err(|error| Problem::Handler { image: target.label.clone(), error })
    }

    fn stands_on_python(&self, places: &std::collections::BTreeSet<usize>) -> bool {
        let mut parents = places.iter().flat_map(|place| &self.graph.targets[*place].parents);
        parents.any(|parent| match &parent.parent {
            TargetParent::External(reference) => reference.path().contains("python"),
            TargetParent::Target(_) | TargetParent::Stable { .. } => false,
        })
    }

    /// The Python files that the target at `place` adds, whichever of its stages copies them.
    fn add_modules(&self, place: usize, modules: &mut Modules) {
        let inspected = &self.targets[place];
        let nothing = Entries::new();
        let stages = inspected.dockerfile.stages.iter();
        for (stage, instruction) in stages.flat_map(|s| s.instructions.iter().map(move |i| (s, i))) {
            let class = inspected.ingredients.classes.get(&stage.class_of(instruction));
            let files = class.map_or(&nothing, |class| &class.files);
            for source in &instruction.sources {
                let below = files.keys().filter(|file| file.is_within(source.path()));
                let python = below.filter(|file| file.as_str().ends_with(".py"));
                for file in python {
                    modules.extend(module_paths(instruction, source, file).map(|path| (path, file.clone())));
                }
            }
        }
    }
}

/// Where Python may find `file`, which `instruction` takes in as part of `source`.
fn module_paths(
    instruction: &Instruction,
    source: &Source,
    file: &RepoPath,
) -> Box<dyn Iterator<Item = String>> {
    if instruction.class == LayerClass::Packages {
        // Which folder Python imports by name is the build backend's secret when a whole folder is its input
        // (`src`, a `package-dir`, …): any of them may be. A handler that is there is never refused.
        let from = source.path().parent().unwrap_or_else(RepoPath::root);
        let parts: Vec<String> =
            file.relative_to(&from).unwrap_or_default().split('/').map(str::to_owned).collect();
        return Box::new((0..parts.len()).map(move |from| parts[from..].join("/")));
    }
    Box::new(copied_to(instruction, source, file).into_iter())
}

/// The place below the task root that `file` is copied to.
fn copied_to(instruction: &Instruction, source: &Source, file: &RepoPath) -> Option<String> {
    let rest = file.relative_to(source.path())?;
    let to = instruction.to.as_deref()?;
    let below = ["${LAMBDA_TASK_ROOT}/", "/var/task/", "./"].iter().find_map(|root| to.strip_prefix(root))?;
    Some(match (below.strip_suffix('/').unwrap_or(below), rest) {
        (folder, "") if below.ends_with('/') || folder.is_empty() => join(folder, file.file_name()?),
        (name, "") => name.to_owned(),
        (folder, rest) => join(folder, rest),
    })
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
