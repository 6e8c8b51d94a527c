//! A monorepo with one image that stands on somebody else's, which a test chooses.

use layerwise::image::{ContainerImage, Declare, Images, external};
use layerwise::platform::Platform;

/// The variable that names the parent.
pub const BASE: &str = "LAYERWISE_TEST_BASE";

/// The image's name.
pub const IMAGE: &str = "locked";

/// The one image.
#[must_use]
pub fn images() -> Images {
    let base = std::env::var(BASE).unwrap_or_else(|_| "scratch".to_owned());
    let image = ContainerImage::new(IMAGE).from(external(base)).copy_as("own.txt", "/own.txt");
    Images::new(Platform::LinuxAmd64).container(image)
}
