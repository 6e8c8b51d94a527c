//! Why an image is not assembled but built by BuildKit. Plain data.

use crate::image_ref::ImageRef;
use crate::layer::LayerClass;
use crate::platform::Platform;

/// Why an image is not assembled. Nothing is wrong with it: BuildKit builds it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    /// Bases are built by BuildKit, so that what stands on them finds them in its cache.
    #[error("it is a base")]
    Base,
    /// It stands on nothing.
    #[error("it stands on nothing")]
    Scratch,
    /// Something runs in a container.
    #[error("{}", runs(*class))]
    Runs {
        /// For what.
        class: LayerClass,
    },
    /// It has several stages.
    #[error("it has stages of its own")]
    Stages,
    /// It copies out of another image.
    #[error("it copies out of another image")]
    CopiesFromAnImage,
    /// A frontend of its own reads its Dockerfile.
    #[error("it names a Dockerfile frontend")]
    Frontend,
    /// An expansion whose rules are BuildKit's own.
    #[error("`{text}` expands in a way that is left to BuildKit")]
    Expansion {
        /// The declared text.
        text: String,
    },
    /// A link is copied by its own name, or by a way that leads through one.
    #[error("`{path}` is a link, or is reached through one")]
    Link {
        /// The input.
        path: String,
    },
    /// In the image, the way to a destination leads through a link.
    #[error("in the image, `/{path}` is a link")]
    LinkInImage {
        /// The path.
        path: String,
    },
    /// A file would take the place of a folder, or the other way round.
    #[error("in the image, `/{path}` is there already, as something else")]
    Conflict {
        /// The path.
        path: String,
    },
    /// A new folder would get its group, and the bit that hands it on, from the one that it is in.
    #[error("in the image, `/{path}` hands its group on to new folders")]
    GroupHandedOn {
        /// The folder that is there.
        path: String,
    },
    /// A new working directory would belong to the parent's user.
    #[error("its working directory would belong to the parent's user `{user}`")]
    WorkdirOwner {
        /// The user.
        user: String,
    },
    /// The parent is not where the image goes, or cannot be read.
    #[error("its parent {parent} cannot be read: {why}")]
    ParentUnreadable {
        /// The parent.
        parent: ImageRef,
        /// Why not.
        why: String,
    },
    /// The parent is for another machine.
    #[error("its parent is for {found}, not for {declared}")]
    ParentPlatform {
        /// What its configuration names.
        found: String,
        /// What was declared.
        declared: Platform,
    },
    /// The parent leaves instructions to whoever stands on it.
    #[error("its parent has ONBUILD instructions")]
    OnBuild,
    /// The parent is written in a way that we do not continue.
    #[error("its parent's {part} cannot be continued: {why}")]
    ParentForm {
        /// `manifest`, `configuration` or a layer's digest.
        part: String,
        /// Why not.
        why: String,
    },
    /// To read the parent first would take longer than to build.
    #[error("its parent {parent} has not been read yet, and too few images stand on it to begin now")]
    NotWorthReading {
        /// The parent.
        parent: ImageRef,
    },
    /// It was asked for.
    #[error("--assemble never")]
    Never,
}

fn runs(class: LayerClass) -> &'static str {
    match class {
        LayerClass::Requirements => "it installs requirements",
        LayerClass::Packages => "it installs local packages",
        LayerClass::Base | LayerClass::System | LayerClass::Handler | LayerClass::Configuration => {
            "it runs commands"
        }
    }
}
