//! What a run of the judge came to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use layerwise::difference::difference;

use super::image::Image;
use super::trial::{Case, Ran, Trial};
use super::verdict::{self, Excuse, Verdict, compare, stands_on};

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
        let mut faults: Vec<Fault> = Vec::new();
        judge(ran, images, &mut |name, steps, was, is| {
            let (Ok(before), Ok(now)) = (&images[was.build], &images[is.build]) else {
                if let Err(why) = &images[is.build] {
                    self.unbuildable.push(format!(
                        "seed {} step {steps} {name}: {}",
                        trial.seed,
                        last_line(why)
                    ));
                }
                return;
            };
            self.verdicts += 1;
            let parent = is.parent.and_then(|parent| images[parent].as_ref().ok());
            let verdict = match parent {
                Some(parent) if !stands_on(&is.said, now, parent) => Verdict::Fault(verdict::Fault::Layers),
                _ => compare((&was.said, before), (&is.said, now)),
            };
            match verdict {
                Verdict::Hit => self.hits += 1,
                Verdict::Miss(excuses) => {
                    self.misses += 1;
                    count(&mut self.besides, &excuses);
                    self.remember(excuses, trial, name, was, is);
                }
                Verdict::Needless(excuses) => {
                    count(&mut self.needless, &excuses);
                    self.remember(excuses, trial, name, was, is);
                }
                Verdict::Fault(kind) => {
                    if faults.iter().all(|fault| fault.kind != kind) {
                        faults.push(Fault { kind, steps, image: name.to_owned() });
                    }
                }
            }
        });
        faults
    }

    fn remember(&mut self, excuses: BTreeSet<Excuse>, trial: &Trial, name: &str, was: &Case, is: &Case) {
        for excuse in excuses {
            self.examples.entry(excuse).or_insert_with(|| {
                let changes = difference(&was.said.ingredients, &is.said.ingredients);
                let changes: Vec<_> =
                    changes.iter().map(|change| format!("{}: {}", change.class, change.what)).collect();
                format!("seed {}, {name}: {}", trial.seed, changes.join("; "))
            });
        }
    }
}

fn count(of: &mut BTreeMap<Excuse, usize>, excuses: &BTreeSet<Excuse>) {
    for excuse in excuses {
        *of.entry(*excuse).or_default() += 1;
    }
}

/// Every pair of an image and the same image at the look before, and every pair with an earlier one of the same fingerprint.
pub fn judge<'a>(
    ran: &'a Ran,
    images: &[Result<Image, String>],
    pair: &mut dyn FnMut(&'a str, usize, &'a Case, &'a Case),
) {
    for (place, look) in ran.looks.iter().enumerate().skip(1) {
        for (name, is) in &look.images {
            let earlier = ran.looks[..place].iter().filter_map(|look| look.images.get(name));
            let built: Vec<_> = earlier.filter(|was| images[was.build].is_ok()).collect();
            let last = built.last().copied();
            let same = built.iter().copied().find(|was| was.said.fingerprint == is.said.fingerprint);
            if let Some(last) = last {
                pair(name, place, last, is);
                if let Some(same) = same.filter(|same| !std::ptr::eq(*same, last)) {
                    pair(name, place, same, is);
                }
            }
        }
    }
}

/// The instruction that failed, and why.
fn last_line(text: &str) -> String {
    let told = text.lines().filter(|line| line.contains(">>>") || line.starts_with("ERROR"));
    told.collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} monorepos, {} steps ({} more refused), {} builds, {} verdicts: {} hits, {} misses, needless {:?}, named besides {:?}",
            self.monorepos,
            self.steps,
            self.refused.len(),
            self.builds,
            self.verdicts,
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
