//! A monorepo's declaration as a model: what steps change, and what Layerwise is given. Never reads a file.

use layerwise::image::{
    BaseImage, Cmd, ContainerImage, Declare, Images, LambdaImage, Parent, Secret, Stage, external, stage,
};
use layerwise::layer::LayerClass;
use layerwise::platform::Platform;

/// The name of every declared stage.
pub const STAGE: &str = "assemble";

/// The images, bases before what stands on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The images.
    pub images: Vec<ImageModel>,
}

/// What kind of image it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A base.
    Base,
    /// A Lambda.
    Lambda,
    /// Anything else.
    Container,
}

/// What an image stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// An image of somebody else.
    External(String),
    /// The image at this place, a base.
    Base(usize),
    /// The image's own stage.
    Stage,
}

/// One image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageModel {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Its parent.
    pub on: On,
    /// What is done to it.
    pub parts: Vec<Part>,
    /// Its stage, if any.
    pub stage: Option<StageModel>,
    /// Whether the stage is the image.
    pub target: bool,
    /// A function's name: in no fingerprint.
    pub function: Option<String>,
}

/// A stage before the image's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageModel {
    /// Its parent.
    pub on: On,
    /// What is done to it.
    pub parts: Vec<Part>,
}

/// One declared thing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are called like the methods that they call")]
pub enum Part {
    Copy(String),
    CopyAs(String, String),
    CopyDir(String),
    CopyDirAs(String, String),
    CopyDirExcept(String, String, Vec<String>),
    CopyGlob(String, String),
    CopyFrom(String, String),
    Run(LayerClass, String),
    Mkdir(String),
    Chmod(String, String),
    Arg(String, String),
    BuildEnv(String, String),
    Env(String, String),
    Label(String, String),
    Workdir(String),
    User(String),
    Expose(u16),
    Entrypoint(String),
    Cmd(String),
    Secret(String),
}

impl Part {
    fn add<D: Declare>(&self, to: D) -> D {
        match self {
            Self::Copy(file) => to.copy(file),
            Self::CopyAs(file, name) => to.copy_as(file, name),
            Self::CopyDir(folder) => to.copy_dir(folder),
            Self::CopyDirAs(folder, name) => to.copy_dir_as(folder, name),
            Self::CopyDirExcept(folder, name, except) => to.copy_dir_except(folder, name, except.clone()),
            Self::CopyGlob(pattern, name) => to.copy_glob(pattern, name),
            Self::CopyFrom(path, name) => to.copy_from(STAGE, path, name),
            Self::Run(class, command) => to.run_in(*class, command.as_str()),
            Self::Mkdir(folder) => to.mkdir(folder),
            Self::Chmod(mode, path) => to.chmod(mode, path),
            Self::Arg(name, value) => to.arg(name, value),
            Self::BuildEnv(name, value) => to.build_env(name, value),
            Self::Env(name, value) => to.env(name, value),
            Self::Label(name, value) => to.label(name, value),
            Self::Workdir(folder) => to.workdir(folder),
            Self::User(user) => to.user(user),
            Self::Expose(port) => to.expose(*port),
            Self::Entrypoint(word) => to.entrypoint([word]),
            Self::Cmd(word) => to.cmd(Cmd::unchecked(word)),
            Self::Secret(id) => to.secret(Secret::env(id, "LAYERWISE_TEST_UNUSED")),
        }
    }

    /// Where it copies from.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        match self {
            Self::Copy(path)
            | Self::CopyAs(path, _)
            | Self::CopyDir(path)
            | Self::CopyDirAs(path, _)
            | Self::CopyDirExcept(path, ..) => Some(path),
            Self::CopyGlob(pattern, _) => Some(pattern.rsplit_once('/').map_or(".", |(folder, _)| folder)),
            _ => None,
        }
    }

    /// Lets it copy from where `from` was moved to.
    pub fn follow(&mut self, from: &str, to: &str) {
        let moved = |path: &str| {
            let rest = path.strip_prefix(from).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
            Some(format!("{to}{rest}"))
        };
        match self {
            Self::Copy(path)
            | Self::CopyAs(path, _)
            | Self::CopyDir(path)
            | Self::CopyDirAs(path, _)
            | Self::CopyDirExcept(path, ..)
            | Self::CopyGlob(path, _) => {
                if let Some(moved) = moved(path) {
                    *path = moved;
                }
            }
            _ => {}
        }
    }
}

impl ImageModel {
    /// All parts, the stage's first.
    pub fn all_parts(&self) -> impl Iterator<Item = &Part> {
        self.stage.iter().flat_map(|stage| &stage.parts).chain(&self.parts)
    }

    /// The parts of the stage or of the image itself.
    pub fn parts_mut(&mut self, of_stage: bool) -> &mut Vec<Part> {
        match &mut self.stage {
            Some(stage) if of_stage => &mut stage.parts,
            _ => &mut self.parts,
        }
    }
}

fn add_all<D: Declare>(to: D, parts: &[Part]) -> D {
    parts.iter().fold(to, |to, part| part.add(to))
}

/// What all kinds of images have besides [`Declare`].
macro_rules! whole {
    ($kind:ident, $image:expr, $parents:expr) => {{
        let image: &ImageModel = $image;
        let mut made = $kind::new(&image.name).from(parent(&image.on, $parents));
        if let Some(model) = &image.stage {
            let stage = Stage::new(STAGE).from(parent(&model.on, $parents));
            made = made.stage(add_all(stage, &model.parts));
            if image.target {
                made = made.target(STAGE);
            }
        }
        add_all(made, &image.parts)
    }};
}

fn parent(on: &On, bases: &[Option<BaseImage>]) -> Parent {
    match on {
        On::External(reference) => external(reference),
        On::Stage => stage(STAGE),
        On::Base(place) => bases[*place].as_ref().expect("a base stands before what stands on it").into(),
    }
}

impl Declaration {
    /// What Layerwise is given.
    ///
    /// # Panics
    /// When an image stands on one that is no base or that comes later: the generator makes none of these.
    #[must_use]
    pub fn images(&self) -> Images {
        let mut bases: Vec<Option<BaseImage>> = Vec::new();
        let mut images = Images::new(Platform::LinuxAmd64);
        for image in &self.images {
            let mut base = None;
            images = match image.kind {
                Kind::Base => {
                    let made = whole!(BaseImage, image, &bases);
                    let images = images.base(&made);
                    base = Some(made);
                    images
                }
                Kind::Lambda => {
                    let made = whole!(LambdaImage, image, &bases);
                    images.lambda(image.function.iter().fold(made, |made, name| made.function(name)))
                }
                Kind::Container => images.container(whole!(ContainerImage, image, &bases)),
            };
            bases.push(base);
        }
        images
    }
}
