//! The judge: random monorepos, random steps, and after each step Layerwise's verdict against the truth, which is what
//! the real builder makes of the rendered Dockerfile and ignore file. Everything follows from a seed.
//!
//! Left out are images whose build needs a network: pip, system packages, external frontends; and platforms, whose
//! external bases would have to be there for both.

pub mod bake;
pub mod checkout;
pub mod declaration;
pub mod generate;
pub mod image;
pub mod propose;
pub mod report;
pub mod shrink;
pub mod step;
pub mod tree;
pub mod trial;
pub mod verdict;

use std::io;

use camino::Utf8Path;
use fs_err as fs;

use bake::Engine;
use image::Reader;
use report::{Report, unclear};
use trial::{Batch, Trial};

/// How many steps each monorepo goes through.
const STEPS: usize = 20;

/// So many builds are collected before the engine is asked.
const BUILDS: usize = 240;

/// After so many findings there is enough to do.
const ENOUGH: usize = 5;

/// Judges at least `steps` steps, beginning with the monorepo of `seed`, in `folder`; fewer when enough is wrong. `tell`
/// hears of the progress.
///
/// # Errors
/// When the engine cannot be asked, or of the file system.
pub fn judge(
    engine: &Engine,
    folder: &Utf8Path,
    seed: u64,
    steps: usize,
    tell: &dyn Fn(&Report),
) -> io::Result<Report> {
    prepare(engine, folder)?;
    let reader = Reader::default();
    let mut report = Report::default();
    let mut seed = seed;
    while report.steps < steps && report.findings.len() < ENOUGH {
        let mut batch = Batch::new(&folder.join("batch"))?;
        let mut trials = Vec::new();
        while batch.len() < BUILDS && report.steps + trials.len() * STEPS < steps {
            trials.push(Trial::random(seed, STEPS, &mut batch)?);
            seed += 1;
        }
        let mut images = batch.trees(engine, &reader)?;
        let unclear = trials.iter().flat_map(|(_, ran)| unclear(ran, &images)).collect();
        batch.complete(engine, &reader, unclear, &mut images)?;
        report.builds += images.len();
        for (trial, ran) in trials {
            let faults = report.take(&ran, &trial, &images);
            for fault in faults.into_iter().take(ENOUGH.saturating_sub(report.findings.len())) {
                let least = shrink::shrink(engine, &folder.join("shrink"), &trial, &fault)?;
                let (seed, place) = (trial.seed, format!("{} after step {}", fault.image, fault.steps));
                report.findings.push(format!("seed {seed}, {place}: {}\n{least}", fault.kind));
            }
        }
        tell(&report);
    }
    Ok(report)
}

/// Makes the images of somebody else: two without anything, two with a shell; of each the second one has other content.
fn prepare(engine: &Engine, folder: &Utf8Path) -> io::Result<()> {
    let context = folder.join("external");
    fs::create_dir_all(&context)?;
    for (place, tags) in generate::EXTERNAL.iter().enumerate() {
        for tag in tags {
            fs::write(context.join("base"), tag)?;
            let shell = if place == 0 {
                ""
            } else {
                "COPY --from=public.ecr.aws/lambda/python:3.13 /bin/busybox /bin/busybox\n\
                 COPY --from=public.ecr.aws/lambda/python:3.13 /bin/busybox /bin/sh\n\
                 RUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n"
            };
            let text = format!(
                "FROM scratch\n{shell}COPY base /etc/base\nENV PATH=/bin LAMBDA_TASK_ROOT=/var/task\n"
            );
            fs::write(context.join("Dockerfile"), text)?;
            let args = ["build", "--provenance=false", "--quiet", "--load", "--tag", tag, "."];
            let command = engine.command(&context).args(args);
            command.run(&layerwise::process::Cancel::default()).map_err(io::Error::other)?;
        }
    }
    Ok(())
}

/// Whether `path` is `folder` (`.` is the root) or lies below it.
fn is_at_or_below(path: &str, folder: &str) -> bool {
    matches!(folder, "" | ".")
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
