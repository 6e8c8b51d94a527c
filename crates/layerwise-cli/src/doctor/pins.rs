//! Parents and requirements that mean something else tomorrow: the same fingerprint could then be two images. Reads
//! requirements files, asks no registry and no index.

use std::collections::{BTreeMap, BTreeSet};

use layerwise::graph::{Graph, Target, TargetParent};
use layerwise::image::{PipSource, Recipe};
use layerwise::inspect::Inspection;
use layerwise::python::load;
use layerwise::repo_path::RepoPath;

use super::Finding;

const BASES: &str = "bases";
const REQUIREMENTS: &str = "requirements";

/// External parents without a digest.
#[must_use]
pub fn bases(graph: &Graph) -> Vec<Finding> {
    let mut open: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for target in &graph.targets {
        for parent in &target.parents {
            if let TargetParent::External(reference) = &parent.parent
                && reference.digest().is_none()
            {
                open.entry(reference.to_string()).or_default().push(&target.label);
            }
        }
    }
    if open.is_empty() {
        return vec![Finding::ok(BASES, "every parent is pinned by its digest")];
    }
    let finding = |(reference, mut labels): (String, Vec<&str>)| {
        labels.dedup();
        let message = format!("`{reference}`, parent of {}, is a tag that may move", labels.join(", "));
        let remedy = "pin it with `cargo xtask lock`, or write its digest behind it".to_owned();
        Finding::warning(BASES, message, remedy)
    };
    open.into_iter().map(finding).collect()
}

/// Requirements that leave the version open.
#[must_use]
pub fn requirements(inspection: &Inspection) -> Vec<Finding> {
    let root = &inspection.root;
    let mut open = BTreeSet::new();
    let mut files = BTreeSet::new();
    for (target, inspected) in inspection.graph.targets.iter().zip(&inspection.targets) {
        let of_packages = inspected.requirements.iter().filter(|text| !is_pinned(text));
        open.extend(of_packages.map(|text| format!("{}: `{text}`, from a local package,", target.label)));
        for pip in recipes(target).flat_map(|recipe| &recipe.pip) {
            match &pip.from {
                PipSource::Inline(requirements) => {
                    let inline = requirements.iter().filter(|text| !is_pinned(text));
                    open.extend(inline.map(|text| format!("{}: `{text}`", target.label)));
                }
                PipSource::File(path) => files.extend(RepoPath::new(path).ok()),
            }
        }
    }
    for path in files {
        // One that cannot be read has kept the images from being inspected: that was said already.
        let lines = load::requirements_file(root, &path).map(|file| file.unpinned()).unwrap_or_default();
        open.extend(lines.into_iter().map(|line| format!("{}:{}: `{}`", line.file, line.line, line.text)));
    }
    if open.is_empty() {
        return vec![Finding::ok(REQUIREMENTS, "every declared requirement is pinned")];
    }
    let remedy = "pin it with ==, or install a requirements file with pins before: .requirements(\"…\")";
    let finding = |place| Finding::warning(REQUIREMENTS, format!("{place} leaves the version open"), remedy);
    open.into_iter().map(finding).collect()
}

fn recipes(target: &Target) -> impl Iterator<Item = &Recipe> {
    target.image.stages.iter().map(|stage| &stage.recipe).chain([&target.image.recipe])
}

/// One version and no other: `==` without a wildcard, `===`, or a URL that names a commit or a hash.
fn is_pinned(requirement: &str) -> bool {
    let version = requirement.split(';').next().unwrap_or_default();
    match version.split_once("==") {
        Some((_, version)) => !version.contains('*'),
        None => version.contains("#sha256="),
    }
}

#[cfg(test)]
mod tests {
    use super::is_pinned;

    #[test]
    fn one_version_is_a_pin() {
        for text in ["a==1", "a[b]===1", "a==1; python_version > '3'", "a @ https://x/a.whl#sha256=0f"] {
            assert!(is_pinned(text), "{text}");
        }
        for text in ["a", "a>=1,<2", "a==1.*", "a; python_version == '3.13'", "a @ https://x/a.whl"] {
            assert!(!is_pinned(text), "{text}");
        }
    }
}
