//! The sample monorepo's images under names of their own, for tests that keep images in the engine that all tests share:
//! nobody else's `<name>:local` moves.

use std::sync::Arc;

use layerwise::image::{Image, Images, Parent};

/// What stands before every name.
pub const PREFIX: &str = "local-";

/// The sample monorepo's images, renamed.
#[must_use]
pub fn images() -> Images {
    let mut images = xtask::images();
    images.images.iter_mut().for_each(rename);
    images
}

fn rename(image: &mut Image) {
    image.name.insert_str(0, PREFIX);
    let stages = image.stages.iter_mut().map(|stage| &mut stage.parent);
    for parent in stages.chain([&mut image.parent]) {
        if let Some(Parent::Base(base)) = parent {
            rename(Arc::make_mut(base));
        }
    }
}
