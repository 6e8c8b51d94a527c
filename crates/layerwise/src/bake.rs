//! The same images for `docker buildx bake`: for those who leave Layerwise, or want to see that they could. Pure;
//! holds no digest, no fingerprint and no absolute path, so that the file changes only with the declarations.
//!
//! Paths are relative to the repository's root, from where bake is called. A base is linked through a named context:
//! the reference that a Dockerfile's `FROM` has by default is taken from the base's own target.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::graph::{Graph, Target, TargetParent};
use crate::image::{Image, Secret};

/// A bake file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bake {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variable: BTreeMap<&'static str, Variable>,
    group: BTreeMap<&'static str, Group>,
    target: BTreeMap<String, BakeTarget>,
}

/// A variable that bake takes from its environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Variable {
    default: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Group {
    targets: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct BakeTarget {
    context: &'static str,
    dockerfile: String,
    platforms: Vec<&'static str>,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    contexts: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secret: Vec<String>,
    attest: [&'static str; 2],
}

/// Lambda refuses the index that an attestation makes of an image.
const NO_ATTESTATIONS: [&str; 2] = ["type=provenance,disabled=true", "type=sbom,disabled=true"];

impl Bake {
    /// The bake file for `graph`, whose Dockerfiles lie in `folder`.
    #[must_use]
    pub fn new(graph: &Graph, folder: &str) -> Self {
        let names = names(graph);
        let mut home = false;
        let targets = graph.targets.iter().zip(&names).map(|(target, name)| {
            let secrets = secrets(&target.image);
            home |= secrets.iter().any(|secret| secret.contains(HOME));
            let made = BakeTarget {
                context: ".",
                dockerfile: literal(&format!("{folder}/{}.Dockerfile", target.label)),
                platforms: vec![target.platform.as_str()],
                tags: vec![target.readable_reference()],
                contexts: contexts(graph, target, &names),
                target: target.image.target.as_deref().map(literal),
                secret: secrets,
                attest: NO_ATTESTATIONS,
            };
            (name.clone(), made)
        });
        let target = targets.collect();
        let variable = home.then_some(("HOME", Variable { default: "" }));
        let default = Group { targets: names };
        Self {
            variable: variable.into_iter().collect(),
            group: BTreeMap::from([("default", default)]),
            target,
        }
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self)
            .unwrap_or_else(|error| unreachable!("plain data has a JSON form: {error}"));
        format!("{text}\n")
    }
}

/// The targets' names for bake, which takes letters, digits, `_` and `-`: unique ones, in the graph's order.
fn names(graph: &Graph) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut name = |label: &str| {
        let plain: String =
            label.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        let mut numbered = (2..).map(|number| format!("{plain}_{number}"));
        let mut name = plain.clone();
        while !taken.insert(name.clone()) {
            name = numbered.next().unwrap_or_default();
        }
        name
    };
    graph.targets.iter().map(|target| name(&target.label)).collect()
}

fn contexts(graph: &Graph, target: &Target, names: &[String]) -> BTreeMap<String, String> {
    let own = target.parents.iter().filter_map(|parent| match parent.parent {
        TargetParent::External(_) | TargetParent::Stable { .. } => None,
        TargetParent::Target(place) => {
            Some((graph.targets[place].readable_reference(), format!("target:{}", names[place])))
        }
    });
    own.collect()
}

/// How bake spells the user's home folder.
const HOME: &str = "${HOME}/";

/// The secrets that any stage of `image` mounts, where their values come from and never the values. Those that pip
/// is given on this machine are not the declaration's and not here.
fn secrets(image: &Image) -> Vec<String> {
    let recipes = image.stages.iter().map(|stage| &stage.recipe).chain([&image.recipe]);
    let secrets: BTreeSet<String> = recipes
        .flat_map(|recipe| &recipe.secrets)
        .map(|secret| match secret {
            Secret::Env { id, variable } => format!("id={id},env={}", literal(variable)),
            Secret::File { id, path } => match path.strip_prefix("~/") {
                Some(rest) => format!("id={id},src={HOME}{}", literal(rest)),
                None => format!("id={id},src={}", literal(path)),
            },
        })
        .collect();
    secrets.into_iter().collect()
}

/// In a bake file `${` and `%{` begin a template.
fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{BaseImage, Declare, Images, LambdaImage, Run, Stage, lambda_python};
    use crate::platform::Platform;

    fn lambda(name: &str) -> LambdaImage {
        LambdaImage::new(name).copy("handler.py").cmd("handler.main")
    }

    fn graph(images: &Images) -> Graph {
        Graph::resolve(images).unwrap()
    }

    #[test]
    fn bases_are_linked_and_secrets_are_named() {
        let base = BaseImage::new("base").from(lambda_python("3.13"));
        let images =
            Images::new(Platform::LinuxAmd64)
                .lambda(
                    lambda("a.b")
                        .from(&base)
                        .secret(Secret::env("token", "TOKEN"))
                        .secret(Secret::file("netrc", "~/.netrc"))
                        .run(Run::new("true").secret("token")),
                )
                .lambda(lambda("a_b").platform(Platform::LinuxArm64).from(&base).target("early").stage(
                    Stage::new("early").from(lambda_python("3.13")).secret(Secret::file("odd", "a${b}")),
                ));
        insta::assert_snapshot!(Bake::new(&graph(&images), "target/images").text());
    }

    #[test]
    fn names_are_unique() {
        let python = || lambda_python("3.13");
        let images = Images::new(Platform::LinuxAmd64)
            .lambda(lambda("a.b").from(python()))
            .lambda(lambda("a_b").from(python()))
            .lambda(lambda("a__b").from(python()));
        assert_eq!(names(&graph(&images)), ["a_b", "a_b_2", "a__b"]);
    }
}
