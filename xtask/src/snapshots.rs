//! Snapshots of every image of this monorepo: its Dockerfile, its ignore file, its input list. A change of a
//! declaration, or of how it is rendered, shows here first.

use camino::Utf8Path;
use layerwise::inspect::{Inspection, inspect};

#[test]
fn every_image_renders_as_it_did() {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let inspection = inspect(root, &crate::images::images()).and_then(Inspection::whole).unwrap();
    for (target, inspected) in inspection.graph.targets.iter().zip(&inspection.targets) {
        let mut inputs = String::new();
        for (class, ingredients) in &inspected.ingredients.classes {
            for path in ingredients.files.keys() {
                inputs.push_str(&format!("{class:<13} {path}\n"));
            }
        }
        insta::assert_snapshot!(format!("{}.Dockerfile", target.label), inspected.dockerfile);
        insta::assert_snapshot!(
            format!("{}.Dockerfile.dockerignore", target.label),
            inspected.allow_list().text()
        );
        insta::assert_snapshot!(format!("{}.inputs", target.label), inputs);
    }
}
