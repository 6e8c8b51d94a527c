//! Assembled images against the real builder's: random declarations and trees on parents that are full of odd things. Both
//! have the same files (path, kind, mode, owner, content, link target) and the same configuration, or the image is one that
//! is left to BuildKit. Everything follows from a seed.

mod depot;
mod generate;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::assemble::{WhyNot, instructions};
use layerwise::assembler::{AssembleError, AssembleRequest, Assembler as _};
use layerwise::assembling::Assembling;
use layerwise::image_ref::ImageRef;
use layerwise::inspect::{Inspection, inspect};
use layerwise::process::Cancel;

use crate::judge::bake::{Engine, Form, Target};
use crate::judge::checkout::Checkout;
use crate::judge::image::{Image, Reader};
use crate::random::Random;
use depot::Memory;

/// So many monorepos go into one call of the engine, each with a few images.
const AT_ONCE: usize = 10;

/// What a run came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Images that were judged.
    pub images: usize,
    /// Those that were assembled.
    pub assembled: usize,
    /// Those that were left to BuildKit, by the reason.
    pub left: BTreeMap<String, usize>,
    /// Those of them that BuildKit refused too.
    pub refused: usize,
    /// Every image that came out differently.
    pub findings: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { images, assembled, left, refused, findings } = self;
        writeln!(
            f,
            "{images} images: {assembled} assembled, {refused} of the others refused by BuildKit too"
        )?;
        left.iter().try_for_each(|(why, count)| writeln!(f, "  {count} left to BuildKit: {why}"))?;
        findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

/// One image that is built in both ways.
struct Case {
    /// What it follows from.
    declared: String,
    ours: Result<Image, AssembleError>,
}

/// Judges at least `images` images, in `folder`. `tell` hears of the progress.
///
/// # Errors
/// When the builder cannot be asked, or of the file system.
pub fn judge(
    engine: &Engine,
    folder: &Utf8Path,
    seed: u64,
    images: usize,
    tell: &dyn Fn(&Report),
) -> io::Result<Report> {
    let parents = generate::parents(engine, folder)?;
    let depot = Memory::new(parents);
    let assembling = Assembling::new(&depot, folder.join("shelf"));
    let reader = Reader::default();
    let mut report = Report::default();
    let mut seed = seed;
    while report.images < images && report.findings.len() < 5 {
        let batch = folder.join("batch");
        if batch.exists() {
            fs::remove_dir_all(&batch)?;
        }
        let (mut cases, mut targets) = (Vec::new(), Vec::new());
        for _ in 0..AT_ONCE {
            let place = batch.join(seed.to_string());
            fs::create_dir_all(&place)?;
            monorepo(&place, seed, &assembling, &depot, &mut cases, &mut targets)?;
            seed += 1;
        }
        let wanted = (0..targets.len()).map(|place| (place, Form::Whole)).collect();
        let truth = engine.build(&batch, &targets, &wanted, &reader)?;
        for (case, truth) in cases.iter().zip(truth.into_values()) {
            report.take(case, truth);
        }
        tell(&report);
    }
    Ok(report)
}

/// The images of one random monorepo, assembled, and what the builder needs for them.
fn monorepo(
    folder: &Utf8Path,
    seed: u64,
    assembling: &Assembling<'_>,
    depot: &Memory,
    cases: &mut Vec<Case>,
    targets: &mut Vec<Target>,
) -> io::Result<()> {
    let mut random = Random::new(seed);
    let (tree, declaration) = generate::monorepo(&mut random);
    let mut checkout = Checkout::new(folder)?;
    checkout.sync(&tree)?;
    // A random declaration may be none; then there is nothing to build. The same goes for each image.
    let Ok(inspection) = inspect(checkout.root(), &declaration.images()) else { return Ok(()) };
    for (place, target) in inspection.graph.targets.iter().enumerate() {
        let model = declaration.images.iter().find(|model| target.name.as_str() == model.name);
        let own = folder.join(format!("{place}.Dockerfile"));
        fs::write(&own, inspection.targets[place].dockerfile.to_string())?;
        let ignore = folder.join(format!("{place}.Dockerfile.dockerignore"));
        fs::write(ignore, inspection.targets[place].allow_list().text())?;
        let context = folder.join(format!("{place}.context"));
        inspection.copy_context(place, &context).map_err(io::Error::other)?;
        targets.push(Target { context, dockerfile: own, linked: Vec::new(), stage: None });
        let ours = assemble(&inspection, place, folder.join(format!("{place}.layers")), assembling, depot);
        cases.push(Case { declared: format!("seed {seed}: {model:#?}"), ours });
    }
    Ok(())
}

fn assemble(
    inspection: &Inspection,
    place: usize,
    folder: Utf8PathBuf,
    assembling: &Assembling<'_>,
    depot: &Memory,
) -> Result<Image, AssembleError> {
    let (target, inspected) = (&inspection.graph.targets[place], &inspection.targets[place]);
    let instructions = instructions(&target.image, &inspected.dockerfile)?;
    let parent = &inspected.dockerfile.parents[0].1;
    let tag = ImageRef::parse(&format!("{}:{}", target.name, inspected.fingerprint.short()));
    let request = AssembleRequest {
        image: target.label.clone(),
        platform: target.platform,
        instructions,
        context: inspected.context(),
        root: &inspection.root,
        parent: ImageRef::parse(parent).unwrap_or_else(|error| unreachable!("it was rendered: {error}")),
        siblings: 1,
        labels: Vec::new(),
        tags: vec![tag.unwrap_or_else(|error| unreachable!("a name and a digest: {error}"))],
        folder,
    };
    assembling.assemble(&request, &Cancel::default())?;
    Ok(depot.published(&request.tags[0]))
}

impl Report {
    fn take(&mut self, case: &Case, truth: Result<Image, String>) {
        self.images += 1;
        let wrong = match (&case.ours, truth) {
            (Err(AssembleError::CannotBe(why)), truth) => {
                *self.left.entry(kind(why)).or_default() += 1;
                self.refused += usize::from(truth.is_err());
                return;
            }
            (Err(error), _) => format!("it could not be assembled: {error}"),
            (Ok(_), Err(said)) => format!("it was assembled, and BuildKit refuses it: {said}"),
            (Ok(ours), Ok(truth)) => {
                self.assembled += 1;
                let (ours, truth) = (facts(ours), facts(&truth));
                let differences: Vec<_> = ours.symmetric_difference(&truth).collect();
                if differences.is_empty() {
                    return;
                }
                let side = |fact: &String| if ours.contains(fact) { "ours" } else { "BuildKit's" };
                differences.iter().map(|fact| format!("\n  {}: {fact}", side(fact))).collect()
            }
        };
        self.findings.push(format!("{}: {wrong}", case.declared));
    }
}

/// The reason without what it names.
fn kind(why: &WhyNot) -> String {
    why.to_string().split('`').step_by(2).collect::<Vec<_>>().join("…")
}

/// All that is to be equal, a line for each.
fn facts(image: &Image) -> BTreeSet<String> {
    let files = image.files().into_iter().map(|(path, what)| format!("/{path} {what}"));
    // An empty setting is none; `ArgsEscaped` is about Windows.
    let set = image.config.iter().filter(|(name, value)| {
        !matches!(value.as_str(), "null" | "\"\"" | "[]" | "{}") && name.as_str() != "ArgsEscaped"
    });
    files.chain(set.map(|(name, value)| format!("{name} = {value}"))).collect()
}
