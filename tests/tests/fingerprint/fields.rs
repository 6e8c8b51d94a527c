//! Every field of every type of a declaration changes the fingerprint, or says here why it does not.
//!
//! [`Fields`] takes a type apart without `..`, so a new field does not compile until somebody has decided.

mod images;
mod recipe;

use std::collections::BTreeMap;

use layerwise::digest::Digest;
use layerwise::image::{
    Compilers, Declare as _, Image, Images, LambdaImage, Pip, Recipe, Run, Secret, Stage, external,
    lambda_python,
};
use layerwise::inspect::inspect;
use layerwise::layer::LayerClass;
use layerwise::platform::Platform;
use layerwise::python::PythonPackage;
use layerwise_tests::patterns;
use layerwise_tests::repository::Repository;

/// A field, what becomes of its owner when it changes, and why that may leave the fingerprint as it is.
pub(crate) type Field<T> = (&'static str, T, Option<&'static str>);

/// One changed copy of a value for each of its fields; `free "reason"` marks what does not count.
macro_rules! fields {
    ($type:ident of $value:expr; $($field:tt $(free $reason:literal)? => $change:expr),* $(,)?) => {{
        let value = $value;
        // The patterns name every field.
        let $type { $($field: _),* } = &value;
        let changed: Vec<$crate::fields::Field<$type>> = vec![$({
            #[allow(unused_mut, unused_assignments)]
            let mut reason = None;
            $(reason = Some($reason);)?
            let mut value = value.clone();
            let change: &dyn Fn(&mut $type) = &$change;
            change(&mut value);
            (concat!(stringify!($type), ".", stringify!($field)), value, reason)
        }),*];
        changed
    }};
}
pub(crate) use fields;

/// An image that uses everything that can be declared.
fn declared() -> Image {
    let core = PythonPackage::at("packages/core_kit");
    LambdaImage::new("it")
        .stage(
            Stage::new("made")
                .from(external("debian:13"))
                .copy_as("services/one/rules.json", "/out/rules.json")
                .run_in(LayerClass::Handler, "echo made > /out/made.txt"),
        )
        .stage(Stage::new("other").from(external("debian:12")))
        .from(lambda_python("3.13"))
        .arg("FLAVOUR", "plain")
        .build_env("MODE", "quiet")
        .dnf(["tar", "gzip"])
        .secret(Secret::env("token", "TOKEN"))
        .run(Run::new("true").secret("token"))
        .pip_install(
            Pip::inline(["six==1.17.0"])
                .index_url("https://index.example.com/simple")
                .extra_index_url("https://more.example.com/simple"),
        )
        .compilers(Compilers::dnf(["gcc"]))
        .install(core.extra("fast"))
        .workdir("/srv")
        .copy("services/one/handler.py")
        .copy_dir_except("services/one/assets", "assets", ["fonts/a.txt"])
        .copy_from("made", "/out", "out/")
        .env("GREETING", "hello")
        .label("team", "receipts")
        .expose(80)
        .user("1000")
        .entrypoint(["/lambda-entrypoint.sh"])
        .cmd("handler.lambda_handler")
        .function("f")
        .0
}

/// All images, with this one.
fn all(image: Image) -> Images {
    let mut images = Images::new(Platform::LinuxAmd64);
    images.images.push(image);
    images
}

/// The declaration with a change somewhere inside.
fn with(change: impl FnOnce(&mut Image)) -> Images {
    let mut image = declared();
    change(&mut image);
    all(image)
}

fn with_recipe(change: impl FnOnce(&mut Recipe)) -> Images {
    with(|image| change(&mut image.recipe))
}

/// The fingerprint of the image that all of this is about.
fn fingerprint(repository: &Repository, images: &Images) -> Digest {
    let inspection = inspect(repository.root(), images).unwrap();
    let is_it = |name: &str| name == "it" || name == "renamed";
    let place = inspection.graph.targets.iter().position(|target| is_it(target.name.as_str())).unwrap();
    inspection.targets[place].fingerprint
}

/// Holds that every changed declaration has a fingerprint of its own, except those with a reason.
fn hold(cases: impl IntoIterator<Item = Field<Images>>) {
    let repository = patterns::repository();
    repository.write("packages/core_kit/data/extra.json", "{}\n");
    repository.write("packages/core_kit/src/core_kit/more.py", "");
    let unchanged = fingerprint(&repository, &all(declared()));
    let mut seen = BTreeMap::from([(unchanged, "nothing")]);
    for (field, images, reason) in cases {
        let found = fingerprint(&repository, &images);
        match reason {
            Some(reason) => assert_eq!(found, unchanged, "{field} counts, though {reason}"),
            None => {
                if let Some(other) = seen.insert(found, field) {
                    panic!("a change of {field} and of {other} have one fingerprint");
                }
            }
        }
    }
}

/// Puts the changed copies of a part back into the declaration.
fn put<T>(fields: Vec<Field<T>>, place: impl Fn(T) -> Images) -> Vec<Field<Images>> {
    fields.into_iter().map(|(field, value, reason)| (field, place(value), reason)).collect()
}
