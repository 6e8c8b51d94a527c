//! From a target's declaration to its Dockerfile: what changes least comes first, one instruction per declared step.
//! Pure: what is known only from the disk comes in as facts.

use std::sync::Arc;

use super::pip::{self, Call};
use super::steps::{COMPILED, SLIM, alone, copy_compiled, env, install_system, label, run, word};
use super::{Dockerfile, Does, Instruction, Stage, stages, words};
use crate::graph::{COMPILE_STAGE, Graph, Target, TargetParent, parent_arg};
use crate::image::{Cmd, Compilers, Copy, CopySource, HandlerStep, Image, Kind, Parent, PipSource, Recipe};
use crate::inputs::{Source, Tree};
use crate::layer::LayerClass;
use crate::repo_path::RepoPath;
use crate::shell::quote;

/// What the disk says about one stage's declaration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageFacts {
    /// Third-party requirements of the local packages, without those that the parent has.
    pub requirements: Vec<String>,
    /// Local packages to install, dependencies first, without those that the parent has.
    pub packages: Vec<LocalPackage>,
    /// For each entry of [`Recipe::pip`] the requirements file and what pip reads for it; nothing for inline ones.
    pub pip_files: Vec<Option<PipFile>>,
    /// For each entry of [`Recipe::handler`] the repository's paths that it copies; one, but for a glob.
    pub copied: Vec<Vec<RepoPath>>,
    /// For each entry of [`Recipe::handler`] that copies a folder what stays behind.
    pub excluded: Vec<Arc<[String]>>,
}

/// A requirements file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipFile {
    /// The file.
    pub path: RepoPath,
    /// Itself, the files that it names, local distributions.
    pub sources: Vec<Source>,
}

/// A local package to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPackage {
    /// Its folder.
    pub path: RepoPath,
    /// Its extras, sorted.
    pub extras: Vec<String>,
    /// What its build backend reads.
    pub sources: Vec<Source>,
}

/// Renders `target`. `facts` has one entry per declared stage and one for the image's own, in order. `graph` gives
/// the names of its parents.
#[must_use]
pub fn render(target: &Target, graph: &Graph, facts: &[StageFacts]) -> Dockerfile {
    // Named one by one: a new field is a compile error here until somebody decides whether it is rendered.
    let Image {
        name: _,
        kind,
        parent,
        platform: _,
        recipe,
        stages: before,
        target: built,
        functions: _,
        on_this_machine: _,
        syntax,
    } = &target.image;
    let kind = *kind;
    let default = |parent: &TargetParent| match parent {
        TargetParent::External(reference) | TargetParent::Stable { reference, .. } => reference.to_string(),
        TargetParent::Target(place) => graph.targets[*place].readable_reference(),
    };
    let mut rendered = Vec::new();
    let declared =
        before.iter().map(|stage| (Some(&stage.name), parent_arg(Some(stage)), &stage.parent, &stage.recipe));
    let own = [(None, parent_arg(None), parent, recipe)];
    for ((name, arg, parent, recipe), facts) in declared.chain(own).zip(facts) {
        let from = match parent {
            Some(Parent::Stage(stage)) => stage.clone(),
            _ => format!("${{{arg}}}"),
        };
        let renderer = Renderer { kind, recipe, facts };
        if let Some(compilers) = &recipe.compilers {
            let name = compile_stage(name.map(String::as_str));
            let instructions = renderer.compile(compilers);
            rendered.push(Stage { name: Some(name), from: from.clone(), instructions, seen_in: LATEST });
        }
        let instructions = renderer.stage(name.map(String::as_str));
        rendered.push(Stage { name: name.cloned(), from, instructions, seen_in: LATEST });
    }
    stages::see(&mut rendered, built.as_deref());
    Dockerfile {
        title: target.label.clone(),
        frontend: syntax.clone(),
        parents: target.parents.iter().map(|parent| (parent.arg.clone(), default(&parent.parent))).collect(),
        stages: rendered,
    }
}

/// Where a change of what is the image itself may be seen.
const LATEST: LayerClass = LayerClass::Configuration;

/// The stage with the compilers of the stage `of`.
fn compile_stage(of: Option<&str>) -> String {
    of.map_or_else(|| COMPILE_STAGE.to_owned(), |of| format!("{COMPILE_STAGE}-{of}"))
}

struct Renderer<'a> {
    kind: Kind,
    recipe: &'a Recipe,
    facts: &'a StageFacts,
}

impl Renderer<'_> {
    fn stage(&self, name: Option<&str>) -> Vec<Instruction> {
        // As in `render`: every field is named.
        let Recipe {
            args: _,
            build_env,
            system,
            runs: _,
            pip: _,
            compilers,
            packages: _,
            handler,
            workdir,
            env: variables,
            labels,
            expose,
            user,
            entrypoint,
            cmd,
            secrets: _,
        } = self.recipe;
        let mut out = self.args();
        out.extend(env(build_env, LayerClass::System));
        out.extend(system.iter().map(install_system));
        out.extend(self.runs(LayerClass::Base));
        out.extend(self.runs(LayerClass::System));

        if compilers.is_some() {
            out.push(copy_compiled(&compile_stage(name)));
        } else {
            out.extend(self.requirements(&[], None));
        }
        out.extend(self.runs(LayerClass::Requirements));

        out.extend(self.packages());
        out.extend(self.runs(LayerClass::Packages));

        let enter = |folder: &String| {
            let text = format!("WORKDIR {}", word(folder));
            alone(LayerClass::Handler, text, Does::Workdir(folder.clone()))
        };
        out.extend(workdir.iter().map(enter));
        out.extend(handler.iter().enumerate().map(|(place, step)| self.handler(place, step)));

        let configuration = |text: String, does| alone(LayerClass::Configuration, text, does);
        out.extend(env(variables, LayerClass::Configuration));
        let labels: Vec<_> = labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        out.extend(label(&labels, LayerClass::Configuration));
        out.extend(expose.iter().map(|port| configuration(format!("EXPOSE {port}"), Does::Expose(*port))));
        out.extend(self.runs(LayerClass::Configuration));
        out.extend(user.iter().map(|user| {
            let text = format!("USER {}", word(user));
            configuration(text, Does::User(user.clone()))
        }));
        out.extend(entrypoint.iter().map(|words| {
            let text = format!("ENTRYPOINT {}", words::json(words));
            configuration(text, Does::Entrypoint(words.clone()))
        }));
        out.extend(cmd.iter().map(|Cmd { words, checked: _ }| {
            configuration(format!("CMD {}", words::json(words)), Does::Cmd(words.clone()))
        }));
        out
    }

    fn compile(&self, compilers: &Compilers) -> Vec<Instruction> {
        let mut out = self.args();
        out.push(install_system(&compilers.0));
        out.extend(self.requirements(&[format!("--prefix={COMPILED}")], Some(SLIM)));
        for instruction in &mut out {
            // The whole stage serves the requirements layer, compilers included.
            instruction.class = LayerClass::Requirements;
        }
        out
    }

    fn args(&self) -> Vec<Instruction> {
        let one = |(name, value): &(String, String)| {
            let text = format!("ARG {}", words::assignment(name, value));
            alone(LayerClass::System, text, Does::Arg(name.clone(), value.clone()))
        };
        self.recipe.args.iter().map(one).collect()
    }

    fn runs(&self, class: LayerClass) -> impl Iterator<Item = Instruction> + '_ {
        // What is said to run on the bare parent comes after the system packages too: nothing stands before those.
        let shown = class.max(LayerClass::System);
        self.recipe
            .runs
            .iter()
            .filter(move |(of, _)| *of == class)
            .map(move |(_, command)| run(shown, command))
    }

    /// One call of pip per declared installation, then one for what the local packages need.
    fn requirements(&self, options: &[String], then: Option<&str>) -> Vec<Instruction> {
        let mut out = Vec::new();
        let mut call =
            |sources: &[Source], folder: Option<RepoPath>, options: Vec<String>, what: Vec<String>| {
                let binds = sources.iter().map(|source| pip::bind(source.path(), false)).collect();
                out.push(Instruction {
                    class: LayerClass::Requirements,
                    text: Call { binds, folder, options, what, then }.text(),
                    allow: None,
                    sources: sources.to_vec(),
                    to: None,
                    does: Does::Run,
                });
            };
        for (declared, file) in self.recipe.pip.iter().zip(&self.facts.pip_files) {
            let options = options.iter().cloned().chain(pip::index_options(declared)).collect();
            match (&declared.from, file) {
                (PipSource::Inline(requirements), _) => {
                    call(&[], None, options, requirements.iter().map(|text| quote(text)).collect());
                }
                (PipSource::File(_), Some(PipFile { path, sources })) => {
                    // Relative paths of local distributions are seen from where pip runs.
                    let folder = path.parent().filter(|_| sources.len() > 1);
                    call(sources, folder, options, vec![format!("-r {}", pip::mounted(path))]);
                }
                (PipSource::File(_), None) => {}
            }
        }
        if !self.facts.requirements.is_empty() {
            let what = self.facts.requirements.iter().map(|text| quote(text)).collect();
            call(&[], None, options.to_vec(), what);
        }
        out
    }

    fn packages(&self) -> Option<Instruction> {
        let packages = &self.facts.packages;
        if packages.is_empty() {
            return None;
        }
        let sources: Vec<Source> =
            packages.iter().flat_map(|package| package.sources.iter().cloned()).collect();
        let mut binds: Vec<String> = Vec::new();
        for package in packages {
            // Build backends write beside the sources; what they write is thrown away with the mount.
            binds.push(pip::bind(&package.path, true));
            let outside =
                package.sources.iter().map(Source::path).filter(|path| !path.is_within(&package.path));
            binds.extend(outside.map(|path| pip::bind(path, false)));
        }
        let what = packages.iter().map(|package| {
            let extras = if package.extras.is_empty() {
                String::new()
            } else {
                format!("[{}]", package.extras.join(","))
            };
            quote(&format!("{}{extras}", pip::mounted(&package.path)))
        });
        let options = vec!["--no-deps".to_owned()];
        let call = Call { binds, folder: None, options, what: what.collect(), then: None };
        Some(Instruction {
            class: LayerClass::Packages,
            text: call.text(),
            allow: None,
            sources,
            to: None,
            does: Does::Run,
        })
    }

    fn handler(&self, place: usize, step: &HandlerStep) -> Instruction {
        match step {
            HandlerStep::Run(command) => run(LayerClass::Handler, command),
            HandlerStep::Copy(copy) => {
                self.copy(copy, &self.facts.copied[place], &self.facts.excluded[place])
            }
        }
    }

    fn copy(&self, copy: &Copy, paths: &[RepoPath], excluded: &Arc<[String]>) -> Instruction {
        let to = self.destination(copy, paths.first());
        let (text, sources) = match &copy.from {
            CopySource::Stage { stage, path } => {
                (words::copy(&[path], &to).replacen("COPY ", &format!("COPY --from={stage} "), 1), Vec::new())
            }
            CopySource::File(_) | CopySource::Glob(_) => {
                let names: Vec<&str> = paths.iter().map(RepoPath::as_str).collect();
                (words::copy(&names, &to), paths.iter().cloned().map(Source::File).collect())
            }
            CopySource::Folder(_) => {
                let name = paths.first().map_or(".", |path| if path.is_root() { "." } else { path.as_str() });
                let tree = |path: &RepoPath| {
                    Source::Tree(Tree { path: path.clone(), exclude: excluded.clone(), folders: true })
                };
                (words::copy(&[name], &to), paths.iter().map(tree).collect())
            }
        };
        Instruction {
            class: LayerClass::Handler,
            text,
            allow: None,
            sources,
            to: Some(to),
            does: match &copy.from {
                CopySource::Stage { .. } => Does::CopyFrom,
                CopySource::File(_) | CopySource::Folder(_) | CopySource::Glob(_) => Does::Copy,
            },
        }
    }

    /// Lambdas get their files below the task root, whatever the working directory is.
    fn destination(&self, copy: &Copy, path: Option<&RepoPath>) -> String {
        let own_name = || path.and_then(RepoPath::file_name).unwrap_or_default().to_owned();
        let mut to = match (&copy.to, &copy.from) {
            (Some(to), _) => to.clone(),
            (None, CopySource::Folder(_)) => format!("{}/", own_name()),
            (None, _) => own_name(),
        };
        if matches!(copy.from, CopySource::Folder(_) | CopySource::Glob(_)) && !to.ends_with('/') {
            to.push('/');
        }
        if to.starts_with('/') || to.starts_with("${") {
            return to;
        }
        let to = to.strip_prefix("./").unwrap_or(&to);
        match self.kind {
            Kind::Lambda => format!("${{LAMBDA_TASK_ROOT}}/{to}"),
            Kind::Base | Kind::Container => format!("./{to}"),
        }
    }
}
