//! A Dockerfile as data: stages of instructions, each with its layer class and what it reads. Pure; never touches
//! the disk. `render` makes it from a declaration, `Display` writes it down.

use std::fmt;

use crate::inputs::Source;
use crate::layer::LayerClass;

mod pip;
mod render;
mod stages;
mod steps;
mod words;

pub use render::{LocalPackage, PipFile, StageFacts, render};

/// A rendered Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// The image's label, for the header.
    pub title: String,
    /// The external frontend, where one is declared.
    pub frontend: Option<String>,
    /// The global arguments that name the parents: the argument, and the reference that it has by default.
    pub parents: Vec<(String, String)>,
    /// The stages, in order; the last one is the image unless a target is declared.
    pub stages: Vec<Stage>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// `AS <name>`.
    pub name: Option<String>,
    /// What follows `FROM`: `${BASE_IMAGE}` or an earlier stage.
    pub from: String,
    /// The instructions, in order; their classes never go down.
    pub instructions: Vec<Instruction>,
    /// The class in which a change of this stage is first seen in the image; the last one for the image itself.
    pub seen_in: LayerClass,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// The kind of layer that it belongs to.
    pub class: LayerClass,
    /// The text, perhaps over several lines.
    pub text: String,
    /// A rule of hadolint that does not hold here, and why.
    pub allow: Option<(&'static str, &'static str)>,
    /// What it reads of the build context.
    pub sources: Vec<Source>,
    /// Where it copies that to, as the Dockerfile says it.
    pub to: Option<String>,
    /// What it does, for whoever does it without reading the text.
    pub does: Does,
}

/// What an instruction does. Values are as they were declared: `$NAME` in them expands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// Something in a container, which only a builder can.
    Run,
    /// Brings something over from another stage or image.
    CopyFrom,
    /// Copies the sources.
    Copy,
    /// Makes a build argument known, which has this value.
    Arg(String, String),
    /// Sets variables, all at once.
    Env(Vec<(String, String)>),
    /// Sets labels, all at once.
    Label(Vec<(String, String)>),
    /// Makes a folder and goes there.
    Workdir(String),
    /// Names a port.
    Expose(u16),
    /// Says who runs.
    User(String),
    /// Sets the entry point, and takes back a command that came with the parent.
    Entrypoint(Vec<String>),
    /// Sets the command.
    Cmd(Vec<String>),
}

impl Does {
    /// Whether that makes a layer; the others only change the configuration.
    #[must_use]
    pub fn makes_layer(&self) -> bool {
        matches!(self, Self::Run | Self::CopyFrom | Self::Copy | Self::Workdir(_))
    }
}

impl Dockerfile {
    /// Every source with the class that reads it, in order.
    #[must_use]
    pub fn sources(&self) -> Vec<(LayerClass, Source)> {
        let read = |stage: &Stage| -> Vec<_> {
            let all = stage.instructions.iter();
            all.flat_map(|i| i.sources.iter().map(|source| (stage.class_of(i), source.clone()))).collect()
        };
        self.stages.iter().flat_map(read).collect()
    }

    /// The instructions of one class as the fingerprint takes them: without comments, with the stage's name before
    /// those that are not in the last stage. The `FROM` lines are the base class.
    #[must_use]
    pub fn instructions(&self, class: LayerClass) -> Vec<String> {
        let mut texts = Vec::new();
        for stage in &self.stages {
            let prefix = stage.name.as_ref().map_or_else(String::new, |name| format!("[{name}] "));
            if class == LayerClass::Base {
                texts.push(format!("{prefix}FROM {}", stage.from));
            }
            let own = stage.instructions.iter().filter(|instruction| stage.class_of(instruction) == class);
            texts.extend(own.map(|instruction| format!("{prefix}{}", instruction.text)));
        }
        texts
    }

    /// How many layers the class `class` adds to the last stage.
    #[must_use]
    pub fn layers(&self, class: LayerClass) -> usize {
        let Some(last) = self.stages.last() else { return 0 };
        let own = last.instructions.iter().filter(|instruction| last.class_of(instruction) == class);
        own.filter(|instruction| instruction.does.makes_layer()).count()
    }
}

/// Steps that are declared one by one stay layers of their own: a change of one leaves those before it in the cache.
const STEPS_OF_THEIR_OWN: (&str, &str) = ("DL3059", "Declared as a step of its own.");

/// What stands above a class's first instruction.
fn comment(class: LayerClass) -> &'static str {
    match class {
        LayerClass::Base => "The parent image.",
        LayerClass::System => "System packages and tools: change rarely.",
        LayerClass::Requirements => "Third-party distributions: installed again only when this list changes.",
        LayerClass::Packages => {
            "Local packages, installed from bind mounts: no source copy stays, no dependency is installed again."
        }
        LayerClass::Handler => "The function's own files: change most often.",
        LayerClass::Configuration => "Configuration: no files.",
    }
}

impl fmt::Display for Dockerfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // BuildKit reads parser directives only before the first other comment.
        if let Some(frontend) = &self.frontend {
            writeln!(f, "# syntax={frontend}")?;
        }
        writeln!(
            f,
            "# {}: rendered by Layerwise from its declaration; change that, not this file.",
            self.title
        )?;
        for (arg, default) in &self.parents {
            writeln!(f, "ARG {arg}={default}")?;
        }
        for stage in &self.stages {
            write!(f, "\nFROM {}", stage.from)?;
            if let Some(name) = &stage.name {
                write!(f, " AS {name}")?;
            }
            writeln!(f)?;
            let mut class = None;
            let mut after_run = false;
            for instruction in &stage.instructions {
                if class != Some(instruction.class) {
                    class = Some(instruction.class);
                    writeln!(f, "\n# {}", comment(instruction.class))?;
                }
                let is_run = instruction.text.starts_with("RUN ") && !instruction.text.starts_with("RUN --");
                let allow = instruction.allow.or((is_run && after_run).then_some(STEPS_OF_THEIR_OWN));
                after_run = is_run;
                if let Some((rule, why)) = allow {
                    writeln!(f, "# {why}\n# hadolint ignore={rule}")?;
                }
                writeln!(f, "{}", instruction.text)?;
            }
        }
        Ok(())
    }
}
