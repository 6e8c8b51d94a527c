//! What the tests of several modules are made of.

use std::collections::BTreeMap;

use layerwise::digest::Digest;
use layerwise::dockerfile::Instruction;
use layerwise::fingerprint::{ClassIngredients, Ingredients, SCHEMA};
use layerwise::inputs::{Entry, Source};
use layerwise::layer::LayerClass;
use layerwise::platform::Platform;
use layerwise::repo_path::RepoPath;

/// The files of one class: a path, what is in it, and whether it may be executed. A folder has no content, that of a link is
/// `->`.
pub(crate) type Files = [(&'static str, Option<&'static str>, bool)];

/// An image's ingredients with these files and these instructions of its configuration.
pub(crate) fn ingredients(files: &[(LayerClass, &Files)], instructions: &[&str]) -> Ingredients {
    let mut classes = BTreeMap::<LayerClass, ClassIngredients>::new();
    for (class, files) in files {
        let entry = |content: Option<&str>, executable: bool| match content {
            Some("->") => Entry::Link { target: "there".to_owned() },
            Some(content) => Entry::File { digest: Digest::of(content), executable },
            None => Entry::Folder,
        };
        let files =
            files.iter().map(|(path, content, x)| (RepoPath::new(path).unwrap(), entry(*content, *x)));
        classes.entry(*class).or_default().files.extend(files);
    }
    let configuration = classes.entry(LayerClass::Configuration).or_default();
    configuration.instructions = instructions.iter().map(|text| (*text).to_owned()).collect();
    let (platform, parents) = (Platform::LinuxAmd64, Vec::new());
    Ingredients { schema: SCHEMA, platform, frontend: None, target: None, parents, classes }
}

/// A `COPY` of the handler's class.
pub(crate) fn copy(source: Source, to: &str) -> Instruction {
    Instruction {
        class: LayerClass::Handler,
        text: String::new(),
        allow: None,
        sources: vec![source],
        to: Some(to.to_owned()),
        does: layerwise::dockerfile::Does::Copy,
    }
}
