//! Random small monorepos: a few folders of files with odd names, links and junk, and one to four images that read them
//! by every pattern that needs no network.

use layerwise::layer::LayerClass;

use super::declaration::{Declaration, ImageModel, Kind, On, Part, StageModel};
use super::step::Monorepo;
use super::tree::{Node, Tree};
use crate::random::Random;

/// Where files lie.
pub const FOLDERS: [&str; 6] =
    ["svc/one", "svc/two", "shared", "odd names", "deep/er/folder", "svc/one/inner"];

/// What files are called. No folder has one of these names.
pub const NAMES: [&str; 16] = [
    "handler.py",
    "a.txt",
    "b.json",
    "c.json",
    "README",
    "it's $5.txt",
    "é.txt",
    "x y.txt",
    "-dash.txt",
    "#hash.txt",
    "!bang.txt",
    "[x].txt",
    "UPPER.txt",
    ".hidden",
    "名前.txt",
    "%{x}.txt",
];

/// What lies about beside files and belongs into no image.
pub const JUNK: [&str; 8] = [
    "__pycache__/a.pyc",
    ".env",
    ".env.local",
    "a.txt~",
    ".a.txt.swp",
    "node_modules/m/index.js",
    ".DS_Store",
    ".venv/bin/python",
];

/// The images of somebody else that exist, of both flavours; the second ones differ from the first in one file.
pub const EXTERNAL: [[&str; 2]; 2] = [["judge/tiny:1", "judge/tiny:2"], ["judge/shell:1", "judge/shell:2"]];

/// Whether a shell is in the parents, so that there can be commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shell(pub bool);

impl Shell {
    /// An image of somebody else.
    pub fn external(self, random: &mut Random) -> On {
        On::External((*random.pick(&EXTERNAL[usize::from(self.0)])).to_owned())
    }
}

/// A monorepo, and whether its images have a shell.
pub fn monorepo(random: &mut Random) -> (Monorepo, Shell) {
    // A command costs as much as many files.
    let shell = Shell(random.chance(7));
    let tree = tree(random);
    let mut images: Vec<ImageModel> = Vec::new();
    let bases = random.below(3);
    for place in 0..bases {
        let on = if place > 0 && random.chance(70) { On::Base(place - 1) } else { shell.external(random) };
        images.push(image(random, &tree, shell, Kind::Base, format!("base-{place}"), on));
    }
    for place in 0..=random.below(2) {
        let on = if bases > 0 && random.chance(75) {
            On::Base(random.below(bases))
        } else {
            shell.external(random)
        };
        let kind = if random.chance(75) { Kind::Lambda } else { Kind::Container };
        images.push(image(random, &tree, shell, kind, format!("image-{place}"), on));
    }
    (Monorepo { tree, declaration: Declaration { images } }, shell)
}

/// The files.
pub fn tree(random: &mut Random) -> Tree {
    let mut tree = Tree::default();
    for folder in FOLDERS {
        for _ in 0..=random.below(3) {
            let path = format!("{folder}/{}", random.pick(&NAMES));
            tree.write(&path, &bytes(random));
            if random.chance(15)
                && let Some(Node::File { mode, .. }) = tree.nodes.get_mut(&path)
            {
                *mode = 0o755;
            }
        }
        if random.chance(30) {
            tree.write(&format!("{folder}/{}", random.pick(&JUNK)), b"junk\n");
        }
        if random.chance(20) {
            tree.put(&format!("{folder}/empty"), Node::Folder { mode: 0o755 });
        }
    }
    for _ in 0..random.below(3) {
        let path = format!("{}/{}", random.pick(&FOLDERS), random.pick(&NAMES));
        let target = link_target(random, &tree, &path);
        tree.put(&path, Node::Link { target });
    }
    tree
}

/// A few bytes; now and then none.
pub fn bytes(random: &mut Random) -> Vec<u8> {
    let words = ["one\n", "two\n", "x", "\u{0}\u{1}", "answer = 42\n", "é"];
    (0..random.below(5)).flat_map(|_| random.pick(&words).bytes()).collect()
}

/// Where a link at `path` leads: mostly to a file that is there, always inside of the repository.
pub fn link_target(random: &mut Random, tree: &Tree, path: &str) -> String {
    if random.chance(15) {
        return (*random.pick(&["nowhere", "inner", ".", "empty"])).to_owned();
    }
    let files = tree.paths(|node| matches!(node, Node::File { .. }));
    let up = "../".repeat(path.matches('/').count());
    let inside: Vec<_> = files
        .iter()
        .filter(|file| file.rsplit_once('/').map(|(f, _)| f) == path.rsplit_once('/').map(|(f, _)| f))
        .collect();
    match inside.as_slice() {
        [_, ..] if random.chance(50) => {
            random.pick(&inside).rsplit('/').next().unwrap_or_default().to_owned()
        }
        _ => format!("{up}{}", random.pick(&files)),
    }
}

fn image(random: &mut Random, tree: &Tree, shell: Shell, kind: Kind, name: String, on: On) -> ImageModel {
    let mut image =
        ImageModel { name, kind, on, parts: Vec::new(), stage: None, target: false, function: None };
    if kind != Kind::Base {
        image.parts.push(Part::Cmd("handler.main".to_owned()));
    }
    for _ in 0..2 + random.below(4) {
        image.parts.push(part(random, tree, shell, false));
    }
    if random.chance(20) {
        image.stage = Some(stage(random, tree, shell));
        match random.below(10) {
            0 => image.target = true,
            1 | 2 => image.on = On::Stage,
            _ => image.parts.push(Part::CopyFrom("/out".to_owned(), format!("out{}/", random.below(3)))),
        }
    }
    image
}

/// A stage; its first part makes `/out`.
pub fn stage(random: &mut Random, tree: &Tree, shell: Shell) -> StageModel {
    let files = copyable(tree);
    let mut parts = vec![Part::CopyAs(random.pick(&files).clone(), "/out/first".to_owned())];
    for _ in 0..random.below(3) {
        parts.push(part(random, tree, shell, true));
    }
    StageModel { on: shell.external(random), parts }
}

/// What can be declared as a file: no junk by chance, though that would be allowed.
fn copyable(tree: &Tree) -> Vec<String> {
    let files = tree.paths(|node| !matches!(node, Node::Folder { .. }));
    files.into_iter().filter(|path| NAMES.iter().any(|name| path.ends_with(name))).collect()
}

/// One declared thing. Files and folders have destinations of different kinds, so that none stands in another's way;
/// but they are few, so that one is now and then copied over another.
pub fn part(random: &mut Random, tree: &Tree, shell: Shell, in_stage: bool) -> Part {
    let files = copyable(tree);
    let folder = |random: &mut Random| {
        let there: Vec<_> = FOLDERS.iter().filter(|folder| tree.nodes.contains_key(**folder)).collect();
        let all = there.is_empty() || random.chance(3);
        if all { ".".to_owned() } else { (*random.pick(&there)).to_string() }
    };
    let place = |random: &mut Random, kind: &str| {
        let prefix = if in_stage { "/out/" } else { *random.pick(&["", "", "./", "/opt/", "sub/dir/"]) };
        format!("{prefix}{kind}{}", random.below(8))
    };
    let number = random.below(4);
    match random.below(if shell.0 { 28 } else { 20 }) {
        0..=2 if !in_stage => Part::Copy(random.pick(&files).clone()),
        0..=4 => {
            let to = place(random, "f");
            let to = if random.chance(30) { format!("{to}-in/") } else { to };
            Part::CopyAs(random.pick(&files).clone(), to)
        }
        5 if !in_stage => {
            let folder = folder(random);
            if folder == "." { Part::CopyDirAs(folder, "all".to_owned()) } else { Part::CopyDir(folder) }
        }
        5..=7 => Part::CopyDirAs(folder(random), place(random, "t")),
        8 | 9 => {
            let except = ["*.json", "README", "**/*.py", "inner", "é.txt", "?.txt", "x y.txt", "empty"];
            let except = (0..=random.below(2)).map(|_| (*random.pick(&except)).to_owned()).collect();
            Part::CopyDirExcept(folder(random), place(random, "t"), except)
        }
        10 | 11 => {
            let glob = random.pick(&["*.json", "*.txt", "*", "?.*"]);
            Part::CopyGlob(format!("{}/{glob}", folder(random)), place(random, "g"))
        }
        12 => {
            Part::Env(format!("E{number}"), (*random.pick(&["", "1", "a \"b\" $E0", "/x:$PATH"])).to_owned())
        }
        13 => Part::BuildEnv(format!("B{number}"), random.below(3).to_string()),
        14 => Part::Arg(format!("A{number}"), random.below(3).to_string()),
        15 => Part::Label(format!("org.example.l{number}"), (*random.pick(&["1", "a & b", "é"])).to_owned()),
        16 => Part::Workdir((*random.pick(&["/srv/work", "/var/task/inner dir", "/srv"])).to_owned()),
        17 => Part::User((*random.pick(&["65534", "1000:1000", "root"])).to_owned()),
        18 => Part::Expose(*random.pick(&[80, 8080, 443])),
        19 => match random.below(3) {
            0 => Part::Entrypoint((*random.pick(&["/entry", "/other entry"])).to_owned()),
            1 => Part::Secret(format!("s{number}")),
            _ => Part::Cmd((*random.pick(&["handler.main", "handler.other"])).to_owned()),
        },
        20 | 21 => Part::Mkdir(place(random, "/opt/made ").replace("//", "/")),
        22 => Part::Chmod((*random.pick(&["0700", "a+rX", "g+w"])).to_owned(), "/etc".to_owned()),
        23 => Part::Run(LayerClass::Handler, "ls -R /var /out /opt > /listing 2>&1; true".to_owned()),
        _ => {
            let command =
                *random.pick(&["true", "mkdir -p /out && echo $A0 $B0 $E0 > /out/values", "echo N > /N"]);
            Part::Run(*random.pick(&LayerClass::ALL), command.replace('N', &number.to_string()))
        }
    }
}
