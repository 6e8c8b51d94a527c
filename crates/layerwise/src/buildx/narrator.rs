//! The story of one build: merges what BuildKit says of its steps, tells progress, writes the readable log, and
//! knows afterwards what failed. Never prints; never decides what to do about a failure.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;

use base64::Engine as _;

use super::lines::{Lines, readable};
use super::rawjson::{Item, Log, Part, Status, Vertex};
use super::redact::Redactor;
use super::time::milliseconds;
use crate::builder::BuildProgress;

/// Lines of a failing step that an error repeats.
const TAIL: usize = 20;

/// The number of standard error in BuildKit's logs.
const STDERR: u8 = 2;

/// What is known of a build so far.
pub struct Narrator<'a> {
    log: Box<dyn Write + 'a>,
    progress: &'a dyn Fn(BuildProgress),
    redactor: Redactor,
    steps: BTreeMap<String, Step>,
    /// Plain text that buildx said, line by line.
    texts: Vec<String>,
}

/// A failure, as BuildKit tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// The failing step's name.
    pub step: Option<String>,
    /// BuildKit's last word.
    pub message: String,
    /// The last lines that the failing step printed.
    pub output: Vec<String>,
}

#[derive(Default)]
struct Step {
    /// Steps are numbered in the order in which they are first heard of.
    number: usize,
    name: String,
    started: Option<i64>,
    said_started: bool,
    end: Option<End>,
    error: String,
    /// Layers were fetched: a `FROM` that did not come from the store.
    fetched: bool,
    /// Standard output and standard error, apart: each may stop inside a line.
    lines: [Lines; 2],
    tail: VecDeque<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    Cached,
    Failed,
}

impl<'a> Narrator<'a> {
    /// A story that is told to `progress` and written to `log`, without the secrets that `redactor` knows.
    pub fn new(log: Box<dyn Write + 'a>, progress: &'a dyn Fn(BuildProgress), redactor: Redactor) -> Self {
        Self { log, progress, redactor, steps: BTreeMap::new(), texts: Vec::new() }
    }

    /// Takes the next thing that buildx said.
    pub fn take(&mut self, item: Item) {
        match item {
            Item::Text(text) => {
                let text = self.redactor.clean(&readable(text.as_bytes()));
                self.write(&text);
                self.texts.push(text);
            }
            Item::Status(Status { vertexes, statuses, logs }) => {
                // Steps last: their last words may come along with their end.
                statuses.iter().for_each(|part| self.part(part));
                logs.iter().for_each(|log| self.output(log));
                vertexes.iter().for_each(|vertex| self.vertex(vertex));
            }
        }
    }

    /// Instructions that ran or came from the cache, and how many of them came from the cache.
    pub fn counts(&self) -> (usize, usize) {
        let ends = self.steps.values().filter(|step| is_instruction(&step.name)).filter_map(|step| step.end);
        let ends: Vec<_> = ends.filter(|end| *end != End::Failed).collect();
        (ends.len(), ends.iter().filter(|end| **end == End::Cached).count())
    }

    /// Ends the story of a build that failed.
    pub fn failure(mut self) -> Failure {
        // Whatever else was running is cancelled by the failure, and says so in its own error.
        let failed = |step: &&mut Step| !step.error.is_empty() && !step.error.contains("context canceled");
        let step = self.steps.values_mut().filter(failed).min_by_key(|step| step.number);
        let said = self.texts.iter().rev().find_map(|text| text.strip_prefix("ERROR: "));
        let said = said.map(|text| {
            let text = text.strip_prefix("failed to build: ").unwrap_or(text);
            text.strip_prefix("failed to solve: ").unwrap_or(text).to_owned()
        });
        let last = || self.texts.iter().rev().find(|text| !text.is_empty()).cloned().unwrap_or_default();
        match step {
            Some(step) => Failure {
                step: Some(step.name.clone()),
                message: step.error.clone(),
                output: step.tail.iter().cloned().collect(),
            },
            None => Failure { step: None, message: said.unwrap_or_else(last), output: Vec::new() },
        }
    }

    fn vertex(&mut self, vertex: &Vertex) {
        let next = self.steps.len() + 1;
        let name = self.redactor.clean(&readable(vertex.name.as_bytes()));
        let step = self.steps.entry(vertex.digest.clone()).or_default();
        if step.number == 0 {
            step.number = next;
        }
        if !name.is_empty() {
            step.name = name;
        }
        // The first end counts: a step that ran is said to be cached when a second stage uses its result.
        if step.end.is_some() {
            return;
        }
        let started = vertex.started.as_deref().and_then(milliseconds);
        step.started = step.started.or(started);
        let end = vertex.completed.as_deref().map(|_| match vertex {
            Vertex { error, .. } if !error.is_empty() => End::Failed,
            Vertex { cached: true, .. } => End::Cached,
            _ if is_from(&step.name) && !step.fetched => End::Cached,
            _ => End::Done,
        });
        let (number, name) = (step.number, step.name.clone());
        let internal = name.starts_with("[internal] ") || name.starts_with("[auth] ");
        if started.is_some() && !step.said_started {
            step.said_started = true;
            if !internal && end != Some(End::Cached) {
                (self.progress)(BuildProgress::Started { step: name.clone() });
            }
            self.write(&format!("#{number} {name}"));
        }
        let Some(end) = end else { return };
        // BuildKit announces some internal steps by a moment of their own before they really run.
        if internal && end == End::Done && vertex.error.is_empty() {
            return;
        }
        self.end(vertex, end, internal);
    }

    fn end(&mut self, vertex: &Vertex, end: End, internal: bool) {
        let error = self.redactor.clean(vertex.error.trim());
        let Some(step) = self.steps.get_mut(&vertex.digest) else { return };
        let rest: Vec<_> = step.lines.iter_mut().filter_map(Lines::finish).collect();
        step.end = Some(end);
        step.error.clone_from(&error);
        let (number, name) = (step.number, step.name.clone());
        let completed = vertex.completed.as_deref().and_then(milliseconds);
        let took = completed.zip(step.started).map_or(0, |(end, start)| (end - start).max(0).unsigned_abs());
        for line in rest {
            self.line(&vertex.digest, &line, None);
        }
        match end {
            End::Failed => self.write(&format!("#{number} ERROR: {error}")),
            End::Cached => self.write(&format!("#{number} CACHED")),
            End::Done => self.write(&format!("#{number} DONE {}.{:03}s", took / 1000, took % 1000)),
        }
        match end {
            End::Cached if !internal => (self.progress)(BuildProgress::Cached { step: name }),
            End::Done if !internal => (self.progress)(BuildProgress::Done { step: name, milliseconds: took }),
            _ => {}
        }
    }

    fn part(&mut self, part: &Part) {
        if let Some(step) = self.steps.get_mut(&part.vertex) {
            step.fetched |= part.id.starts_with("sha256:") || part.id.starts_with("extracting ");
        }
    }

    fn output(&mut self, log: &Log) {
        let Ok(bytes) = base64::prelude::BASE64_STANDARD.decode(&log.data) else { return };
        let Some(step) = self.steps.get_mut(&log.vertex) else { return };
        let at =
            log.timestamp.as_deref().and_then(milliseconds).zip(step.started).map(|(at, start)| at - start);
        for line in step.lines[usize::from(log.stream == STDERR)].push(&bytes) {
            self.line(&log.vertex, &line, at);
        }
    }

    fn line(&mut self, digest: &str, line: &str, at: Option<i64>) {
        let line = self.redactor.clean(line);
        let Some(step) = self.steps.get_mut(digest) else { return };
        if step.tail.len() == TAIL {
            step.tail.pop_front();
        }
        step.tail.push_back(line.clone());
        let number = step.number;
        match at {
            Some(at) => self.write(&format!("#{number} {}.{:03} {line}", at / 1000, at.rem_euclid(1000))),
            None => self.write(&format!("#{number} {line}")),
        }
    }

    /// A full disk must not hide what the build itself has to say: the log ends, the story goes on.
    fn write(&mut self, line: &str) {
        let _ = writeln!(self.log, "{line}");
    }
}

/// `[4/6] …` or `[stage 4/6] …`: BuildKit numbers a Dockerfile's instructions, and nothing else.
fn is_instruction(name: &str) -> bool {
    let bracket = name.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(bracket, _)| bracket);
    let number = bracket.and_then(|bracket| bracket.rsplit(' ').next()).and_then(|last| last.split_once('/'));
    number.is_some_and(|(n, m)| {
        [n, m].iter().all(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit()))
    })
}

fn is_from(name: &str) -> bool {
    is_instruction(name) && name.split_once("] ").is_some_and(|(_, rest)| rest.starts_with("FROM "))
}

#[cfg(test)]
#[path = "narrator_tests.rs"]
mod tests;
