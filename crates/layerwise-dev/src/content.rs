//! What is in one container: what its image was built from, what was put into it since, and where its files are. Looks into
//! the container when it has to; changes nothing there.

use layerwise::inspect::Inspection;

use crate::decide::{Chain, Decision, Places, decide};
use crate::driver::Driver;
use crate::layout::Layout;
use crate::packages::{self, Packages};
use crate::reload::Inside;

/// What is in one container.
#[derive(Default)]
pub(crate) struct Content {
    /// What the image was built from.
    pub(crate) built: Chain,
    /// What the container has by now.
    pub(crate) has: Chain,
    layout: Layout,
    /// Where the files of packages are; unknown until somebody has to know.
    packages: Option<Packages>,
}

/// The target at `place` with everything that it stands on, itself last.
pub(crate) fn chain(inspection: &Inspection, place: usize) -> Chain {
    let places = inspection.graph.with_ancestors([place]);
    let link = |place: usize| {
        (inspection.graph.targets[place].label.clone(), inspection.targets[place].ingredients.clone())
    };
    places.into_iter().map(link).collect()
}

impl Content {
    /// Of a container of an image that was built from `built`, laid out as `layout` says.
    pub(crate) fn new(built: Chain, layout: Layout) -> Self {
        Self { has: built.clone(), built, layout, packages: None }
    }

    /// What is to be done so that it is what the sources say, which are `now`.
    pub(crate) fn decide(&mut self, now: &Chain, inside: &Inside, driver: &Driver) -> Decision {
        let nothing = Packages::default();
        let packages = self.packages.as_ref().unwrap_or(&nothing);
        let decision = decide(&self.has, now, Places { layout: &self.layout, packages });
        if self.packages.is_some() || !decision.hangs_on_packages() {
            return decision;
        }
        self.look(inside, driver);
        let packages = self.packages.as_ref().unwrap_or(&nothing);
        decide(&self.has, now, Places { layout: &self.layout, packages })
    }

    /// Folders and files of the repository and where the container has them, most particular first.
    pub(crate) fn mappings(&mut self, inside: &Inside, driver: &Driver) -> Vec<(String, String)> {
        self.look(inside, driver);
        let packages = self.packages.iter().flat_map(Packages::mappings);
        packages.chain(self.layout.mappings()).collect()
    }

    /// Looks where the files of packages are; pip's list does not change.
    fn look(&mut self, inside: &Inside, driver: &Driver) {
        if self.packages.is_none() {
            let installed = driver.wait(inside.installed(&packages::wanted(&self.built)));
            self.packages = Some(Packages::new(&self.built, &installed));
        }
    }
}
