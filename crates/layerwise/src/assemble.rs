//! Images that need no builder: what COPY, ENV, LABEL, WORKDIR, USER, CMD, ENTRYPOINT, EXPOSE and ARG make of a parent,
//! worked out as BuildKit would. Pure: the parent comes in as its configuration and a list of its files, layers go out
//! as lists of what they hold; never reads a file and asks nobody.
//!
//! What BuildKit would do in a way that is not known here for certain is left to BuildKit: see [`WhyNot`].

mod config;
mod expand;
mod index;
mod lay;
mod manifest;
mod tree;
mod why_not;

use std::collections::BTreeMap;

pub use config::Config;
pub use index::{Index, Machine};
pub use lay::{Laid, Layer, Put, lay};
pub use manifest::{Descriptor, Manifest};
pub use tree::{Change, Kind, Listing, Node, Tree};
pub use why_not::WhyNot;

use crate::dockerfile::{Dockerfile, Does, Instruction};
use crate::image;
use crate::inputs::Entry;
use crate::repo_path::RepoPath;

/// What an image's build context holds, folders on the way included.
pub type Context = BTreeMap<RepoPath, Entry>;

/// The second of all times in what is assembled: 2000-01-01, in seconds since 1970. Every archive format can write it.
pub const TIME: u64 = 946_684_800;

/// The instructions of an image that can be assembled, as far as its declaration tells.
///
/// # Errors
/// [`WhyNot`] for one that needs a builder.
pub fn instructions<'a>(
    image: &image::Image,
    dockerfile: &'a Dockerfile,
) -> Result<&'a [Instruction], WhyNot> {
    if image.kind == image::Kind::Base {
        return Err(WhyNot::Base);
    }
    if image.parent == Some(image::Parent::External("scratch".to_owned())) {
        return Err(WhyNot::Scratch);
    }
    if dockerfile.frontend.is_some() {
        return Err(WhyNot::Frontend);
    }
    let [stage] = dockerfile.stages.as_slice() else { return Err(WhyNot::Stages) };
    for instruction in &stage.instructions {
        match instruction.does {
            Does::Run => return Err(WhyNot::Runs { class: instruction.class }),
            Does::CopyFrom => return Err(WhyNot::CopiesFromAnImage),
            Does::Copy
            | Does::Arg(..)
            | Does::Env(_)
            | Does::Label(_)
            | Does::Workdir(_)
            | Does::Expose(_)
            | Does::User(_)
            | Does::Entrypoint(_)
            | Does::Cmd(_) => {}
        }
    }
    Ok(&stage.instructions)
}
