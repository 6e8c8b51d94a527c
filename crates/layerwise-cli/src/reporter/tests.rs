//! A run told off a terminal, event by event.

use layerwise::assemble::WhyNot;
use layerwise::difference::{Change, What};
use layerwise::digest::Digest;
use layerwise::image::{BaseImage, Declare, Images, LambdaImage, lambda_python};
use layerwise::image_ref::ImageRef;
use layerwise::layer::LayerClass;
use layerwise::platform::Platform;

use super::*;
use crate::console::{Look, testing::Screen};
use crate::summary::{DriftSummary, Mode, SCHEMA, StableSummary};

/// `base`, and `poll` and `submit` on it.
fn graph() -> Graph {
    let base = BaseImage::new("base").from(lambda_python("3.13"));
    let lambda = |name: &str| LambdaImage::new(name).from(&base).cmd("handler.main");
    let images = Images::new(Platform::LinuxAmd64).lambda(lambda("poll")).lambda(lambda("submit"));
    Graph::resolve(&images).unwrap()
}

fn summary(totals: Totals, milliseconds: u64) -> Summary {
    let destination = "local".to_owned();
    let (stable_bases, images) = (Vec::new(), Vec::new());
    Summary { schema: SCHEMA, mode: Mode::Run, destination, milliseconds, totals, stable_bases, images }
}

fn product(name: &str) -> Product {
    let reference = ImageRef::parse(&format!("{name}:sha-000000000000")).unwrap();
    Product { reference, digest: Digest::of(name), milliseconds: 640, steps: 6, cached: 5, assembled: false }
}

/// What is said of `events` when everything is told.
fn told(verbose: bool, events: &[Event<'_>]) -> String {
    let screen = Screen::default();
    let console = screen.console(Look { verbose, ..Look::default() });
    let graph = graph();
    let totals = Totals { images: 2, bases: 1, fresh: 1, stale: 1, stale_bases: 1, ..Totals::default() };
    let reporter = Reporter::new(&console, &graph, &summary(totals, 7));
    reporter.planned(&summary(totals, 7));
    events.iter().for_each(|event| reporter.event(event));
    let totals = Totals { built: 1, built_bases: 1, failed: 1, not_built: 2, ..totals };
    reporter.finished(&summary(totals, 61_000), false);
    screen.text()
}

#[test]
fn one_line_for_each_event() {
    let (product, log) = (product("base"), "target/build.log");
    let failure = Failure::Build(BuildError::Failed {
        image: "poll".into(),
        step: Some("[2/3] RUN --mount=type=cache,target=/x \\\n    pip install nothing".into()),
        message: "process \"/bin/sh -c pip install nothing\" did not complete successfully: exit code: 1"
            .into(),
        output: vec!["\x1b[31mERROR:\x1b[0m No matching distribution found for nothing".into()],
        log: log.into(),
    });
    let step = || "[1/2] COPY a b".to_owned();
    let events = [
        Event::Waiting { target: 0 },
        Event::Started { target: 0, log: log.into() },
        Event::Progress { target: 0, progress: BuildProgress::Started { step: step() } },
        Event::Progress { target: 0, progress: BuildProgress::Done { step: step(), milliseconds: 80 } },
        Event::Built { target: 0, product: &product },
        Event::Adopted { target: 2, product: &product },
        Event::Failed { target: 1, failure: &failure },
        Event::NotBuilt { target: 2, because: 1 },
    ];
    insta::assert_snapshot!("events", told(false, &events));
    assert!(told(true, &events).contains("[1/2] COPY a b (0.1s)"));
}

#[test]
fn what_stands_on_drifted_bases_is_told() {
    let screen = Screen::default();
    let console = screen.console(Look::default());
    let base = |name: &str, digest: Option<Digest>, drift| StableSummary {
        label: name.to_owned(),
        reference: ImageRef::parse(&format!("{name}:stable")).unwrap(),
        digest,
        drift,
    };
    let change =
        |path: &str| Change { class: LayerClass::Packages, what: What::Edited { path: path.to_owned() } };
    let there = Some(Digest::of("there"));
    let changes = vec![change("a/x.py"), change("a/y.py")];
    let bases = vec![
        base("as-said", there, DriftSummary::None),
        base("changed", there, DriftSummary::Changed { changes }),
        base("foreign", there, DriftSummary::Unknown),
        base("missing", None, DriftSummary::None),
    ];
    let totals = Totals { images: 2, fresh: 2, ..Totals::default() };
    let summary = Summary { stable_bases: bases, ..summary(totals, 7) };
    let graph = graph();
    let reporter = Reporter::new(&console, &graph, &summary);
    reporter.planned(&summary);
    reporter.finished(&summary, false);
    insta::assert_snapshot!("drifted", screen.text());
    insta::assert_snapshot!("drifted_for_programs", summary.json());
}

#[test]
fn bases_alone_are_counted_as_what_they_are() {
    let screen = Screen::default();
    let console = screen.console(Look::default());
    planned(&console, &summary(Totals { bases: 2, stale_bases: 1, ..Totals::default() }, 7));
    assert_eq!(screen.text(), "     Planned 2 bases: 1 stale (7 ms)\n");
}

#[test]
fn what_is_made_without_buildkit_says_so_and_what_is_left_to_it_says_why() {
    let assembled = Product { steps: 3, cached: 2, assembled: true, ..product("poll") };
    let events = [
        Event::LeftToBuildKit { target: 1, why: &WhyNot::OnBuild },
        Event::Built { target: 2, product: &assembled },
    ];
    insta::assert_snapshot!("assembled", told(true, &events));
}
