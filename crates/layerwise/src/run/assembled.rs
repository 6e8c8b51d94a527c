//! One target without a builder, where that is possible and wanted. Never starts BuildKit; says why it leaves a target to
//! it.

use super::Assemble;
use super::one::{Build, Job, reference_of, stand_in};
use crate::assemble::{WhyNot, instructions};
use crate::assembler::{AssembleError, AssembleRequest};
use crate::builder::Built;
use crate::dockerfile::Instruction;
use crate::event::{Event, Failure};
use crate::graph::{Target, TargetParent};
use crate::image::Kind;
use crate::image_ref::ImageRef;
use crate::process::Cancel;

/// Assembles the target; `None` leaves it to BuildKit.
pub(super) fn build(
    job: &Job<'_>,
    build: &Build,
    cancel: &Cancel,
    events: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Option<Built>, Failure> {
    let (choice, target) = (job.options.assemble, job.target());
    // `--no-cache` is a question to BuildKit.
    if choice == Assemble::Never || job.options.no_cache {
        return Ok(None);
    }
    let why = match instructions(&target.image, &job.inspected().dockerfile) {
        Err(why) => why,
        Ok(instructions) => match assemble(job, build, instructions, cancel) {
            Ok(built) => return Ok(Some(built)),
            Err(AssembleError::Failed(error)) => return Err(error.into()),
            Err(AssembleError::Moved { path }) => {
                return Err(Failure::InputsMoved { changes: path.to_string() });
            }
            Err(AssembleError::CannotBe(why)) => {
                events(Event::LeftToBuildKit { target: job.place, why: &why });
                why
            }
        },
    };
    match choice {
        Assemble::Always if target.image.kind != Kind::Base => Err(Failure::NotAssembled(why)),
        _ => Ok(None),
    }
}

fn assemble(
    job: &Job<'_>,
    build: &Build,
    instructions: &[Instruction],
    cancel: &Cancel,
) -> Result<Built, AssembleError> {
    let target = job.target();
    let assembler = job.world.assembler.ok_or(WhyNot::Never)?;
    let parent = parent(job, target).ok_or(WhyNot::Stages)?;
    let request = AssembleRequest {
        image: target.label.clone(),
        platform: target.platform,
        instructions,
        context: job.inspected().context(),
        root: &job.inspection.root,
        parent,
        siblings: if job.options.assemble == Assemble::Always { usize::MAX } else { siblings(job, target) },
        labels: build.labels.clone(),
        tags: build.tags.clone(),
        folder: build.folder.clone(),
    };
    assembler.assemble(&request, cancel)
}

fn parent(job: &Job<'_>, target: &Target) -> Option<ImageRef> {
    match &target.parents.last()?.parent {
        TargetParent::External(reference) => {
            Some(stand_in(job.world, reference).unwrap_or(reference).clone())
        }
        TargetParent::Stable { target: _, reference } => Some(reference.clone()),
        TargetParent::Target(place) => reference_of(job.world.destination, *place, &job.parents),
    }
}

/// How many images of this parent are to be made, this one among them.
fn siblings(job: &Job<'_>, target: &Target) -> usize {
    let parent = |target: &Target| target.parents.last().map(|parent| parent.parent.clone());
    let others = job.needed.iter().map(|&place| &job.inspection.graph.targets[place]);
    others.filter(|other| parent(other) == parent(target)).count()
}
