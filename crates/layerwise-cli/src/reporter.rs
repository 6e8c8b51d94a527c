//! Tells people about a plan and a run while it goes on. Only says; decides nothing and counts nothing.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use layerwise::builder::{BuildError, BuildProgress};
use layerwise::event::{Event, Failure, Product};
use layerwise::graph::Graph;
use layerwise::image_ref::ImageRef;
use layerwise::inspect::Broken;

use crate::console::{Console, Tone, plain, seconds};
use crate::live::{Live, readable};
use crate::summary::{DriftSummary, Summary, Totals};
use crate::wording;

/// Tells people about one run.
pub struct Reporter<'a> {
    console: &'a Console,
    graph: &'a Graph,
    /// The width of the column of labels.
    labels: usize,
    live: Mutex<Live>,
}

impl<'a> Reporter<'a> {
    /// A reporter for a plan's images.
    #[must_use]
    pub fn new(console: &'a Console, graph: &'a Graph, plan: &Summary) -> Self {
        let stale = plan.images.iter().filter(|image| image.reason.is_some());
        let labels = stale.map(|image| image.label.chars().count()).max().unwrap_or(0);
        Self { console, graph, labels, live: Mutex::default() }
    }

    /// What the plan says: the counts, then one line for each stale image.
    pub fn planned(&self, plan: &Summary) {
        planned(self.console, plan);
        for image in &plan.images {
            if let Some(reason) = &image.reason {
                self.status(Tone::Notice, "Stale", &image.label, &wording::reason(reason));
            }
        }
    }

    /// What happens.
    pub fn event(&self, event: &Event<'_>) {
        let now = Instant::now();
        match event {
            Event::Waiting { target } => {
                let message = "another run builds the same image from the same inputs";
                self.status(Tone::Busy, "Waiting", self.label(*target), message);
            }
            Event::Started { target, .. } => {
                self.live().started(*target, self.label(*target), now);
                if self.console.live_size().is_none() {
                    self.status(Tone::Busy, "Building", self.label(*target), "");
                }
            }
            Event::Progress { target, progress } => {
                self.live().progress(*target, progress);
                if self.console.verbose() {
                    self.step(*target, progress);
                }
            }
            Event::LeftToBuildKit { target, why } => {
                if self.console.verbose() {
                    let label = self.label(*target);
                    let message = format!("{label:width$}  left to BuildKit: {why}", width = self.labels);
                    self.console.detail(&message);
                }
            }
            Event::Built { target, product } => {
                self.ended(*target);
                self.status(Tone::Good, "Built", self.label(*target), &built(product));
            }
            Event::Adopted { target, product } => {
                let message = format!("{}  built meanwhile by another run", tag(product));
                self.status(Tone::Good, "Fresh", self.label(*target), &message);
            }
            Event::Failed { target, failure } => {
                self.ended(*target);
                self.failed(*target, failure);
            }
            Event::NotBuilt { target, because } => {
                let message = format!("because {} failed", self.label(*because));
                self.status(Tone::Notice, "Not built", self.label(*target), &message);
            }
        }
        self.draw();
    }

    /// Draws the live area again, so that its seconds go on.
    pub fn draw(&self) {
        let Some(size) = self.console.live_size() else { return };
        let live = self.live();
        let lines = live.lines(Instant::now(), size, self.labels);
        let lines = lines.iter().map(|line| self.console.status_line(Tone::Busy, line.verb, &line.message));
        // Under the lock of the area: two threads must not draw an older state over a newer one.
        self.console.draw(lines.collect());
    }

    /// How it ended.
    pub fn finished(&self, summary: &Summary, interrupted: bool) {
        self.console.restore();
        let totals = &summary.totals;
        let time = match summary.milliseconds {
            short @ ..1000 => format!("{short} ms"),
            long => seconds(Duration::from_millis(long)),
        };
        let (tone, verb) = match totals.failed {
            _ if interrupted => (Tone::Bad, "Interrupted"),
            0 => (Tone::Good, "Finished"),
            _ => (Tone::Bad, "Finished"),
        };
        let drifted = summary.stable_bases.iter().filter(|base| base.has_drifted()).count();
        let drifted = match drifted {
            0 => String::new(),
            count => format!(", on {}", wording::count(count, "drifted base")),
        };
        self.console.status(tone, verb, &format!("{} in {time}{drifted}", finished(totals)));
        // What failed may have scrolled away.
        let failed = summary.images.iter().filter(|image| image.failed());
        let failed: Vec<&str> = failed.map(|image| image.label.as_str()).collect();
        if !failed.is_empty() {
            self.console.error(&format!("failed: {}", failed.join(", ")));
        }
    }

    /// Off the screen first: what is said of its end stands where its line was.
    fn ended(&self, target: usize) {
        self.live().ended(target);
        self.draw();
    }

    fn step(&self, target: usize, progress: &BuildProgress) {
        let message = match progress {
            BuildProgress::Started { step } => readable(step),
            BuildProgress::Cached { step } => format!("{} (cached)", readable(step)),
            BuildProgress::Done { step, milliseconds } => {
                format!("{} ({})", readable(step), seconds(Duration::from_millis(*milliseconds)))
            }
        };
        self.console.detail(&format!("{:width$}  {message}", self.label(target), width = self.labels));
    }

    fn failed(&self, target: usize, failure: &Failure) {
        let message = match failure {
            // The label stands before it already.
            Failure::Build(BuildError::Failed { step, message, .. }) => {
                step.as_deref().map_or_else(|| message.clone(), readable)
            }
            Failure::Build(BuildError::Cancelled { .. }) => {
                return self.status(Tone::Notice, "Stopped", self.label(target), "");
            }
            Failure::Build(BuildError::Unavailable { message, .. }) => message.clone(),
            other => other.to_string(),
        };
        self.status(Tone::Bad, "Failed", self.label(target), &message);
        if let Failure::Build(BuildError::Failed { step, message, output, log, .. }) = failure {
            output.iter().for_each(|line| self.console.evidence(&format!("  {}", plain(line))));
            if step.is_some() {
                self.console.evidence(&readable(message));
            }
            self.console.evidence(&format!("log: {log}"));
        }
        let hint = match failure {
            // The engine's own hint names the log, which stands above already.
            Failure::Build(error) => error.hint().map(str::to_owned),
            other => other.hint(),
        };
        if let Some(hint) = hint {
            self.console.hint(&hint);
        }
    }

    fn status(&self, tone: Tone, verb: &str, label: &str, message: &str) {
        self.console.status(tone, verb, &format!("{label:width$}  {message}", width = self.labels));
    }

    fn label(&self, target: usize) -> &str {
        &self.graph.targets[target].label
    }

    fn live(&self) -> std::sync::MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line for all parents that `images.lock` does not have.
pub fn unlocked(console: &Console, unlocked: &BTreeSet<ImageRef>) {
    let Some(first) = unlocked.first() else { return };
    let others = match unlocked.len() - 1 {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    let message = format!("{first}{others}: `cargo xtask lock` writes down what it stands for");
    console.status(Tone::Notice, "Unlocked", &message);
}

/// What is wrong with images that cannot be planned, and which others cannot be built because of them. A hint for several of
/// them is given once.
pub fn broken(console: &Console, broken: &[(&Broken, bool)]) {
    let mut hinted = BTreeSet::new();
    for problem in broken.iter().flat_map(|(broken, _)| broken.problems()) {
        console.error(&problem.to_string());
        if let Some(hint) = problem.hint()
            && hinted.insert(hint.clone())
        {
            console.hint(&hint);
        }
    }
    let blocked = || broken.iter().filter_map(|(broken, _)| Some((&broken.label, broken.because()?)));
    let labels = blocked().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    for (label, because) in blocked() {
        console.status(Tone::Notice, "Not built", &format!("{label:labels$}  because {because} is broken"));
    }
}

/// The line that a plan begins with.
pub fn planned(console: &Console, plan: &Summary) {
    let Totals { images, bases, fresh, stale, stale_bases, broken, .. } = plan.totals;
    if images == 0 && bases > 0 {
        let bases = wording::count(bases, "base");
        let message = format!("{bases}: {stale_bases} stale ({} ms)", plan.milliseconds);
        return console.status(Tone::Good, "Planned", &message);
    }
    let mut message = wording::count(images, "image");
    if bases > 0 {
        message.push_str(&format!(" on {}", wording::count(bases, "base")));
    }
    if !plan.stable_bases.is_empty() {
        message.push_str(&format!(" on {}", wording::count(plan.stable_bases.len(), "stable base")));
    }
    message.push_str(&format!(": {fresh} fresh, {stale} stale"));
    if stale_bases > 0 {
        message.push_str(&format!(", {} stale", wording::count(stale_bases, "base")));
    }
    if broken > 0 {
        message.push_str(&format!(", {broken} broken"));
    }
    console.status(Tone::Good, "Planned", &format!("{message} ({} ms)", plan.milliseconds));
    stable_bases(console, plan);
}

/// One line for each stable base that is not what its sources say.
pub fn stable_bases(console: &Console, plan: &Summary) {
    let mut drifted = false;
    for base in &plan.stable_bases {
        let reference = &base.reference;
        let (verb, message) = match &base.drift {
            _ if base.digest.is_none() => ("Missing", format!("{reference}  it is built first")),
            DriftSummary::None => continue,
            DriftSummary::Changed { changes } => {
                ("Drifted", format!("{reference}  {}", wording::drift(changes)))
            }
            DriftSummary::Unknown => {
                ("Drifted", format!("{reference}  no record says what it was built from"))
            }
        };
        drifted |= base.digest.is_some();
        console.status(Tone::Notice, verb, &message);
    }
    if drifted {
        console.hint("--rebuild-bases builds them as their sources say");
    }
}

fn finished(totals: &Totals) -> String {
    let mut message = format!("{} fresh, {} built", totals.fresh, totals.built);
    if totals.built_bases > 0 {
        message.push_str(&format!(", {} built", wording::count(totals.built_bases, "base")));
    }
    message.push_str(&format!(", {} failed", totals.failed));
    if totals.not_built > 0 {
        message.push_str(&format!(", {} not built", totals.not_built));
    }
    message
}

/// `sha-4f1c0a9be211   0.6s  5 of 6 layers cached`
fn built(product: &Product) -> String {
    let time = seconds(Duration::from_millis(product.milliseconds));
    let Product { steps, cached, assembled, .. } = product;
    let how = match assembled {
        true => format!("assembled, {} of {steps} layers new", steps.saturating_sub(*cached)),
        false => format!("{cached} of {steps} layers cached"),
    };
    format!("{}  {time:>5}  {how}", tag(product))
}

fn tag(product: &Product) -> &str {
    product.reference.tag().unwrap_or_default()
}

#[cfg(test)]
#[path = "reporter/tests.rs"]
mod tests;
