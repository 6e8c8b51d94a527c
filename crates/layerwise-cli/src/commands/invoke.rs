//! `invoke`: runs a Lambda on this machine, gives it events and prints what it answers. Builds its image first if that is
//! stale; leaves no container behind.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};

use fs_err as fs;
use layerwise::event::Product;
use layerwise::graph::Graph;
use layerwise::image::Kind;
use layerwise::inspect::Inspection;
use layerwise::process::Cancel;
use layerwise::run::Outcome;
use layerwise::stable::Naming;
use layerwise_dev::{
    Answer, Container, Containers, DevError, EventError, Function, Role, Running, Sample, find_samples,
    is_of_the_emulator, read_event,
};
use serde_json::Value;

use crate::args::Invoke;
use crate::commands::build;
use crate::console::{Console, Tone, plain};
use crate::context::{Context, select};
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt;
use crate::latency::{Latencies, short};
use crate::local::Local;
use crate::standing::{self, About};

pub fn run(context: &Context<'_>, typed: &Invoke) -> Result<Exit, CliError> {
    // What is wrong with what was typed is said before an engine is needed. A loop that runs knows the sources; they may
    // be unreadable at this moment.
    let graph = context.graph()?;
    let place = one_lambda(&graph, &typed.name)?;
    let name = &graph.targets[place].label;
    let several = typed.count > 1 || typed.concurrency > 1;
    let running = Running::find(&context.work());
    let running = running.filter(|running| !several && running.functions.contains(name));
    let cancel = Cancel::default();
    if let Some(running) = running {
        let inspection = typed.all_events.then(|| inspect_it(context, name)).transpose()?;
        let questions = questions(context, inspection.as_ref(), typed)?;
        return until_interrupted(context, &cancel, || asked(context, &running, name, &questions, &cancel));
    }
    let naming = standing::asked(context, &typed.bases.stable)?;
    if naming.is_none() && typed.bases.rebuild_bases {
        return Err(CliError::NothingStable);
    }
    let inspected = inspect_it(context, name)?;
    let questions = questions(context, Some(&inspected), typed)?;
    let (inspection, place) = inspected;
    let answered = || answered(context, typed, naming.as_ref(), &inspection, place, &questions, &cancel);
    until_interrupted(context, &cancel, answered)
}

fn until_interrupted<A>(context: &Context<'_>, cancel: &Cancel, work: impl FnOnce() -> A) -> A {
    if context.signals { interrupt::during(context.console, cancel, "the function", work) } else { work() }
}

/// The one Lambda that `name` names: an image, a pattern that only one matches, or a function.
fn one_lambda(graph: &Graph, name: &str) -> Result<usize, CliError> {
    let targets = &graph.targets;
    let runs = |place: &usize| targets[*place].image.functions.iter().any(|function| function == name);
    if let Some(place) = (0..targets.len()).find(runs) {
        return Ok(place);
    }
    let named = select(graph, &[name.to_owned()])?;
    let lambdas: Vec<usize> =
        named.into_iter().filter(|&place| targets[place].image.kind == Kind::Lambda).collect();
    match lambdas.as_slice() {
        [] => Err(CliError::NotALambda { name: name.to_owned() }),
        [place] => Ok(*place),
        many => Err(CliError::ManyLambdas {
            pattern: name.to_owned(),
            names: many.iter().map(|&place| targets[place].label.clone()).collect(),
        }),
    }
}

/// An event, and what is known of it.
struct Question {
    event: Vec<u8>,
    /// The sample's name, and the answer that is expected.
    sample: Option<(String, Option<Value>)>,
}

/// The one image as it is now with what it stands on, and its place. What is wrong with others does not matter.
fn inspect_it(context: &Context<'_>, label: &str) -> Result<(Inspection, usize), CliError> {
    let inspection = context.inspect_only(&[label.to_owned()])?;
    let place = inspection.graph.targets.iter().position(|target| target.label == label);
    let place = place.ok_or_else(|| CliError::NotALambda { name: label.to_owned() })?;
    Ok((inspection, place))
}

fn questions(
    context: &Context<'_>,
    inspected: Option<&(Inspection, usize)>,
    typed: &Invoke,
) -> Result<Vec<Question>, EventError> {
    let Some((inspection, place)) = inspected.filter(|_| typed.all_events) else {
        let event = read_event(typed.event.as_deref().unwrap_or("{}"))?;
        return Ok(vec![Question { event, sample: None }]);
    };
    let samples =
        find_samples(&context.root, &inspection.graph.targets[*place], &inspection.targets[*place])?;
    let question = |sample: Sample| {
        let expected = sample.expected.map(|path| {
            let bytes =
                fs::read(&path).map_err(|cause| EventError::Unreadable { from: path.to_string(), cause })?;
            serde_json::from_slice(&bytes)
                .map_err(|cause| EventError::NotJson { from: path.to_string(), cause })
        });
        let event = read_event(sample.event.as_str())?;
        Ok(Question { event, sample: Some((sample.name, expected.transpose()?)) })
    };
    samples.into_iter().map(question).collect()
}

/// What the development loop's function answers; what it prints is shown there.
fn asked(
    context: &Context<'_>,
    running: &Running,
    name: &str,
    questions: &[Question],
    cancel: &Cancel,
) -> Result<Exit, CliError> {
    let teller = Teller { console: context.console, name };
    let mut good = true;
    for question in questions {
        good &= teller.tell(question, &running.invoke(name, &question.event, cancel)?);
    }
    Ok(if good { Exit::Done } else { Exit::Failed })
}

/// What a fresh container answers.
fn answered(
    context: &Context<'_>,
    typed: &Invoke,
    naming: Option<&Naming>,
    inspection: &Inspection,
    place: usize,
    questions: &[Question],
    cancel: &Cancel,
) -> Result<Exit, CliError> {
    let local = Local::new(context, &typed.place)?;
    let wanted = BTreeSet::from([place]);
    let about = if typed.bases.rebuild_bases { About::Rebuild } else { About::Missing };
    let outcomes = match naming {
        None => local.job(context).ensure(inspection, &wanted, cancel)?,
        Some(naming) => local.standing(context, naming.clone()).ensure(inspection, &wanted, about, cancel)?.0,
    };
    let product: &Product = match &outcomes[place] {
        Some(Outcome::Fresh(product) | Outcome::Built(product)) => product,
        _ if cancel.is_cancelled() => return Ok(Exit::Interrupted),
        _ => return Ok(build::exit(&outcomes)),
    };
    let function = Function::of(&inspection.graph.targets[place], product.reference.clone());
    let containers = Containers::connect(&local.endpoint, &context.root)?;
    containers.remove_leftovers(Role::Invoke, layerwise_dev::is_alive)?;

    let teller = Teller { console: context.console, name: &function.name };
    listening(context.console, |heard| {
        let start = || -> Result<Container, DevError> {
            let mut container = containers.start(&function, Role::Invoke)?;
            let heard = heard.clone();
            // Nobody listens any more only when all is over.
            container.follow(move |line| drop(heard.send(line)));
            Ok(container)
        };
        if typed.count > 1 || typed.concurrency > 1 {
            return load(&teller, typed, &questions[0].event, cancel, &start);
        }
        let mut container = start()?;
        let answers: Vec<Answer> = questions
            .iter()
            .map(|question| container.invoke(&question.event, cancel))
            .collect::<Result<_, _>>()?;
        // What it printed stands before what it answered.
        container.finish();
        let mut good = true;
        for (question, answer) in questions.iter().zip(&answers) {
            good &= teller.tell(question, answer);
        }
        Ok(if good { Exit::Done } else { Exit::Failed })
    })
}

/// Does `work` while the lines that it hears are shown; all of them are before it returns.
fn listening<A>(console: &Console, work: impl FnOnce(Sender<String>) -> A) -> A {
    std::thread::scope(|scope| {
        let (heard, lines) = channel::<String>();
        scope.spawn(move || {
            for line in lines.iter().filter(|line| console.verbose() || !is_of_the_emulator(line)) {
                console.printed(&plain(&line));
            }
        });
        work(heard)
    })
}

/// Many invocations, in as many containers as there are at once.
fn load(
    teller: &Teller<'_>,
    typed: &Invoke,
    event: &[u8],
    cancel: &Cancel,
    start: &(dyn Fn() -> Result<Container, DevError> + Sync),
) -> Result<Exit, CliError> {
    let left = AtomicU32::new(typed.count);
    let take = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
    let latencies = Mutex::new(Latencies::default());
    let one = || -> Result<(), DevError> {
        let mut container = start()?;
        while take() {
            let answer = container.invoke(event, cancel)?;
            let mut latencies = latencies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            latencies.add(answer.took, answer.error.as_ref().map(ToString::to_string));
        }
        container.finish();
        Ok(())
    };
    let at_once = u32::from(typed.concurrency).min(typed.count);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(one)).collect();
        let ended = threads.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.collect::<Vec<_>>().into_iter().collect::<Result<(), DevError>>()
    })?;
    let latencies = latencies.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    teller.console.result(&latencies.to_string());
    for (error, count) in latencies.errors() {
        teller.console.error(&format!("`{}` failed {}: {error}", teller.name, times(count)));
    }
    Ok(if latencies.errors().next().is_none() { Exit::Done } else { Exit::Failed })
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// Says what a function prints and answers.
struct Teller<'a> {
    console: &'a Console,
    name: &'a str,
}

impl Teller<'_> {
    /// Says an answer; whether it is as it should be.
    fn tell(&self, question: &Question, answer: &Answer) -> bool {
        match &question.sample {
            None => self.answer(answer),
            Some((sample, expected)) => self.compared(sample, expected.as_ref(), answer),
        }
    }

    fn answer(&self, answer: &Answer) -> bool {
        self.console.result(&answer.text());
        let took = short(answer.took);
        match &answer.error {
            None => self.console.status(Tone::Good, "Answered", &format!("{} in {took}", self.name)),
            Some(_) => self.failed(answer, &format!("`{}` failed after {took}", self.name)),
        }
        answer.error.is_none()
    }

    /// One line for each sample on stdout; how it differs on stderr.
    fn compared(&self, sample: &str, expected: Option<&Value>, answer: &Answer) -> bool {
        let took = short(answer.took);
        let word = match (&answer.error, expected) {
            (Some(_), _) => "failed",
            (None, None) => "answered",
            (None, Some(expected)) => {
                let found = serde_json::from_slice::<Value>(&answer.body).ok();
                if found.as_ref() == Some(expected) { "as-expected" } else { "differs" }
            }
        };
        self.console.result(&format!("{:<11}  {sample}  {took}", word));
        match word {
            "failed" => self.failed(answer, &format!("`{}` failed with the event `{sample}`", self.name)),
            "differs" => {
                self.console
                    .error(&format!("the answer of `{}` to `{sample}` is not the expected one", self.name));
                self.console.evidence(&format!("expected  {}", expected.unwrap_or(&Value::Null)));
                self.console.evidence(&format!("answered  {}", plain(&answer.text())));
            }
            _ => {}
        }
        !matches!(word, "failed" | "differs")
    }

    fn failed(&self, answer: &Answer, what: &str) {
        let Some(error) = &answer.error else { return };
        self.console.error(&format!("{what}: {}", plain(&error.to_string())));
        error.trace.iter().for_each(|line| self.console.evidence(plain(line).trim_end()));
    }
}
