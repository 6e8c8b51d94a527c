//! What a run of the judge came to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use layerwise::difference::difference;

use super::image::Image;
use super::trial::{Case, Ran, Trial};
use super::verdict::{self, Excuse, Said, Verdict, compare, glance, stands_on};

/// The counts, and what was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Monorepos.
    pub monorepos: usize,
    /// Steps, refused ones not counted.
    pub steps: usize,
    /// Steps by their kind.
    pub kinds: BTreeMap<String, usize>,
    /// Steps after which Layerwise had an error to tell instead of a verdict: the kind of the step, and the error.
    pub refused: Vec<String>,
    /// Images after steps, each compared with the same image before the step.
    pub verdicts: usize,
    /// How many of them layer by layer; the others by what the layers come to and by the configuration.
    pub by_layers: usize,
    /// Same fingerprint, same image.
    pub hits: usize,
    /// Another fingerprint, another image.
    pub misses: usize,
    /// Another fingerprint, the same image, for the reasons that are known.
    pub needless: BTreeMap<Excuse, usize>,
    /// What was named besides what differs, for the same reasons.
    pub besides: BTreeMap<Excuse, usize>,
    /// Of each of these reasons the first case.
    pub examples: BTreeMap<Excuse, String>,
    /// Builds that the engine refused although Layerwise had not, with its words.
    pub unbuildable: Vec<String>,
    /// Images that were built.
    pub builds: usize,
    /// Everything that must not be, shrunk.
    pub findings: Vec<String>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: verdict::Fault,
    /// After how many steps.
    pub steps: usize,
    /// With which image.
    pub image: String,
}

impl Report {
    /// Takes in one monorepo; answers what is wrong with it, of each kind the first case.
    pub fn take(&mut self, ran: &Ran, trial: &Trial, images: &[Result<Image, String>]) -> Vec<Fault> {
        self.monorepos += 1;
        self.refused.extend(ran.refused.iter().cloned());
        for kind in ran.looks.iter().filter_map(|look| look.step.clone()) {
            self.steps += 1;
            *self.kinds.entry(kind).or_default() += 1;
        }
        for (steps, look) in ran.looks.iter().enumerate() {
            for (name, case) in &look.images {
                if let Err(why) = &images[case.build] {
                    let why = failure(why);
                    self.unbuildable.push(format!("seed {}, {name} after step {steps}: {why}", trial.seed));
                }
            }
        }
        let mut faults: Vec<Fault> = Vec::new();
        for judged in judge(ran, images) {
            self.verdicts += 1;
            self.by_layers += usize::from(judged.before.whole && judged.now.whole);
            match &judged.verdict {
                Verdict::Hit => self.hits += 1,
                Verdict::Miss(excuses) => {
                    self.misses += 1;
                    count(&mut self.besides, excuses);
                    self.remember(excuses, trial.seed, &judged);
                }
                Verdict::Needless(excuses) => {
                    count(&mut self.needless, excuses);
                    self.remember(excuses, trial.seed, &judged);
                }
                &Verdict::Fault(kind) => {
                    if faults.iter().all(|fault| fault.kind != kind) {
                        faults.push(Fault { kind, steps: judged.steps, image: judged.image.to_owned() });
                    }
                }
            }
        }
        faults
    }

    fn remember(&mut self, excuses: &BTreeSet<Excuse>, seed: u64, judged: &Judged<'_>) {
        for excuse in excuses {
            self.examples.entry(*excuse).or_insert_with(|| {
                let changes = difference(&judged.was.ingredients, &judged.is.ingredients);
                let changes: Vec<_> =
                    changes.iter().map(|change| format!("{}: {}", change.class, change.what)).collect();
                format!("seed {seed}, {}: {}", judged.image, changes.join("; "))
            });
        }
    }
}

fn count(of: &mut BTreeMap<Excuse, usize>, excuses: &BTreeSet<Excuse>) {
    for excuse in excuses {
        *of.entry(*excuse).or_default() += 1;
    }
}

/// An image at a look, held against itself at an earlier one.
#[derive(Debug)]
pub struct Judged<'a> {
    /// Its name.
    pub image: &'a str,
    /// After how many steps.
    pub steps: usize,
    /// What was said at the earlier look.
    pub was: &'a Said,
    /// What is said now.
    pub is: &'a Said,
    /// What was built then.
    pub before: &'a Image,
    /// What is built now.
    pub now: &'a Image,
    /// What that comes to.
    pub verdict: Verdict,
}

/// Of so many misses one is held against its layers whatever it comes to.
const ONE_OF: usize = 24;

/// The builds whose layers have to be known to judge `ran`: where the files are the same in spite of another fingerprint, or the
/// fingerprint in spite of another Dockerfile, and for some of the other misses.
#[must_use]
pub fn unclear(ran: &Ran, images: &[Result<Image, String>]) -> BTreeSet<usize> {
    let mut unclear = BTreeSet::new();
    for pair in pairs(ran, images) {
        let configured = pair.was.configuration == pair.is.configuration;
        let verdict = glance((&pair.was.said, pair.before), (&pair.is.said, pair.now), configured);
        let miss = matches!(verdict, Some(Verdict::Miss(_)));
        if verdict.is_none() || miss && pair.is.build % ONE_OF == 0 {
            unclear.extend([pair.was.build, pair.is.build]);
            unclear.extend(pair.is.parent);
        }
    }
    unclear
}

/// An image at two looks.
struct Pair<'a> {
    image: &'a str,
    /// The places of the two looks.
    places: [usize; 2],
    was: &'a Case,
    is: &'a Case,
    before: &'a Image,
    now: &'a Image,
}

/// Every image that could be built, with the last one before it, and with the first one with the same fingerprint.
fn pairs<'a>(ran: &'a Ran, images: &'a [Result<Image, String>]) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    for (steps, look) in ran.looks.iter().enumerate() {
        for (name, is) in &look.images {
            let Ok(now) = &images[is.build] else { continue };
            let earlier: Vec<(usize, &Case, &Image)> = ran.looks[..steps]
                .iter()
                .enumerate()
                .filter_map(|(place, look)| {
                    let case = look.images.get(name)?;
                    Some((place, case, images[case.build].as_ref().ok()?))
                })
                .collect();
            let last = earlier.last().copied();
            let same =
                earlier.iter().copied().find(|(_, was, _)| was.said.fingerprint == is.said.fingerprint);
            let same = same.filter(|(place, ..)| last.is_some_and(|(last, ..)| last != *place));
            for (place, was, before) in last.into_iter().chain(same) {
                pairs.push(Pair { image: name, places: [place, steps], was, is, before, now });
            }
        }
    }
    pairs
}

/// Every pair, judged.
#[must_use]
pub fn judge<'a>(ran: &'a Ran, images: &'a [Result<Image, String>]) -> Vec<Judged<'a>> {
    let judged = pairs(ran, images).into_iter().filter_map(|pair| {
        let Pair { image, places: [place, steps], was, is, before, now } = pair;
        let parent = is.parent.and_then(|parent| images[parent].as_ref().ok());
        let configured = was.configuration == is.configuration;
        let (was, is) = (&was.said, &is.said);
        let verdict = match parent {
            _ if !(before.whole && now.whole) => glance((was, before), (is, now), configured)?,
            Some(parent) if parent.whole && !stands_on(is, now, parent) => {
                Verdict::Fault(verdict::Fault::Layers)
            }
            _ => compare((was, before), (is, now)),
        };
        let between = ran.looks[place + 1..=steps].iter().filter_map(|look| look.step.as_deref());
        let verdict = held_against(verdict, between);
        Some(Judged { image, steps, was, is, before, now, verdict })
    });
    judged.collect()
}

/// Instructions come from the declaration: where that is as it was, nothing can be said in other words.
fn held_against<'a>(verdict: Verdict, mut steps: impl Iterator<Item = &'a str>) -> Verdict {
    let (Verdict::Needless(excuses) | Verdict::Miss(excuses)) = &verdict else { return verdict };
    let words = [Excuse::OtherWords, Excuse::MovedSource].iter().any(|excuse| excuses.contains(excuse));
    if words && !steps.any(|step| step.starts_with("Declare") || step == "Rename") {
        return Verdict::Fault(verdict::Fault::NeedlessMiss);
    }
    verdict
}

/// The instruction that failed, and why.
fn failure(text: &str) -> String {
    let told = text.lines().filter(|line| line.contains(">>>") || line.starts_with("ERROR"));
    told.collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} monorepos, {} steps ({} more refused), {} builds, {} verdicts, {} of them by layers: {} hits, {} misses, needless {:?}, named besides {:?}",
            self.monorepos,
            self.steps,
            self.refused.len(),
            self.builds,
            self.verdicts,
            self.by_layers,
            self.hits,
            self.misses,
            self.needless,
            self.besides
        )?;
        writeln!(f, "steps by kind: {:?}", self.kinds)?;
        for (excuse, example) in &self.examples {
            writeln!(f, "for instance {excuse:?}: {example}")?;
        }
        writeln!(f, "{} builds that only the engine refused", self.unbuildable.len())?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}
