//! The fields of whole images, their parents and their stages.

use layerwise::digest::Digest;
use layerwise::image::{
    BaseImage, Cmd, Declare as _, Image, Images, Kind, LambdaImage, Parent, Stage, external, lambda_python,
};
use layerwise::platform::Platform;
use layerwise::python::PythonPackage;

use super::{all, declared, fields, hold, put, with};

#[test]
fn of_images() {
    hold(fields!(Images of all(declared());
        platform => |it| it.platform = Platform::LinuxArm64,
        images free "one image is nothing to another that does not stand on it" =>
            |it| it.images.push(LambdaImage::new("b").from(external("b")).cmd(Cmd::unchecked("a.b")).0),
        packages free "a package that is only known is not installed" =>
            |it| it.packages.push(PythonPackage::at("packages/top_kit")),
    ));
}

#[test]
fn of_an_image() {
    hold(put(
        fields!(Image of declared();
            name free "it is a part of the record's key" => |it| it.name = "renamed".into(),
            kind => |it| it.kind = Kind::Container,
            parent => |it| it.parent = Some(lambda_python("3.12")),
            platform => |it| it.platform = Some(Platform::LinuxArm64),
            recipe => |it| it.recipe.user = None,
            stages => |it| it.stages.swap(0, 1),
            target => |it| it.target = Some("made".into()),
            functions free "only reports show them" => |it| it.functions.push("g".into()),
            on_this_machine free "an image is the same wherever it runs" => |it| it.on_this_machine.timeout = Some(1),
            syntax => |it| it.syntax = Some("docker/dockerfile:1.7".into()),
        ),
        all,
    ));
}

#[test]
fn of_a_parent() {
    let base = |text: &str| BaseImage::new("base").from(external("python:3.13")).env("A", text);
    let parents: [(_, Parent); 6] = [
        ("a reference", external("other:1")),
        ("its tag", external("other:2")),
        ("its digest", external(format!("other:2@{}", Digest::of("")))),
        ("a base", (&base("1")).into()),
        ("what the base holds", (&base("2")).into()),
        ("a stage", layerwise::image::stage("made")),
    ];
    hold(parents.map(|(field, parent)| {
        match &parent {
            Parent::External(_) | Parent::Base(_) | Parent::Stage(_) => {}
        }
        (field, with(|image| image.parent = Some(parent)), None)
    }));
}

#[test]
fn of_a_stage() {
    hold(put(
        fields!(Stage of declared().stages.remove(1);
            name => |it| it.name = "renamed".into(),
            parent => |it| it.parent = Some(external("debian:11")),
            recipe => |it| it.recipe.env.push(("A".into(), "1".into())),
        ),
        |stage| with(|image| image.stages[1] = stage),
    ));
}
