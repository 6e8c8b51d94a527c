//! Tests of `lay`.

use super::*;
use crate::assemble::{Change, Tree, instructions};
use crate::image::{BaseImage, Declare, Images, LambdaImage, external};
use crate::inspect::{Inspection, inspect};
use crate::platform::Platform;

const PARENT: &str = r#"{"os":"linux","architecture":"amd64",
    "config":{"Env":["PATH=/bin","LAMBDA_TASK_ROOT=/var/task"],"WorkingDir":"/var/task","User":"USER"},
    "rootfs":{"type":"layers","diff_ids":[]},"history":[]}"#;

/// A repository with some files.
fn repository() -> (tempfile::TempDir, camino::Utf8PathBuf) {
    let (guard, root) = crate::fs::tests::folder();
    for path in ["a/handler.py", "a/lib/x.py", "a/lib/deep/y.py", "a-b/z.py", "shared/s.py"] {
        let path = root.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, "x").unwrap();
    }
    fs_err::os::unix::fs::symlink("s.py", root.join("shared/link")).unwrap();
    (guard, root)
}

fn parent() -> Listing {
    let node = |kind, mode, user| Change::Put(Node { kind, mode, user, group: 0 });
    let mut tree = Tree::default();
    let folder = node(Kind::Folder, 0o755, 0);
    let entries = [
        ("var", folder),
        ("var/task", folder),
        ("var/task/odd", node(Kind::Folder, 0o2770, 7)),
        ("var/task/file", node(Kind::File, 0o644, 0)),
        ("run", node(Kind::Link, 0o777, 0)),
    ];
    tree.apply(&entries.map(|(path, change)| (path.to_owned(), change)));
    tree.listing()
}

fn inspected(image: LambdaImage) -> (tempfile::TempDir, Inspection) {
    let (guard, root) = repository();
    let image = image.from(external("a:1")).cmd(crate::image::Cmd::unchecked("handler.run"));
    let inspection = inspect(&root, &Images::new(Platform::LinuxAmd64).lambda(image)).unwrap();
    (guard, inspection)
}

fn laid_as(user: &str, image: LambdaImage) -> Result<Laid, WhyNot> {
    let (_guard, inspection) = inspected(image);
    let inspected = &inspection.targets[0];
    let own = instructions(&inspection.graph.targets[0].image, &inspected.dockerfile)?;
    let config = Config::parse(PARENT.replace("USER", user).as_bytes(), Platform::LinuxAmd64)?;
    lay(own, &inspected.context(), config, &parent())
}

fn laid(image: LambdaImage) -> Result<Laid, WhyNot> {
    laid_as("", image)
}

fn it() -> LambdaImage {
    LambdaImage::new("it")
}

/// `path -> what`, layer by layer.
fn shown(laid: &Laid) -> String {
    let mut text = String::new();
    for layer in &laid.layers {
        text.push_str("layer\n");
        for (path, put) in &layer.puts {
            let what = match put {
                Put::Folder(node) => format!("folder {:o} {}", node.mode, node.user),
                Put::File { from, executable, .. } => format!("file of {from} {executable}"),
                Put::Link { target } => format!("link to {target}"),
            };
            text.push_str(&format!("  {path}: {what}\n"));
        }
    }
    let config = String::from_utf8(laid.config.bytes(&[])).unwrap();
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    text + &serde_json::to_string_pretty(&config).unwrap()
}

#[test]
fn a_usual_lambda() {
    let image = it()
        .copy("a/handler.py")
        .copy_dir("a/lib")
        .copy_as("shared/s.py", "odd")
        .copy_as("shared/s.py", "new/deep/")
        .env("TABLE", "x-$PATH")
        .label("team", "data");
    insta::assert_snapshot!(shown(&laid(image).unwrap()));
}

#[test]
fn what_is_there_keeps_its_mode_and_what_is_copied_over_it_does_not() {
    let into = laid(it().copy_dir_as("a/lib", "odd")).unwrap();
    assert!(matches!(into.layers[0].puts["var/task/odd"], Put::Folder(Node { mode: 0o2770, user: 7, .. })));
    let image = laid(it().copy_dir_as("a", ".").copy_dir_as("a/lib", "lib")).unwrap();
    assert!(!image.layers[0].puts.contains_key("var/task/z.py"), "`a-b` is not in `a`");
    assert_eq!(image.layers[0].puts["var/task/lib"], Put::Folder(FOLDER));
}

#[test]
fn a_working_directory_is_made_where_it_is_missing() {
    assert_eq!(laid(it().workdir("/var/task")).unwrap().layers, []);
    let made = laid(it().workdir("x/y")).unwrap();
    assert_eq!(
        made.layers[0].puts.keys().collect::<Vec<_>>(),
        ["var", "var/task", "var/task/x", "var/task/x/y"]
    );
    assert_eq!(made.config.workdir(), "/var/task/x/y");
    assert_eq!(laid_as("7", it().workdir("/var/task")).unwrap().layers, []);
    assert_eq!(laid_as("7", it().workdir("/new")), Err(WhyNot::WorkdirOwner { user: "7".into() }));
}

#[test]
fn what_is_not_beyond_doubt_is_left_to_buildkit() {
    let why = |image: LambdaImage| laid(image).unwrap_err();
    assert_eq!(why(it().copy_as("shared/s.py", "/run/x")), WhyNot::LinkInImage { path: "run".into() });
    assert_eq!(why(it().copy_as("shared/s.py", "file/x")), WhyNot::Conflict { path: "var/task/file".into() });
    assert_eq!(
        why(it().copy_as("a/handler.py", "lib/x").copy_as("shared/s.py", "lib/x/y")),
        WhyNot::Conflict { path: "var/task/lib/x".into() }
    );
    assert_eq!(why(it().copy_as("shared/s.py", "/run")), WhyNot::LinkInImage { path: "run".into() });
    assert_eq!(
        why(it().copy_as("shared/s.py", "odd/new/")),
        WhyNot::GroupHandedOn { path: "var/task/odd".into() }
    );
    assert_eq!(why(it().copy("shared/link")), WhyNot::Link { path: "shared/link".into() });
    assert_eq!(why(it().copy_as("shared/s.py", "/x/$HOME")), WhyNot::Expansion { text: "/x/$HOME".into() });
    assert_eq!(why(it().env("A", "${B:-c}")), WhyNot::Expansion { text: "${B:-c}".into() });
    assert_eq!(why(it().run("true")), WhyNot::Runs { class: crate::layer::LayerClass::System });
    assert_eq!(why(it().syntax("x/y:1")), WhyNot::Frontend);
    let base = BaseImage::new("base").from(external("a:1"));
    assert!(laid(it()).is_ok());
    let (_guard, inspection) = inspected(it());
    assert_eq!(instructions(&base.0, &inspection.targets[0].dockerfile), Err(WhyNot::Base));
}

#[test]
fn keys_tell_layers_apart() {
    let layer = |image: LambdaImage| laid(image).unwrap().layers.remove(0);
    let handler = layer(it().copy("a/handler.py"));
    assert_eq!(handler.key(), layer(it().env("A", "1").copy("a/handler.py")).key());
    assert_ne!(handler.key(), layer(it().copy_as("a/handler.py", "b.py")).key());
    assert_ne!(handler.key(), Layer::default().key());
}
