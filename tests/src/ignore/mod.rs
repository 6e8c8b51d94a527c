//! Our ignore rules and the builder's: random lists of patterns, each on a tree of its own; one build takes in many of
//! them, each as a context that is copied as a whole. Everything follows from a seed.

mod generate;

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use camino::Utf8Path;
use fs_err as fs;
use layerwise::dockerignore::Patterns;
use layerwise::process::{Cancel, ProcessError};
use layerwise::repo_path::RepoPath;

use crate::judge::bake::{Engine, Form, Target};
use crate::judge::image::Reader;
use crate::random::Random;

/// An ignore file and a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The file.
    pub text: String,
    /// Files, and empty folders with a `/` at the end.
    pub paths: BTreeSet<String>,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Lists that were judged.
    pub lists: usize,
    /// Paths of their trees, folders included.
    pub paths: usize,
    /// Lists that our parser refuses.
    pub refused: usize,
    /// Of how many of the lists something is out and something is in: those that say the most.
    pub mixed: usize,
    /// Every list of which the builder thinks otherwise, shrunk.
    pub findings: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lists, paths, refused, mixed, findings } = self;
        writeln!(
            f,
            "{lists} lists, {mixed} of them with something in and something out, {paths} paths; {refused} more lists refused"
        )?;
        findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

/// So many lists go into one build.
const AT_ONCE: usize = 60;

/// So many of these are also judged as Layerwise writes them: beside a Dockerfile outside of the context. Each is a build
/// of its own.
const BESIDE: usize = 5;

/// Judges `lists` lists of patterns, in `folder`. `tell` hears of the progress.
///
/// # Errors
/// When the builder cannot be asked, or of the file system.
pub fn judge(
    engine: &Engine,
    folder: &Utf8Path,
    seed: u64,
    lists: usize,
    tell: &dyn Fn(&Report),
) -> io::Result<Report> {
    let mut random = Random::new(seed);
    let mut report = Report::default();
    while report.lists < lists {
        let mut cases = Vec::new();
        while cases.len() < AT_ONCE.min(lists - report.lists) {
            let case = generate::case(&mut random);
            match Patterns::parse(&case.text) {
                Ok(patterns) => cases.push((case, patterns)),
                Err(_) => report.refused += 1,
            }
        }
        let texts: Vec<Case> = cases.iter().map(|(case, _)| case.clone()).collect();
        let found = taken_in(engine, folder, &texts)?;
        for ((case, patterns), found) in cases.iter().zip(found) {
            let all = everything(case);
            let ours = ours(patterns, &all);
            report.lists += 1;
            report.paths += all.len();
            report.mixed += usize::from(!ours.is_empty() && ours.len() < all.len());
            if found.as_ref() != Ok(&ours) {
                report.findings.push(format!("seed {seed}: {}", shrink(engine, folder, case)?));
            }
        }
        let some = &cases[..BESIDE.min(cases.len())];
        let found = taken_in_beside(engine, folder, &texts[..some.len()])?;
        for ((case, patterns), found) in some.iter().zip(found) {
            if found.as_ref() != Ok(&ours(patterns, &everything(case))) {
                report.findings.push(format!("seed {seed}, beside a Dockerfile: {case:?}: {found:?}"));
            }
        }
        tell(&report);
    }
    Ok(report)
}

/// Every path of the tree, the folders above each, and the ignore file itself.
fn everything(case: &Case) -> BTreeSet<String> {
    let mut all = BTreeSet::from([".dockerignore".to_owned()]);
    for path in &case.paths {
        let folders = path.match_indices('/').map(|(at, _)| path[..at].to_owned());
        all.extend(folders.chain([path.trim_end_matches('/').to_owned()]));
    }
    all
}

/// What we say is taken in: what is so by its own right, and the folders above.
fn ours(patterns: &Patterns, all: &BTreeSet<String>) -> BTreeSet<String> {
    let included = |path: &&String| RepoPath::new(path).is_ok_and(|path| patterns.includes(&path));
    let itself = all.iter().filter(included);
    itself
        .flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at]).chain([path.as_str()]))
        .map(str::to_owned)
        .collect()
}

/// What the builder takes in of each case, or why it cannot.
fn taken_in(
    engine: &Engine,
    folder: &Utf8Path,
    cases: &[Case],
) -> io::Result<Vec<Result<BTreeSet<String>, String>>> {
    let work = folder.join("ignore");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&work)?;
    let mut dockerfile = String::from("FROM scratch\n");
    let mut args = ["build", "--provenance=false", "--quiet"].map(str::to_owned).to_vec();
    args.push("--output=type=tar,dest=out.tar".to_owned());
    for (number, case) in cases.iter().enumerate() {
        let context = work.join(number.to_string());
        write(&context, case)?;
        dockerfile.push_str(&format!("COPY --from=c{number} / /{number}/\n"));
        args.push(format!("--build-context=c{number}={context}"));
    }
    fs::write(work.join("Dockerfile"), dockerfile)?;
    match engine.command(&work).args(args).args(["."]).run(&Cancel::default()) {
        Ok(_) => {
            let files = Reader::default().read(&work.join("out.tar"), Form::Tree)?.files();
            let of = |number: usize| {
                let folder = format!("{number}/");
                files.keys().filter_map(|path| path.strip_prefix(&folder)).map(str::to_owned).collect()
            };
            Ok((0..cases.len()).map(|number| Ok(of(number))).collect())
        }
        Err(ProcessError::Failed { said, .. }) if cases.len() == 1 => Ok(vec![Err(said)]),
        // One that fails takes the others with it.
        Err(ProcessError::Failed { .. }) => {
            let (one, other) = cases.split_at(cases.len() / 2);
            let mut found = taken_in(engine, folder, one)?;
            found.extend(taken_in(engine, folder, other)?);
            Ok(found)
        }
        Err(error) => Err(io::Error::other(error)),
    }
}

/// The same, each list as the ignore file of a Dockerfile. The context has an ignore file too, which then means nothing.
fn taken_in_beside(
    engine: &Engine,
    folder: &Utf8Path,
    cases: &[Case],
) -> io::Result<Vec<Result<BTreeSet<String>, String>>> {
    let mut targets = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let context = folder.join("ignore").join(format!("beside-{number}"));
        write(&context, &Case { text: "**".to_owned(), ..case.clone() })?;
        let dockerfile = context.with_extension("Dockerfile");
        fs::write(&dockerfile, "FROM scratch\nCOPY . /\n")?;
        fs::write(dockerfile.with_extension("Dockerfile.dockerignore"), &case.text)?;
        targets.push(Target { context, dockerfile, linked: Vec::new(), stage: None });
    }
    let wanted = (0..targets.len()).map(|place| (place, Form::Tree)).collect();
    let built = engine.build(&folder.join("ignore"), &targets, &wanted, &Reader::default())?;
    Ok(built.into_values().map(|built| built.map(|image| image.files().into_keys().collect())).collect())
}

fn write(context: &Utf8Path, case: &Case) -> io::Result<()> {
    fs::create_dir_all(context)?;
    for path in &case.paths {
        let on_disk = context.join(path);
        if path.ends_with('/') {
            fs::create_dir_all(on_disk)?;
        } else {
            fs::create_dir_all(on_disk.parent().unwrap_or(context))?;
            fs::write(on_disk, "x")?;
        }
    }
    fs::write(context.join(".dockerignore"), &case.text)
}

/// The fewest lines and paths of which the builder still thinks otherwise.
fn shrink(engine: &Engine, folder: &Utf8Path, case: &Case) -> io::Result<String> {
    let mut least = case.clone();
    let mut story = differs(engine, folder, &least)?.unwrap_or_else(|| "it did not come again".to_owned());
    let mut fewer: Vec<Case> = Vec::new();
    loop {
        fewer.clear();
        let lines: Vec<&str> = least.text.lines().collect();
        for place in 0..lines.len() {
            let kept = lines.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, line)| *line);
            fewer.push(Case { text: kept.collect::<Vec<_>>().join("\n"), paths: least.paths.clone() });
        }
        for path in &least.paths {
            let mut paths = least.paths.clone();
            paths.remove(path);
            fewer.push(Case { text: least.text.clone(), paths });
        }
        let mut shorter = None;
        for case in &fewer {
            if let Some(told) = differs(engine, folder, case)? {
                shorter = Some((case.clone(), told));
                break;
            }
        }
        match shorter {
            Some((case, told)) => (least, story) = (case, told),
            None => return Ok(format!("{:?} on {:?}: {story}", least.text, least.paths)),
        }
    }
}

/// How the builder's answer differs from ours.
fn differs(engine: &Engine, folder: &Utf8Path, case: &Case) -> io::Result<Option<String>> {
    let Ok(patterns) = Patterns::parse(&case.text) else { return Ok(None) };
    let ours = ours(&patterns, &everything(case));
    let found = taken_in(engine, folder, std::slice::from_ref(case))?.pop();
    Ok(match found {
        Some(Ok(found)) if found == ours => None,
        Some(Ok(found)) => {
            let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| -> Vec<String> {
                one.difference(other).cloned().collect()
            };
            Some(format!("only ours {:?}, only the builder's {:?}", only(&ours, &found), only(&found, &ours)))
        }
        Some(Err(said)) => Some(format!("only the builder refuses: {said}")),
        None => None,
    })
}
