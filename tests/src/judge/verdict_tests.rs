//! Tests of `verdict`: each fault is one when it is made by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use layerwise::image::{Declare, Images, LambdaImage, external};
use layerwise::inspect::inspect;
use layerwise::platform::Platform;

use super::super::image::Layer;
use super::*;
use crate::repository::Repository;

/// What is said of an image with two layers of its own, in the classes system and handler.
fn said(change: impl FnOnce(LambdaImage) -> LambdaImage, handler: &str) -> Said {
    let repository = Repository::new();
    repository.write("handler.py", handler);
    let image =
        LambdaImage::new("it").from(external("base:1")).run("make").copy("handler.py").entrypoint(["/x"]);
    let images = Images::new(Platform::LinuxAmd64).lambda(change(image));
    let inspection = inspect(repository.root(), &images).unwrap();
    let it = &inspection.targets[0];
    Said::new(&it.dockerfile, None, it.ingredients.clone(), it.fingerprint)
}

/// What is built: the layers of the parent, system and handler, each with one file of this content, and the environment.
fn built(layers: [&str; 3], env: &str) -> Image {
    let layer =
        |(place, what): (usize, &str)| Arc::new(Layer::from([(format!("file-{place}"), what.to_owned())]));
    Image {
        layers: layers.into_iter().enumerate().map(layer).collect(),
        whole: true,
        config: BTreeMap::from([("Env".to_owned(), env.to_owned())]),
    }
}

#[test]
fn equal_fingerprints_want_equal_images() {
    let it = said(|image| image, "1");
    let image = built(["a", "b", "c"], "");
    let of = |other: &Image| compare((&it, &image), (&it, other));
    assert_eq!(of(&image), Verdict::Hit);
    assert_eq!(of(&built(["a", "b", "C"], "")), Verdict::Fault(Fault::WrongHit));
    assert_eq!(of(&built(["a", "b", "c"], "A=1")), Verdict::Fault(Fault::WrongHit));
}

#[test]
fn a_glance_tells_hits_from_misses() {
    let (it, other) = (said(|image| image, "1"), said(|image| image, "2"));
    let (image, tree) = (built(["a", "b", "c"], ""), |what: &str| {
        let files = [("file-0", "a"), ("file-1", "b"), ("file-2", what)];
        let tree: Layer = files.iter().map(|(path, what)| ((*path).to_owned(), (*what).to_owned())).collect();
        Image { layers: vec![Arc::new(tree)], whole: false, ..built(["a", "b", "c"], "") }
    });
    assert_eq!(glance((&it, &image), (&it, &tree("c")), true), Some(Verdict::Hit));
    assert_eq!(glance((&it, &image), (&it, &tree("c")), false), None);
    assert_eq!(glance((&it, &image), (&it, &tree("C")), true), Some(Verdict::Fault(Fault::WrongHit)));
    assert_eq!(glance((&it, &tree("c")), (&other, &tree("C")), true), Some(Verdict::Miss(BTreeSet::new())));
    assert_eq!(glance((&it, &image), (&other, &tree("c")), true), None);
}

#[test]
fn the_named_class_is_that_of_the_layer() {
    let (before, now) = (said(|image| image, "1"), said(|image| image, "2"));
    let image = built(["a", "b", "c"], "");
    let of = |other: &Image| compare((&before, &image), (&now, other));
    assert_eq!(of(&built(["a", "b", "C"], "")), Verdict::Miss(BTreeSet::new()));
    assert_eq!(of(&built(["a", "B", "c"], "")), Verdict::Fault(Fault::ClassTooLate));
    assert_eq!(of(&built(["A", "b", "c"], "")), Verdict::Fault(Fault::ClassTooLate));
    assert_eq!(of(&built(["a", "b", "c"], "A=1")), Verdict::Fault(Fault::ClassTooLate));
    assert_eq!(of(&image), Verdict::Fault(Fault::NeedlessMiss));
}

#[test]
fn what_is_named_without_need_wants_a_known_reason() {
    let (before, now) = (said(|image| image, "1"), said(|image| image.arg("UNUSED", "1"), "1"));
    let image = built(["a", "b", "c"], "");
    let other_words = BTreeSet::from([Excuse::OtherWords]);
    assert_eq!(compare((&before, &image), (&now, &image)), Verdict::Needless(other_words.clone()));

    let now = said(|image| image.arg("UNUSED", "1"), "2");
    let changed = built(["a", "b", "C"], "");
    assert_eq!(compare((&before, &image), (&now, &changed)), Verdict::Miss(other_words));

    // The handler's file is named, but it is the configuration that differs.
    let now = said(|image| image.env("A", "1"), "2");
    let changed = built(["a", "b", "c"], "A=1");
    assert_eq!(compare((&before, &image), (&now, &changed)), Verdict::Fault(Fault::ClassTooEarly));
}

#[test]
fn an_image_has_the_layers_of_its_dockerfile() {
    let it = said(|image| image.copy_as("handler.py", "b").copy_as("handler.py", "c"), "1");
    let image = built(["a", "b", "c"], "");
    assert_eq!(compare((&it, &image), (&it, &image)), Verdict::Fault(Fault::Layers));
}
