//! The debugger that the development loop puts into containers, as an image of its own.

use std::collections::BTreeSet;

use layerwise::graph::{Graph, TargetParent};
use layerwise::image::{ContainerImage, Declare as _, Images, Stage, external};
use layerwise::image_ref::ImageRef;
use layerwise::inspect::{Inspection, inspect};
use layerwise::layer::LayerClass;
use layerwise::process::Cancel;
use layerwise::run::Outcome;

use super::{About, Standing};
use crate::error::CliError;

/// The debugger; the newest when this was written.
const DEBUGPY: &str = "debugpy==1.8.22";

impl Standing<'_> {
    /// An image that holds debugpy below `/opt/layerwise`, for the Python of the target at `place`: declared, built and
    /// remembered as any other. Nothing when it could not be built, which has been said.
    ///
    /// # Errors
    /// [`CliError`] when nothing can be built at all.
    pub fn debugger(
        &self,
        inspection: &Inspection,
        place: usize,
        cancel: &Cancel,
    ) -> Result<Option<ImageRef>, CliError> {
        let images = debugger(&inspection.graph, place);
        let inspection = inspect(&self.context.root, &images).map_err(CliError::Problems)?;
        let outcomes = self.ensure(&inspection, &BTreeSet::from([0]), About::Missing, cancel)?.0;
        Ok(match outcomes.into_iter().next().flatten() {
            Some(Outcome::Fresh(product) | Outcome::Built(product)) => Some(product.reference),
            _ => None,
        })
    }
}

/// The debugger's image: what pip installs on the external image that the target at `place` stands on in the end, and
/// nothing else.
fn debugger(graph: &Graph, mut place: usize) -> Images {
    let mut below = external("scratch");
    while let Some(parent) = graph.targets[place].parents.last() {
        match &parent.parent {
            TargetParent::Target(target) | TargetParent::Stable { target, .. } => place = *target,
            TargetParent::External(reference) => {
                below = external(reference.to_string());
                break;
            }
        }
    }
    let take = "mkdir -p /opt/layerwise && cp -r \
                \"$(python3 -c 'import debugpy, os; print(os.path.dirname(debugpy.__file__))')\" /opt/layerwise/";
    let installed = Stage::new("installed").from(below).pip([DEBUGPY]).run_in(LayerClass::Handler, take);
    let image = ContainerImage::new("layerwise-debugger")
        .stage(installed)
        .from(external("scratch"))
        .copy_from("installed", "/opt/layerwise", "/opt/layerwise/");
    Images::new(graph.targets[place].platform).container(image)
}
