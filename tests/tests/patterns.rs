//! What every declaration pattern renders to.

use layerwise::image::Images;
use layerwise::inspect::{Inspection, inspect};
use layerwise_tests::patterns;

fn snapshot(images: &Images) {
    let repository = patterns::repository();
    let inspection = inspect(repository.root(), images).and_then(Inspection::whole).unwrap();
    for (target, inspected) in inspection.graph.targets.iter().zip(&inspection.targets) {
        let inputs: String = inspected
            .ingredients
            .classes
            .values()
            .flat_map(|class| class.files.keys())
            .map(|path| format!("{path}\n"))
            .collect();
        let text = format!(
            "{}\n=== ignore\n{}\n=== inputs\n{inputs}",
            inspected.dockerfile,
            inspected.allow_list().text()
        );
        insta::assert_snapshot!(target.label.clone(), text);
    }
}

#[test]
fn what_the_sandbox_can_build() {
    snapshot(&patterns::buildable());
}

#[test]
fn what_needs_other_worlds() {
    snapshot(&patterns::rendered());
}
