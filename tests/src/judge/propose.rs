//! Random steps: what people, editors, package managers and git do to a monorepo.

use super::declaration::{ImageModel, Kind, On, Part};
use super::generate::{FOLDERS, JUNK, NAMES, Shell, bytes, link_target, part, stage};
use super::step::{Change, Git, Monorepo, Step};
use super::tree::Node;
use crate::random::Random;

/// The next step.
pub fn step(random: &mut Random, monorepo: &Monorepo, shell: Shell) -> Step {
    let tree = &monorepo.tree;
    let files = tree.paths(|node| matches!(node, Node::File { .. }));
    let some = tree.paths(|node| !matches!(node, Node::Folder { .. }));
    let links = tree.paths(|node| matches!(node, Node::Link { .. }));
    let read: Vec<String> = files.iter().filter(|file| is_read(monorepo, file)).cloned().collect();
    let file = |random: &mut Random| {
        let from = if !read.is_empty() && random.chance(85) { &read } else { &files };
        if from.is_empty() { "nothing".to_owned() } else { random.pick(from).clone() }
    };
    // Most steps are about something that an image reads: of the others nothing can come.
    let near: Vec<&str> =
        FOLDERS.into_iter().filter(|folder| is_read(monorepo, &format!("{folder}/new"))).collect();
    let folder = |random: &mut Random| {
        if !near.is_empty() && random.chance(80) { *random.pick(&near) } else { *random.pick(&FOLDERS) }
    };
    let new = |random: &mut Random| format!("{}/{}", folder(random), random.pick(&NAMES));
    match random.below(37) {
        0 | 1 => Step::Write(file(random), bytes(random)),
        2 | 3 => Step::EditQuietly(file(random)),
        4 => Step::Append(file(random)),
        5 => Step::Truncate(file(random), random.below(3)),
        6 | 7 => {
            let from = file(random);
            rename(random, &from, new)
        }
        8 => {
            let from = folder(random);
            let to = *random.pick(&["svc/three", "svc/One", "moved/deep", "shared"]);
            Step::Rename { from: from.to_owned(), to: to.to_owned(), follow: random.chance(70) }
        }
        9 => Step::Swap(file(random), file(random)),
        10 => Step::Delete(if some.is_empty() { new(random) } else { random.pick(&some).clone() }),
        11 => Step::Delete(file(random)),
        12 | 13 => Step::Write(new(random), bytes(random)),
        14 => Step::Write(new(random), Vec::new()),
        15 => {
            Step::Folder(format!("{}/{}", folder(random), random.pick(&["empty", "new/er", "inner", "more"])))
        }
        16 | 17 => {
            let path = file(random);
            let was = matches!(tree.nodes.get(&path), Some(Node::File { mode, .. }) if mode & 0o100 != 0);
            Step::Mode(path, if was { 0o644 } else { 0o755 })
        }
        18 => Step::Touch(file(random)),
        19 => Step::Mode(file(random), *random.pick(&[0o600, 0o400, 0o664, 0o4755, 0o777, 0o655, 0o744])),
        20 => Step::Mode(folder(random).to_owned(), *random.pick(&[0o700, 0o775, 0o2755, 0o1777])),
        21 => {
            let path = file(random);
            Step::Link(path.clone(), link_target(random, tree, &path))
        }
        22 | 23 => {
            let path = if links.is_empty() { new(random) } else { random.pick(&links).clone() };
            if random.chance(60) {
                Step::Link(path.clone(), link_target(random, tree, &path))
            } else {
                Step::Write(path, bytes(random))
            }
        }
        24 | 25 => Step::Write(format!("{}/{}", folder(random), random.pick(&JUNK)), bytes(random)),
        26 => Step::Write(format!("{}/tests/test_a.py", folder(random)), bytes(random)),
        27 => Step::Git(*random.pick(&[Git::Commit, Git::Amend, Git::SwitchAndBack])),
        28 => Step::Move((*random.pick(&[".dot folder", "ü é", "plain", "a/b/c", "it's [x]"])).to_owned()),
        29 => Step::Umask(*random.pick(&[0o022, 0o002, 0o077])),
        30 => Step::HardLink { path: new(random), of: file(random) },
        _ => declare(random, monorepo, shell),
    }
}

/// Whether an image could read `file`.
fn is_read(monorepo: &Monorepo, file: &str) -> bool {
    let parts = monorepo.declaration.images.iter().flat_map(ImageModel::all_parts);
    parts.filter_map(Part::source).any(|source| super::is_at_or_below(file, source))
}

fn rename(random: &mut Random, from: &str, new: impl Fn(&mut Random) -> String) -> Step {
    let (folder, name) = from.rsplit_once('/').unwrap_or(("", from));
    let to = match random.below(4) {
        // Case only.
        0 => {
            let upper = name.to_uppercase();
            format!("{folder}/{}", if upper == name { name.to_lowercase() } else { upper })
        }
        1 => format!("{folder}/{}", random.pick(&NAMES)),
        2 => format!("{}/{name}", random.pick(&FOLDERS)),
        _ => new(random),
    };
    Step::Rename { from: from.to_owned(), to, follow: random.chance(60) }
}

fn declare(random: &mut Random, monorepo: &Monorepo, shell: Shell) -> Step {
    let images = &monorepo.declaration.images;
    let place = random.below(images.len());
    let image = &images[place];
    let in_stage = image.stage.is_some() && random.chance(40);
    let parts = match &image.stage {
        Some(stage) if in_stage => &stage.parts,
        _ => &image.parts,
    };
    // The first part of a stage makes what is copied from it, that of an image its command.
    let at = 1 + random.below(parts.len().saturating_sub(1));
    let bases = images[..place].iter().filter(|image| image.kind == Kind::Base).count();
    let change = match random.below(12) {
        0..=2 => Change::Insert(
            in_stage,
            random.below(parts.len() + 1),
            part(random, &monorepo.tree, shell, in_stage),
        ),
        3 => Change::Remove(in_stage, at),
        4..=6 => {
            let part = part(random, &monorepo.tree, shell, in_stage);
            match parts.get(at).and_then(|old| vary(random, old)) {
                Some(varied) if random.chance(75) => Change::Replace(in_stage, at, varied),
                _ => Change::Replace(in_stage, at, part),
            }
        }
        7 => Change::Exchange(in_stage, at),
        8 if bases > 0 && random.chance(50) => Change::On(in_stage, On::Base(random.below(bases))),
        8 => Change::On(in_stage, shell.external(random)),
        9 if image.stage.is_some() => Change::Target(!image.target),
        9 => Change::Stage(random.chance(70).then(|| stage(random, &monorepo.tree, shell))),
        10 => Change::Kind(if image.kind == Kind::Lambda { Kind::Container } else { Kind::Lambda }),
        _ => Change::Function(format!("function-{}", random.below(5))),
    };
    Step::Declare(place, change)
}

/// The same part with one of its fields changed.
fn vary(random: &mut Random, part: &Part) -> Option<Part> {
    let value = random.below(5).to_string();
    Some(match part {
        Part::Copy(file) => Part::CopyAs(file.clone(), format!("f{value}")),
        Part::CopyAs(file, _) => Part::CopyAs(file.clone(), format!("f{value}")),
        Part::CopyDir(folder) => Part::CopyDirAs(folder.clone(), format!("t{value}")),
        Part::CopyDirAs(folder, to) => {
            Part::CopyDirExcept(folder.clone(), to.clone(), vec!["*.txt".to_owned()])
        }
        Part::CopyDirExcept(folder, to, _) => Part::CopyDirAs(folder.clone(), to.clone()),
        Part::CopyGlob(pattern, _) => Part::CopyGlob(pattern.clone(), format!("g{value}")),
        Part::CopyFrom(from, _) => Part::CopyFrom(from.clone(), format!("out{value}/")),
        Part::Run(class, _) => Part::Run(*class, format!("echo {value} > /varied")),
        Part::Mkdir(_) => Part::Mkdir(format!("/opt/made {value}")),
        Part::Chmod(_, path) => Part::Chmod(format!("07{value}0"), path.clone()),
        Part::Arg(name, _) => Part::Arg(name.clone(), value),
        Part::BuildEnv(name, _) => Part::BuildEnv(name.clone(), value),
        Part::Env(name, _) => Part::Env(name.clone(), value),
        Part::Label(name, _) => Part::Label(name.clone(), value),
        Part::Workdir(_) => Part::Workdir(format!("/srv/{value}")),
        Part::User(_) => Part::User(format!("100{value}")),
        Part::Expose(port) => Part::Expose(port + 1),
        Part::Entrypoint(_) => Part::Entrypoint(format!("/entry{value}")),
        Part::Cmd(_) => Part::Cmd(format!("handler.f{value}")),
        Part::Secret(_) => return None,
    })
}
