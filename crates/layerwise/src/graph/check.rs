//! What is wrong with one declaration taken by itself. Pure; never looks at other images or at files.

use std::collections::BTreeSet;

use crate::image::{CopySource, HandlerStep, Image, Kind, Parent, PipSource, Recipe, Run};
use crate::image_ref::ImageRefError;
use crate::name::NameError;
use crate::platform::Platform;

/// A declaration that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeclarationError {
    /// The image's name is not one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two different images have one name.
    #[error("two images are called `{name}`")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// The parent's reference is not one.
    #[error("{name}: {error}")]
    Reference {
        /// The image.
        name: String,
        /// What is wrong with it.
        error: ImageRefError,
    },
    /// A base is declared for one platform and needed for another.
    #[error("base `{name}` is declared for {own}, but an image for {needed} stands on it")]
    Platform {
        /// The base.
        name: String,
        /// Its platform.
        own: Platform,
        /// The other one.
        needed: Platform,
    },
    /// `from` was not called.
    #[error("{name}: {what} has no parent")]
    NoParent {
        /// The image.
        name: String,
        /// The image itself or one of its stages.
        what: String,
    },
    /// A stage is named that does not stand before the one that needs it.
    #[error("{name}: no stage `{stage}` stands before {what}")]
    UnknownStage {
        /// The image.
        name: String,
        /// The missing stage.
        stage: String,
        /// What needs it.
        what: String,
    },
    /// A stage's name is illegal or taken.
    #[error("{name}: `{stage}` cannot be a stage's name: {why}")]
    StageName {
        /// The image.
        name: String,
        /// The stage.
        stage: String,
        /// Why not.
        why: &'static str,
    },
    /// A Lambda image that runs nothing.
    #[error("{name}: a Lambda image needs a handler")]
    NoHandler {
        /// The image.
        name: String,
    },
    /// A value that a Dockerfile cannot hold or that would do harm there.
    #[error("{name}: {what} {why}")]
    Value {
        /// The image.
        name: String,
        /// The value, named without its secret parts.
        what: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A `run` mounts a secret that is not declared.
    #[error("{name}: secret `{id}` is not declared")]
    UnknownSecret {
        /// The image.
        name: String,
        /// The secret's id.
        id: String,
    },
}

impl DeclarationError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Duplicate { .. } => Some("a name is the image's repository: give each image its own"),
            Self::NoParent { .. } => Some("say what it stands on with .from(…)"),
            Self::NoHandler { .. } => Some("say it with .cmd(\"module.function\")"),
            Self::Platform { .. } => Some(
                "leave out the base's .platform(…): a base is built for every platform that stands on it",
            ),
            Self::UnknownSecret { .. } => {
                Some("declare it with .secret(Secret::env(…)) or .secret(Secret::file(…))")
            }
            Self::UnknownStage { .. } => Some("declare it before with .stage(Stage::new(…))"),
            _ => None,
        }
    }
}

/// The stage that compiled distributions come from; users cannot have one of that name.
pub const COMPILE_STAGE: &str = "compile";

pub(super) fn image(image: &Image, errors: &mut Vec<DeclarationError>) {
    let mut check = Check { name: &image.name, stages: BTreeSet::new(), errors };
    for stage in &image.stages {
        let what = format!("stage `{}`", stage.name);
        check.parent(stage.parent.as_ref(), &what);
        check.recipe(&stage.recipe, &what);
        check.stage_name(&stage.name);
    }
    check.parent(image.parent.as_ref(), "the image");
    check.recipe(&image.recipe, "the image");
    if let Some(target) = &image.target {
        check.stage(target, "the build target");
    }
    if image.kind == Kind::Lambda && image.recipe.cmd.is_none() && image.recipe.entrypoint.is_none() {
        check.errors.push(DeclarationError::NoHandler { name: image.name.clone() });
    }
}

struct Check<'a> {
    name: &'a str,
    /// The stages seen so far.
    stages: BTreeSet<&'a str>,
    errors: &'a mut Vec<DeclarationError>,
}

impl<'a> Check<'a> {
    fn parent(&mut self, parent: Option<&Parent>, what: &str) {
        match parent {
            None => {
                self.errors
                    .push(DeclarationError::NoParent { name: self.name.to_owned(), what: what.to_owned() });
            }
            Some(Parent::Stage(stage)) => self.stage(stage, what),
            Some(Parent::External(_) | Parent::Base(_)) => {}
        }
    }

    fn stage(&mut self, stage: &str, what: &str) {
        if !self.stages.contains(stage) {
            let (name, stage, what) = (self.name.to_owned(), stage.to_owned(), what.to_owned());
            self.errors.push(DeclarationError::UnknownStage { name, stage, what });
        }
    }

    fn stage_name(&mut self, stage: &'a str) {
        let legal = stage.starts_with(|c: char| c.is_ascii_lowercase())
            && stage.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c));
        let why = if !legal {
            "use lower-case letters, digits, dots, underscores and dashes, a letter first"
        } else if stage == COMPILE_STAGE || stage == "scratch" {
            "it is reserved"
        } else if !self.stages.insert(stage) {
            "another stage has it"
        } else {
            return;
        };
        self.errors.push(DeclarationError::StageName {
            name: self.name.to_owned(),
            stage: stage.to_owned(),
            why,
        });
    }

    fn recipe(&mut self, recipe: &Recipe, what: &str) {
        let variables = [&recipe.args, &recipe.build_env, &recipe.env];
        for (key, value) in variables.into_iter().flatten() {
            let legal = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            self.value(legal, format!("variable `{key}`"), "has an illegal name");
            self.value(
                !key.starts_with("BASE_IMAGE"),
                format!("variable `{key}`"),
                "is reserved for the parent",
            );
            self.one_line(value, &format!("the value of `{key}`"));
        }
        for (key, value) in &recipe.labels {
            let legal = !key.is_empty() && !key.contains([' ', '"', '\'', '=', '\\', '$']);
            self.value(legal, format!("label `{key}`"), "has an illegal name");
            let reserved = key.starts_with("io.layerwise.");
            self.value(!reserved, format!("label `{key}`"), "is reserved for the fingerprint");
            self.one_line(value, &format!("the value of label `{key}`"));
        }
        for text in recipe.workdir.iter().chain(&recipe.user) {
            self.value(!text.is_empty(), format!("`{text}`"), "is empty");
            self.one_line(text, &format!("`{text}`"));
        }
        let compilers = recipe.compilers.iter().map(|compilers| &compilers.0);
        for packages in recipe.system.iter().chain(compilers) {
            self.value(!packages.names.is_empty(), "the list of system packages".into(), "is empty");
            for package in &packages.names {
                let legal = package.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '@' || c == '/')
                    && !package.contains(char::is_whitespace);
                self.value(legal, format!("system package `{package}`"), "is not a package's name");
            }
        }
        for pip in &recipe.pip {
            let inline = match &pip.from {
                PipSource::Inline(requirements) => requirements.as_slice(),
                PipSource::File(_) => &[],
            };
            for requirement in inline {
                self.value(!requirement.trim().is_empty(), "a requirement".into(), "is empty");
                let option = requirement.trim_start().starts_with('-');
                self.value(!option, format!("`{requirement}`"), "is an option of pip, not a requirement");
                self.one_line(requirement, "a requirement");
            }
            let urls = pip.index_url.iter().chain(&pip.extra_index_urls);
            for url in urls.chain(inline) {
                let harmless = !holds_credentials(url);
                let why = "holds credentials, which would stay in the image: put the URL into pip.conf, which is \
                           mounted as a secret";
                self.value(harmless, "an index or requirement URL".into(), why);
            }
        }
        for step in &recipe.handler {
            match step {
                HandlerStep::Copy(copy) => {
                    if let CopySource::Stage { stage, .. } = &copy.from {
                        self.stage(stage, what);
                    }
                    if let Some(to) = &copy.to {
                        self.one_line(to, "a destination");
                        let climbs = to.split('/').any(|part| part == "..");
                        self.value(
                            !to.is_empty() && !climbs,
                            format!("destination `{to}`"),
                            "is empty or climbs with `..`",
                        );
                    }
                    for pattern in &copy.exclude {
                        let legal = !pattern.starts_with('!') && !pattern.trim().is_empty();
                        self.value(legal, format!("exclude pattern `{pattern}`"), "is empty or negated");
                        self.one_line(pattern, "an exclude pattern");
                    }
                }
                HandlerStep::Run(run) => self.run(run, recipe),
            }
        }
        for (_, run) in &recipe.runs {
            self.run(run, recipe);
        }
        for secret in &recipe.secrets {
            let id = secret.id();
            let legal = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            self.value(legal, format!("secret id `{id}`"), "may hold letters, digits, `.`, `_` and `-`");
            let taken = matches!(id, "pip_conf" | "pip_netrc" | "ca_bundle");
            self.value(
                !taken,
                format!("secret id `{id}`"),
                "is reserved: it is mounted for every pip install",
            );
        }
        let mut words =
            recipe.entrypoint.iter().flatten().chain(recipe.cmd.iter().flat_map(|cmd| &cmd.words));
        self.value(words.all(|word| !word.contains('\0')), "the command".into(), "holds a NUL");
        let empty =
            recipe.cmd.as_ref().is_some_and(|cmd| cmd.words.iter().all(|word| word.trim().is_empty()));
        self.value(!empty, "the command".into(), "is empty");
    }

    fn run(&mut self, run: &Run, recipe: &Recipe) {
        let command = run.command.trim_start();
        self.value(!command.is_empty(), "a command".into(), "is empty");
        self.value(!command.starts_with("--"), format!("`{command}`"), "starts like an option of RUN");
        for id in &run.secrets {
            if !recipe.secrets.iter().any(|secret| secret.id() == id) {
                self.errors
                    .push(DeclarationError::UnknownSecret { name: self.name.to_owned(), id: id.clone() });
            }
        }
    }

    fn one_line(&mut self, text: &str, what: &str) {
        self.value(
            !text.contains(char::is_control),
            what.to_owned(),
            "holds a line break or a control character",
        );
    }

    fn value(&mut self, legal: bool, what: String, why: &'static str) {
        if !legal {
            self.errors.push(DeclarationError::Value { name: self.name.to_owned(), what, why });
        }
    }
}

/// Whether a URL in `text` has a user part: `https://user:password@host/`.
fn holds_credentials(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.contains('@')
    })
}
