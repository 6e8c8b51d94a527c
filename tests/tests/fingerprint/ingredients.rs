//! Every field of the ingredients and of what a scan finds is in the text that is digested; every field of a declared
//! source decides what a scan finds.

use std::collections::BTreeMap;
use std::sync::Arc;

use layerwise::digest::Digest;
use layerwise::fingerprint::{ClassIngredients, Ingredients, ParentIngredient};
use layerwise::inputs::{Entry, InputManifest, Source, Tree};
use layerwise::layer::LayerClass;
use layerwise::name::Name;
use layerwise::platform::Platform;
use layerwise::repo_path::RepoPath;
use layerwise::scan::{Request, scan};
use layerwise_tests::repository::Repository;

use crate::fields::{Field, fields};

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

fn ours(name: &str, content: &str) -> ParentIngredient {
    ParentIngredient::Ours { name: Name::new(name).unwrap(), fingerprint: Digest::of(content) }
}

fn file(content: &str, executable: bool) -> Entry {
    Entry::File { digest: Digest::of(content), executable }
}

fn class() -> ClassIngredients {
    ClassIngredients {
        instructions: vec!["COPY a b".into()],
        files: BTreeMap::from([(path("a"), file("1", false))]),
    }
}

fn ingredients() -> Ingredients {
    Ingredients {
        schema: 1,
        platform: Platform::LinuxAmd64,
        frontend: None,
        target: None,
        parents: vec![ours("base", "1")],
        classes: BTreeMap::from([(LayerClass::Handler, class())]),
    }
}

/// Holds that all of these and the unchanged one have different fingerprints and read back as they were.
fn hold(cases: impl IntoIterator<Item = Field<Ingredients>>) {
    let mut seen = BTreeMap::from([(ingredients().fingerprint(), "nothing")]);
    for (field, changed, _) in cases {
        assert_eq!(Ingredients::parse(&changed.canonical()).unwrap(), changed, "{field}");
        if let Some(other) = seen.insert(changed.fingerprint(), field) {
            panic!("a change of {field} and of {other} have one fingerprint");
        }
    }
}

#[test]
fn every_ingredient_counts() {
    hold(fields!(Ingredients of ingredients();
        schema => |it| it.schema = 2,
        platform => |it| it.platform = Platform::LinuxArm64,
        frontend => |it| it.frontend = Some(String::new()),
        target => |it| it.target = Some(String::new()),
        parents => |it| it.parents.clear(),
        classes => |it| it.classes.clear(),
    ));
}

#[test]
fn everything_of_a_parent_counts() {
    let parents = [
        ("the parent's kind", ParentIngredient::External("base".into())),
        ("its reference", ParentIngredient::External("base:2".into())),
        ("its name", ours("other", "1")),
        ("its fingerprint", ours("base", "2")),
        ("that it is a stable one", ParentIngredient::Stable { reference: "base".into(), digest: None }),
        ("its stable tag", ParentIngredient::Stable { reference: "base:2".into(), digest: None }),
        ("its digest", ParentIngredient::Stable { reference: "base".into(), digest: Some(Digest::of("1")) }),
    ];
    hold(parents.map(|(field, parent)| {
        match &parent {
            ParentIngredient::External(_)
            | ParentIngredient::Ours { name: _, fingerprint: _ }
            | ParentIngredient::Stable { reference: _, digest: _ } => {}
        }
        let mut all = ingredients();
        all.parents[0] = parent;
        (field, all, None)
    }));
}

#[test]
fn everything_of_a_class_counts() {
    let changed = fields!(ClassIngredients of class();
        instructions => |it| it.instructions.push("COPY a b".into()),
        files => |it| drop(it.files.insert(path("b"), Entry::Folder)),
    );
    let put = |class| {
        let mut all = ingredients();
        all.classes.insert(LayerClass::Handler, class);
        all
    };
    hold(changed.into_iter().map(|(field, class, reason)| (field, put(class), reason)));
    let classes = LayerClass::ALL.into_iter().filter(|class| *class != LayerClass::Handler);
    hold(classes.map(|other| {
        let mut all = ingredients();
        all.classes = BTreeMap::from([(other, class())]);
        (other.as_str(), all, None)
    }));
}

#[test]
fn everything_of_a_file_counts() {
    let entries = [
        ("its digest", file("2", false)),
        ("its executable bit", file("1", true)),
        ("its kind: a link", Entry::Link { target: "1".into() }),
        ("a link's target", Entry::Link { target: "2".into() }),
        ("its kind: a folder", Entry::Folder),
    ];
    hold(entries.map(|(field, entry)| {
        match &entry {
            Entry::File { digest: _, executable: _ } | Entry::Link { target: _ } | Entry::Folder => {}
        }
        let mut all = ingredients();
        all.classes.get_mut(&LayerClass::Handler).unwrap().files.insert(path("a"), entry);
        (field, all, None)
    }));
}

/// What a repository holds of one declared source.
fn found(repository: &Repository, source: Source) -> InputManifest {
    let sources = [(LayerClass::Handler, source)];
    let mut scanned = scan(repository.root(), &[Request { sources: &sources }]);
    // What else a scan finds is not an input: what the ignore file lets in besides, and modes that a copy mends.
    let layerwise::scan::Scanned { inputs, followed: _, odd_modes: _ } = scanned.remove(0).unwrap();
    let InputManifest { classes: _ } = &inputs;
    inputs
}

#[test]
fn every_field_of_a_declared_source_decides_what_is_found() {
    let repository = Repository::new();
    repository.write("a/one.py", "1");
    repository.write("a/two.py", "2");
    repository.folder("a/empty");
    repository.write("b/one.py", "1");
    let tree = Tree { path: path("a"), exclude: Arc::new(["two.py".into()]), folders: false };
    let changed = fields!(Tree of tree.clone();
        path => |it| it.path = path("b"),
        exclude => |it| it.exclude = Arc::default(),
        folders => |it| it.folders = true,
    );
    let mut seen = vec![found(&repository, Source::Tree(tree))];
    let single = Source::File(path("a/two.py"));
    match &single {
        Source::File(_) | Source::Tree(_) => {}
    }
    let sources = changed.into_iter().map(|(field, tree, _)| (field, Source::Tree(tree)));
    for (field, source) in sources.chain([("Source::File", single)]) {
        let inputs = found(&repository, source);
        assert!(!seen.contains(&inputs), "{field} decides nothing");
        seen.push(inputs);
    }
}
