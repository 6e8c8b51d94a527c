//! Declarations: base images, Lambda images and others as plain data, built with methods that read like the
//! Dockerfile they replace. Nothing is checked here and nothing is read: `graph` checks, `inspect` reads.
//!
//! ```
//! use layerwise::image::{BaseImage, Declare, Images, LambdaImage, lambda_python};
//! use layerwise::platform::Platform;
//! use layerwise::python::PythonPackage;
//!
//! let dynamo = PythonPackage::at("base-images/receipt_dynamo");
//! let base = BaseImage::new("base-receipt-dynamo").from(lambda_python("3.13")).install(&dynamo);
//! let images = Images::new(Platform::LinuxAmd64).lambda(
//!     LambdaImage::new("submit-openai")
//!         .from(&base)
//!         .copy("lambdas/submit_openai/handler.py")
//!         .cmd("handler.lambda_handler"),
//! );
//! # assert_eq!(images.images.len(), 1);
//! ```

mod declare;
mod recipe;

use std::sync::Arc;

pub use declare::Declare;
pub use recipe::{
    Cmd, Compilers, Copy, CopySource, HandlerStep, PackageManager, Pip, PipSource, Recipe, Run, Secret,
    SystemPackages,
};

use crate::platform::Platform;
use crate::python::PythonPackage;

/// Everything that a monorepo declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// The platform of every image that does not name its own.
    pub platform: Platform,
    /// The images in the order of their declaration. Bases that others stand on need not be listed.
    pub images: Vec<Image>,
    /// Local packages that no image installs by name, but that others depend on.
    pub packages: Vec<PythonPackage>,
}

impl Images {
    /// No images yet, all of them for `platform`.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { platform, images: Vec::new(), packages: Vec::new() }
    }

    /// Adds a Lambda image.
    #[must_use]
    pub fn lambda(self, image: LambdaImage) -> Self {
        self.image(image.0)
    }

    /// Adds a base image, so that it is built even while nothing stands on it.
    #[must_use]
    pub fn base(self, image: &BaseImage) -> Self {
        self.image(image.0.clone())
    }

    /// Adds an image that no Lambda function runs.
    #[must_use]
    pub fn container(self, image: ContainerImage) -> Self {
        self.image(image.0)
    }

    /// Makes a local package known that others depend on and no image names.
    #[must_use]
    pub fn package(mut self, package: &PythonPackage) -> Self {
        self.packages.push(package.clone());
        self
    }

    fn image(mut self, image: Image) -> Self {
        self.images.push(image);
        self
    }
}

/// One declared image, of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its name, and the last part of its repository.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// What it stands on.
    pub parent: Option<Parent>,
    /// Its platform, when it is not the monorepo's.
    pub platform: Option<Platform>,
    /// What is done to its parent.
    pub recipe: Recipe,
    /// Stages before its own, in order.
    pub stages: Vec<Stage>,
    /// The stage that becomes the image, when it is not the last one.
    pub target: Option<String>,
    /// The functions that run it; only reports show them.
    pub functions: Vec<String>,
    /// How its functions run on this machine.
    pub on_this_machine: OnThisMachine,
    /// An external Dockerfile frontend (`# syntax=…`). None by default: BuildKit would fetch it from a registry.
    pub syntax: Option<String>,
}

/// How the functions of an image run on a developer's machine. No part of the image, and so of no fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnThisMachine {
    /// How long an invocation may take, in seconds.
    pub timeout: Option<u16>,
    /// What a function may use, in megabytes.
    pub memory: Option<u16>,
    /// Environment variables that hold here only, over those of the image.
    pub env: Vec<(String, String)>,
    /// The folder of its sample events, when that is not `events` beside its own files.
    pub events: Option<String>,
}

/// What an image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Other images stand on it.
    Base,
    /// A Lambda function runs it.
    Lambda,
    /// Anything else: a training job, a batch job.
    Container,
}

/// What an image or a stage stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parent {
    /// An image of somebody else, by reference.
    External(String),
    /// A base image of ours.
    Base(Arc<Image>),
    /// An earlier stage of the same image.
    Stage(String),
}

impl From<&BaseImage> for Parent {
    fn from(base: &BaseImage) -> Self {
        Self::Base(Arc::new(base.0.clone()))
    }
}

/// AWS's Lambda base image for a version of Python: `public.ecr.aws/lambda/python:<version>`
/// ([AWS base images for Lambda](https://docs.aws.amazon.com/lambda/latest/dg/python-image.html)).
#[must_use]
pub fn lambda_python(version: &str) -> Parent {
    external(format!("public.ecr.aws/lambda/python:{version}"))
}

/// An image of somebody else; best pinned with its digest (`name:tag@sha256:…`).
#[must_use]
pub fn external(reference: impl Into<String>) -> Parent {
    Parent::External(reference.into())
}

/// An earlier stage of the same image.
#[must_use]
pub fn stage(name: impl Into<String>) -> Parent {
    Parent::Stage(name.into())
}

impl Image {
    fn new(name: String, kind: Kind) -> Self {
        Self {
            name,
            kind,
            parent: None,
            platform: None,
            recipe: Recipe::default(),
            stages: Vec::new(),
            target: None,
            functions: Vec::new(),
            on_this_machine: OnThisMachine::default(),
            syntax: None,
        }
    }
}

/// A named stage before an image's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name, for [`Declare::copy_from`] and [`stage`].
    pub name: String,
    /// What it stands on.
    pub parent: Option<Parent>,
    /// What is done to its parent.
    pub recipe: Recipe,
}

impl Stage {
    /// A stage called `name`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), parent: None, recipe: Recipe::default() }
    }

    /// What it stands on.
    #[must_use]
    pub fn from(mut self, parent: impl Into<Parent>) -> Self {
        self.parent = Some(parent.into());
        self
    }
}

impl Declare for Stage {
    fn recipe_mut(&mut self) -> &mut Recipe {
        &mut self.recipe
    }
}

/// Defines a kind of image with what only whole images have.
macro_rules! image_kind {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub Image);

        impl $name {
            /// An image called `name`: lower-case letters and digits with single dots, underscores or dashes between.
            #[must_use]
            pub fn new(name: impl Into<String>) -> Self {
                Self(Image::new(name.into(), $kind))
            }

            /// What it stands on: a base of ours, [`external`], [`lambda_python`] or an earlier [`stage`].
            #[must_use]
            pub fn from(mut self, parent: impl Into<Parent>) -> Self {
                self.0.parent = Some(parent.into());
                self
            }

            /// Its platform, when it is not the monorepo's.
            #[must_use]
            pub fn platform(mut self, platform: Platform) -> Self {
                self.0.platform = Some(platform);
                self
            }

            /// Adds a stage before the image's own; nothing of it is in the image unless it is copied from there.
            #[must_use]
            pub fn stage(mut self, stage: Stage) -> Self {
                self.0.stages.push(stage);
                self
            }

            /// Makes another stage than the last one the image.
            #[must_use]
            pub fn target(mut self, stage: impl Into<String>) -> Self {
                self.0.target = Some(stage.into());
                self
            }

            /// Sets an external Dockerfile frontend, `docker/dockerfile:1.7-labs` for instance. BuildKit fetches it
            /// from a registry at every build, so pin it with its digest.
            #[must_use]
            pub fn syntax(mut self, frontend: impl Into<String>) -> Self {
                self.0.syntax = Some(frontend.into());
                self
            }
        }

        impl Declare for $name {
            fn recipe_mut(&mut self) -> &mut Recipe {
                &mut self.0.recipe
            }
        }
    };
}

image_kind! {
    /// An image that others stand on.
    BaseImage, Kind::Base
}
image_kind! {
    /// An image that Lambda functions run. Relative destinations are below `${LAMBDA_TASK_ROOT}`.
    LambdaImage, Kind::Lambda
}
image_kind! {
    /// An image that something else than Lambda runs. Relative destinations are below its working directory.
    ContainerImage, Kind::Container
}

impl LambdaImage {
    /// Names a function that runs this image; several functions may share one.
    #[must_use]
    pub fn function(mut self, name: impl Into<String>) -> Self {
        self.0.functions.push(name.into());
        self
    }

    /// How long an invocation may take, in seconds, when it runs on this machine; the function's own setting in AWS is
    /// not touched.
    #[must_use]
    pub fn timeout(mut self, seconds: u16) -> Self {
        self.0.on_this_machine.timeout = Some(seconds);
        self
    }

    /// What the function may use, in megabytes, when it runs on this machine.
    #[must_use]
    pub fn memory(mut self, megabytes: u16) -> Self {
        self.0.on_this_machine.memory = Some(megabytes);
        self
    }

    /// Sets an environment variable for runs on this machine only: no image and no fingerprint holds it. For a
    /// local table's name or endpoint, never for a secret.
    #[must_use]
    pub fn local_env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.on_this_machine.env.push((name.into(), value.into()));
        self
    }

    /// The folder of the image's sample events, when that is not `events` beside one of its own files.
    #[must_use]
    pub fn events(mut self, folder: impl Into<String>) -> Self {
        self.0.on_this_machine.events = Some(folder.into());
        self
    }
}
