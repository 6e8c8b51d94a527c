//! Inputs that another user could not read, as Lambda's does. Pure.

use std::collections::BTreeMap;

use layerwise::inspect::Inspection;

use super::Finding;

const TOPIC: &str = "modes";

/// Looks at the modes that the inspection found odd.
#[must_use]
pub fn check(inspection: &Inspection) -> Vec<Finding> {
    let modes = inspection.targets.iter().flat_map(|inspected| &inspected.odd_modes);
    let private: BTreeMap<_, _> = modes.filter(|(_, mode)| *mode & 0o004 == 0).collect();
    if private.is_empty() {
        return vec![Finding::ok(TOPIC, "every input is readable for Lambda's user")];
    }
    let finding = |(path, mode)| {
        let message = format!(
            "`{path}` has mode {:04o}: a build by hand would put a file into the image that Lambda cannot read",
            mode & 0o7777
        );
        Finding::warning(TOPIC, message, format!("chmod go+r '{path}'"))
    };
    private.into_iter().map(finding).collect()
}
