//! The fields of what is done to a parent.

use layerwise::image::{
    Cmd, Compilers, Copy, CopySource, HandlerStep, PackageManager, Pip, PipSource, Recipe, Run, Secret,
    SystemPackages,
};
use layerwise::layer::LayerClass;
use layerwise::python::PythonPackage;

use super::{declared, fields, hold, put, with, with_recipe};

#[test]
fn of_a_recipe() {
    hold(put(
        fields!(Recipe of declared().recipe;
            args => |it| it.args[0].1 = "other".into(),
            build_env => |it| it.build_env[0].1 = "loud".into(),
            system => |it| it.system.clear(),
            runs => |it| it.runs.push((LayerClass::System, "false".into())),
            pip => |it| it.pip.clear(),
            compilers => |it| it.compilers = None,
            packages => |it| it.packages.clear(),
            handler => |it| it.handler.swap(0, 1),
            workdir => |it| it.workdir = Some("/opt".into()),
            env => |it| it.env[0].1 = String::new(),
            labels => |it| it.labels.clear(),
            expose => |it| it.expose.push(81),
            user => |it| it.user = Some("1001".into()),
            entrypoint => |it| it.entrypoint = Some(vec!["/other".into()]),
            cmd => |it| it.cmd = Some("process_receipt.lambda_handler".into()),
            secrets free "the commands that mount a secret name it" =>
                |it| it.secrets.push(Secret::env("unused", "TOKEN")),
        ),
        |recipe| with(|image| image.recipe = recipe),
    ));
}

#[test]
fn of_the_order_of_what_is_done_in_order() {
    let pairs = |values: &mut Vec<(String, String)>| {
        *values = vec![("B".into(), "1".into()), ("A".into(), "1".into())]
    };
    let sorted = |values: &mut Vec<(String, String)>| {
        *values = vec![("A".into(), "1".into()), ("B".into(), "1".into())]
    };
    let runs = |texts: [&str; 2]| texts.map(|text| (LayerClass::System, Run::new(text))).to_vec();
    hold([
        ("args", with_recipe(|it| pairs(&mut it.args)), None),
        ("args, sorted", with_recipe(|it| sorted(&mut it.args)), None),
        ("build_env", with_recipe(|it| pairs(&mut it.build_env)), None),
        ("build_env, sorted", with_recipe(|it| sorted(&mut it.build_env)), None),
        ("env", with_recipe(|it| pairs(&mut it.env)), None),
        ("env, sorted", with_recipe(|it| sorted(&mut it.env)), None),
        ("runs", with_recipe(|it| it.runs = runs(["true", "false"])), None),
        ("runs, the other way round", with_recipe(|it| it.runs = runs(["false", "true"])), None),
        (
            "runs elsewhere",
            with_recipe(|it| it.runs = vec![(LayerClass::Configuration, "true".into())]),
            None,
        ),
        ("pip", with_recipe(|it| it.pip = vec![Pip::inline(["a"]), Pip::inline(["b"])]), None),
        (
            "pip, the other way round",
            with_recipe(|it| it.pip = vec![Pip::inline(["b"]), Pip::inline(["a"])]),
            None,
        ),
        ("pip, at once", with_recipe(|it| it.pip = vec![Pip::inline(["a", "b"])]), None),
        (
            "a set of packages",
            with_recipe(|it| it.system[0].names.reverse()),
            Some("they are installed at once"),
        ),
    ]);
}

#[test]
fn of_system_packages() {
    let mut cases = put(
        fields!(SystemPackages of declared().recipe.system.remove(0);
            manager => |it| it.manager = PackageManager::Apt,
            names => |it| it.names.push("which".into()),
        ),
        |packages| with_recipe(|recipe| recipe.system[0] = packages),
    );
    cases.extend(put(
        fields!(Compilers of Compilers::dnf(["gcc"]);
            0 => |it| it.0.names.push("make".into()),
        ),
        |compilers| with_recipe(|recipe| recipe.compilers = Some(compilers)),
    ));
    let microdnf = SystemPackages::new(PackageManager::Microdnf, ["tar", "gzip"]);
    match microdnf.manager {
        PackageManager::Dnf | PackageManager::Microdnf | PackageManager::Apt => {}
    }
    cases.push(("microdnf", with_recipe(|recipe| recipe.system[0] = microdnf), None));
    hold(cases);
}

#[test]
fn of_a_command() {
    let mut cases = put(
        fields!(Run of declared().recipe.runs.remove(0).1;
            command => |it| it.command = "false".into(),
            secrets => |it| it.secrets.clear(),
        ),
        |run| with_recipe(|recipe| recipe.runs[0].1 = run),
    );
    cases.extend(put(
        fields!(Cmd of Cmd::from("handler.lambda_handler");
            words => |it| it.words[0] = "process_receipt.lambda_handler".into(),
            checked free "it only says whether the handler is looked for" => |it| it.checked = false,
        ),
        |cmd| with_recipe(|recipe| recipe.cmd = Some(cmd)),
    ));
    hold(cases);
}

#[test]
fn of_a_secret() {
    // Where a secret comes from does not count, its id does: in the commands that mount it.
    let secret = |secret: Secret| {
        match &secret {
            Secret::Env { id: _, variable: _ } | Secret::File { id: _, path: _ } => {}
        }
        with_recipe(|recipe| {
            recipe.runs[0].1.secrets = vec![secret.id().to_owned()];
            recipe.secrets = vec![secret];
        })
    };
    let elsewhere = Some("where a value comes from is this machine's affair");
    hold([
        ("Secret::Env.id", secret(Secret::env("other", "TOKEN")), None),
        ("Secret::Env.variable", secret(Secret::env("token", "OTHER")), elsewhere),
        ("Secret::File", secret(Secret::file("token", "~/token")), elsewhere),
        ("Secret::File.path", secret(Secret::file("token", "token.txt")), elsewhere),
    ]);
}

#[test]
fn of_a_pip_call() {
    let mut cases = put(
        fields!(Pip of declared().recipe.pip.remove(0);
            from => |it| it.from = PipSource::Inline(vec!["six==1.16.0".into()]),
            index_url => |it| it.index_url = None,
            extra_index_urls => |it| it.extra_index_urls.clear(),
        ),
        |pip| with_recipe(|recipe| recipe.pip[0] = pip),
    );
    let file = PipSource::File("services/one/requirements.txt".into());
    match &file {
        PipSource::Inline(_) | PipSource::File(_) => {}
    }
    cases.push(("PipSource::File", with_recipe(|recipe| recipe.pip[0].from = file), None));
    hold(cases);
}

#[test]
fn of_a_local_package() {
    let core = PythonPackage::at("packages/core_kit").extra("fast");
    hold(put(
        fields!(PythonPackage of core.clone();
            path => |it| *it = PythonPackage::at("packages/top_kit"),
            extras => |it| it.extras.clear(),
            include => |it| it.include.push("data/extra.json".into()),
            exclude => |it| it.exclude.push("**/more.py".into()),
        ),
        |package| {
            // The other package stands on this one.
            let known = (package.path != core.path).then(|| core.clone());
            let mut images = with_recipe(|recipe| recipe.packages = vec![package]);
            images.packages.extend(known);
            images
        },
    ));
}

#[test]
fn of_a_copy() {
    let HandlerStep::Copy(folder) = declared().recipe.handler.remove(1) else { panic!("a copy") };
    let steps = |step| match step {
        HandlerStep::Copy(_) | HandlerStep::Run(_) => with_recipe(|recipe| recipe.handler[1] = step),
    };
    let copy = |copy: Copy| {
        match &copy.from {
            CopySource::File(_)
            | CopySource::Folder(_)
            | CopySource::Glob(_)
            | CopySource::Stage { stage: _, path: _ } => {}
        }
        steps(HandlerStep::Copy(copy))
    };
    let mut cases = put(
        fields!(Copy of folder.clone();
            from => |it| it.from = CopySource::Folder("services/one/assets/fonts".into()),
            to => |it| it.to = Some("elsewhere".into()),
            exclude => |it| it.exclude.clear(),
        ),
        copy,
    );
    let from = |from: CopySource| copy(Copy { from, exclude: Vec::new(), to: Some("x/".into()) });
    let out_of = |stage: &str, path: &str| CopySource::Stage { stage: stage.into(), path: path.into() };
    cases.extend([
        ("CopySource::File", from(CopySource::File("services/one/rules.json".into())), None),
        ("CopySource::Glob", from(CopySource::Glob("services/one/*.json".into())), None),
        ("CopySource::Stage", from(out_of("made", "/out")), None),
        ("CopySource::Stage.stage", from(out_of("other", "/out")), None),
        ("CopySource::Stage.path", from(out_of("made", "/out/made.txt")), None),
        ("HandlerStep::Run", steps(HandlerStep::Run("true".into())), None),
    ]);
    hold(cases);
}
