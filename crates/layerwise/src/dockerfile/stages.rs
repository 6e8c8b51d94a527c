//! In which layer class a change of a stage is first seen in the image. Pure.
//!
//! A stage has layers of all classes, but the image is what the last stage (or the target) makes of them: what is copied
//! out of a stage is a layer of the instruction that copies it, and what stands on a stage is built again with it. A change
//! of the stage is named by the earliest of these, or a plan would promise that layers stay which do not.

use super::{Instruction, Stage};
use crate::layer::LayerClass;

impl Stage {
    /// The class in which a change of `instruction`, which is one of this stage's, is named.
    #[must_use]
    pub fn class_of(&self, instruction: &Instruction) -> LayerClass {
        instruction.class.min(self.seen_in)
    }

    /// The class of its first instruction.
    fn first(&self) -> LayerClass {
        self.instructions.first().map_or(self.seen_in, |instruction| self.class_of(instruction))
    }

    /// Where a change of the stage `other` is first seen here, if it is.
    fn sees(&self, other: &str) -> Option<LayerClass> {
        if self.from == other {
            return Some(self.first());
        }
        let takes = self.instructions.iter().find(|instruction| takes_from(&instruction.text, other));
        takes.map(|instruction| self.class_of(instruction))
    }
}

/// Sets [`Stage::seen_in`] of all that the stage `target`, or else the last one, is made of.
pub(super) fn see(stages: &mut [Stage], target: Option<&str>) {
    let is_target = |stage: &Stage| stage.name.as_deref() == target;
    let built = stages.iter().position(is_target).unwrap_or(stages.len().saturating_sub(1));
    // A stage uses only those before it, so each one's own place is known when it is asked.
    let mut is_used = vec![false; stages.len()];
    for place in (0..=built).rev() {
        let Some((stage, later)) = stages.get_mut(place..=built).and_then(<[Stage]>::split_first_mut) else {
            continue;
        };
        let Some(name) = stage.name.clone() else {
            is_used[place] = true;
            continue;
        };
        let used = later.iter().zip(&is_used[place + 1..]).filter(|(_, used)| **used);
        let seen = used.filter_map(|(stage, _)| stage.sees(&name)).min();
        is_used[place] = place == built || seen.is_some();
        stage.seen_in = seen.unwrap_or(stage.seen_in);
    }
}

/// Whether an instruction copies or mounts from the stage `name`.
fn takes_from(text: &str, name: &str) -> bool {
    let named = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || "-_.".contains(next));
    text.split("from=").skip(1).any(|rest| rest.strip_prefix(name).is_some_and(named))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference::difference;
    use crate::image::{ContainerImage, Declare, Images, Parent, Stage as Declared, external, stage};
    use crate::inspect::inspect;
    use crate::platform::Platform;

    /// The first class that is named when something is added to the stage `work` of an image.
    fn named(image: ContainerImage, add: impl FnOnce(Declared) -> Declared) -> LayerClass {
        let folder = tempfile::tempdir().unwrap();
        let root = camino::Utf8Path::from_path(folder.path()).unwrap();
        let ingredients = |work: Declared| {
            let upper = Declared::new("upper").from(stage("work")).run("upper");
            let image = image.clone().stage(work).stage(upper);
            let images = Images::new(Platform::LinuxAmd64).container(image);
            inspect(root, &images).unwrap().targets.remove(0).ingredients
        };
        let work = || Declared::new("work").from(external("a:1")).run("first");
        let changes = difference(&ingredients(work()), &ingredients(add(work())));
        changes.iter().map(|change| change.class).min().unwrap()
    }

    fn image(from: Parent) -> ContainerImage {
        ContainerImage::new("it").from(from)
    }

    #[test]
    fn what_is_copied_out_of_a_stage_is_a_layer_of_who_copies_it() {
        let copies = || image(external("b:1")).copy_from("work", "/out", "/out");
        let configure = |work: Declared| work.run_in(LayerClass::Configuration, "configure");
        assert_eq!(named(copies(), configure), LayerClass::Handler);
        assert_eq!(named(copies(), |work| work.env("A", "1")), LayerClass::Handler);
        assert_eq!(named(copies(), |work| work.run("other")), LayerClass::System);
    }

    #[test]
    fn what_stands_on_a_stage_is_built_again_with_it() {
        let configure = |work: Declared| work.run_in(LayerClass::Configuration, "configure");
        assert_eq!(named(image(stage("work")), configure), LayerClass::Configuration);
        let handles = image(stage("work")).run_in(LayerClass::Handler, "handle");
        assert_eq!(named(handles, configure), LayerClass::Handler);
        assert_eq!(named(image(stage("upper")), configure), LayerClass::System);
        let copies = image(external("b:1")).copy_from("upper", "/out", "/out");
        assert_eq!(named(copies, configure), LayerClass::System);
    }

    #[test]
    fn what_is_not_built_has_no_say() {
        let configure = |work: Declared| work.run_in(LayerClass::Configuration, "configure");
        let target = image(external("b:1")).copy_from("work", "/out", "/out").target("work");
        assert_eq!(named(target, configure), LayerClass::Configuration);
        assert_eq!(named(image(external("b:1")), configure), LayerClass::Configuration);
    }

    #[test]
    fn a_longer_name_is_another_stage() {
        assert!(takes_from("COPY --from=work /out /out", "work"));
        assert!(takes_from("RUN --mount=type=bind,from=work,source=/w,target=/w make", "work"));
        assert!(!takes_from("COPY --from=work-2 /out /out", "work"));
    }
}
