//! Random cases with the real builder as the judge, as many as wanted; a run in which something is wrong ends with a
//! failure.

use std::cell::Cell;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use camino::Utf8Path;
use layerwise_tests::judge::bake::Engine;
use layerwise_tests::judge::judge;
use layerwise_tests::{conformance, ignore};

use crate::report::{heading, line, shown};
use crate::sandboxed::Sandboxed;

/// Judges so many random steps of random monorepos.
pub fn gate(steps: usize, seed: Option<u64>) -> Result<()> {
    in_sandbox("Verdicts of the gate", seed, |engine, folder, seed| {
        let (began, told) = (Instant::now(), Cell::new(0));
        let report = judge(engine, folder, seed, steps, &|report| {
            let took = shown(began.elapsed());
            line(format!("  {} steps, {} verdicts, {took}", report.steps, report.verdicts));
            report.findings[told.replace(report.findings.len())..].iter().for_each(line);
        })?;
        line(report.to_string());
        for refused in report.unbuildable.iter().take(10) {
            line(format!("  only the engine refused: {refused}"));
        }
        Ok(report.findings.len())
    })
}

/// Judges so many random lists of patterns, each on a tree of its own.
pub fn ignore(lists: usize, seed: Option<u64>) -> Result<()> {
    in_sandbox("Ignore rules", seed, |engine, folder, seed| {
        let (began, told) = (Instant::now(), Cell::new(0));
        let report = ignore::judge(engine, folder, seed, lists, &|report| {
            let took = shown(began.elapsed());
            line(format!("  {} lists, {} paths, {took}", report.lists, report.paths));
            report.findings[told.replace(report.findings.len())..].iter().for_each(line);
        })?;
        line(report.to_string());
        Ok(report.findings.len())
    })
}

/// Judges so many random images, assembled and built.
pub fn conformance(images: usize, seed: Option<u64>) -> Result<()> {
    in_sandbox("Assembled images", seed, |engine, folder, seed| {
        let (began, told) = (Instant::now(), Cell::new(0));
        let report = conformance::judge(engine, folder, seed, images, &|report| {
            let took = shown(began.elapsed());
            line(format!("  {} images, {} assembled, {took}", report.images, report.assembled));
            report.findings[told.replace(report.findings.len())..].iter().for_each(line);
        })?;
        line(report.to_string());
        Ok(report.findings.len())
    })
}

fn in_sandbox(
    what: &str,
    seed: Option<u64>,
    judge: impl FnOnce(&Engine, &Utf8Path, u64) -> Result<usize>,
) -> Result<()> {
    Sandboxed::in_memory(what, |sandboxed| {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let seed = seed.unwrap_or(clock);
        heading(&format!("{what}, --seed {seed}"));
        let engine = Engine { buildx: sandboxed.buildx.clone(), env: sandboxed.env.clone() };
        let work = tempfile::Builder::new().prefix("judge-").tempdir()?;
        let folder = Utf8Path::from_path(work.path()).context("the temporary folder is not UTF-8")?;
        match judge(&engine, folder, seed)? {
            0 => Ok(()),
            found => bail!("{found} findings"),
        }
    })
}
