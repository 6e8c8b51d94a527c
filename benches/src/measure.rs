//! Runs cases in turn and times them. Children are all that is timed; their output is seen only when they fail.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// Something that is run again and again.
pub struct Case<'a> {
    /// Its name in the table.
    pub name: String,
    /// Brings back the state that a run needs; not timed.
    pub before: Box<dyn Fn() -> Result<()> + 'a>,
    /// The child.
    pub child: duct::Expression,
}

impl<'a> Case<'a> {
    /// A case that needs nothing beforehand.
    pub fn new(name: impl Into<String>, child: duct::Expression) -> Self {
        Self { name: name.into(), before: Box::new(|| Ok(())), child }
    }

    /// What is done before each run.
    pub fn before(mut self, before: impl Fn() -> Result<()> + 'a) -> Self {
        self.before = Box::new(before);
        self
    }
}

/// What the runs of one case took, sorted.
#[derive(Debug, Clone, Default)]
pub struct Times {
    wall: Vec<Duration>,
    cpu: Vec<Duration>,
}

impl Times {
    /// The wall time of the run in the middle.
    pub fn median(&self) -> Duration {
        at(&self.wall, 50)
    }

    /// Wall times alone.
    pub fn of(mut wall: Vec<Duration>) -> Self {
        wall.sort_unstable();
        Self { wall, cpu: Vec::new() }
    }

    /// The wall time that nineteen of twenty runs kept.
    pub fn p95(&self) -> Duration {
        at(&self.wall, 95)
    }

    /// The wall time that nine of ten runs kept.
    pub fn p90(&self) -> Duration {
        at(&self.wall, 90)
    }

    /// The processor time of the run in the middle: what a busy machine disturbs less.
    pub fn cpu(&self) -> Duration {
        at(&self.cpu, 50)
    }
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

/// Runs every case `runs` times, one after the other in each round, so that a busy minute meets all of them. A first
/// round is not counted: it brings files into memory.
pub fn in_turn(cases: &[Case<'_>], runs: usize) -> Result<Vec<Times>> {
    let mut all = vec![Times::default(); cases.len()];
    for round in 0..=runs {
        for (case, times) in cases.iter().zip(&mut all) {
            (case.before)().with_context(|| case.name.clone())?;
            let (wall, cpu) = once(&case.child).with_context(|| format!("{} failed", case.name))?;
            if round > 0 {
                times.wall.push(wall);
                times.cpu.push(cpu);
            }
        }
    }
    for times in &mut all {
        times.wall.sort_unstable();
        times.cpu.sort_unstable();
    }
    Ok(all)
}

fn once(child: &duct::Expression) -> Result<(Duration, Duration)> {
    let child = child.stdout_null().stderr_capture().unchecked();
    let (cpu, start) = (cpu_of_children()?, Instant::now());
    let output = child.run()?;
    let wall = start.elapsed();
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok((wall, cpu_of_children()?.saturating_sub(cpu)))
}

/// The processor time of all children that have ended.
pub fn cpu_of_children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(microseconds)?))
}

/// The most memory that a child of this process has had, in bytes.
pub fn peak_of_children() -> Result<u64> {
    let kilobytes = u64::try_from(getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss())?;
    Ok(kilobytes * 1024)
}
