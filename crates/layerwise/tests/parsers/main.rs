//! Parsers of what somebody else wrote, held to their laws on the seeds of the fuzz targets, on texts near them, and on
//! texts of 100 kB that repeat one thing. A text with which fuzzing found a fault is a seed from then on.

#[path = "laws/dockerignore.rs"]
mod dockerignore;
#[path = "laws/handler.rs"]
mod handler;
#[path = "laws/pyproject.rs"]
mod pyproject;
#[path = "laws/record.rs"]
mod record;
mod rendered;
#[path = "laws/requirements.rs"]
mod requirements;
mod texts;
#[path = "laws/words.rs"]
mod words;

use proptest::test_runner::{Config, TestRunner};

use texts::{Grammar, LONG, damaged};

macro_rules! laws {
    ($($law:ident)*) => { $(
        mod $law {
            use super::*;

            #[test]
            fn seeds_are_read() {
                let grammar = Grammar::of(stringify!($law));
                grammar.seeds.iter().for_each(|seed| super::super::$law::hold(seed));
            }

            #[test]
            fn texts_near_them_are_read() {
                let config = Config { cases: 1000, failure_persistence: None, ..Config::default() };
                let texts = damaged(Grammar::of(stringify!($law)));
                TestRunner::new(config).run(&texts, |text| Ok(super::super::$law::hold(&text))).unwrap();
            }

            #[test]
            fn a_long_text_is_read_in_time() {
                let grammar = Grammar::of(stringify!($law));
                for word in grammar.words.iter().chain(&grammar.seeds) {
                    super::super::$law::hold(&word.repeat(LONG / word.len()));
                }
            }
        }
    )* };
}

mod hold {
    use super::*;

    laws! { dockerignore handler pyproject record requirements words }
}

#[test]
fn nesting_of_any_depth_is_read_or_refused() {
    let project = "[project]\nname = \"it\"\n";
    for (open, middle, close) in [
        ("a.", "a = 1", ""),
        ("[", "x", "]"),
        ("x = [", "1", "]"),
        ("x = { a = ", "1", " }"),
        ("[a]\n[", "a", "]"),
        ("{\"classes\":", "1", "}"),
    ] {
        let times = LONG / open.len();
        let whole = [&open.repeat(times), middle, &close.repeat(times)].concat();
        let dotted = format!("[{}]\n", "a.".repeat(times) + "a");
        let list = format!("x = {}{}\n", "[".repeat(times), "]".repeat(times));
        let tables = format!("x = {}1{}\n", "{a=".repeat(times), "}".repeat(times));
        for text in [whole, dotted, list, tables] {
            pyproject::hold(&format!("{project}{text}"));
            pyproject::hold(&format!("{text}{project}"));
            record::hold(&text);
        }
    }
}

#[test]
fn long_lists_are_read_in_time() {
    let listed = |form: &dyn Fn(usize) -> String| (0..10_000).map(form).collect::<Vec<_>>().join(", ");
    let names = listed(&|at| format!("\"p{at:05}\""));
    let globs = listed(&|at| format!("\"p{at:04}*\""));
    let project = "[project]\nname = \"it\"\n";
    for table in [
        format!("[tool.setuptools]\npackages = [{names}]\n"),
        format!("[tool.setuptools]\npy-modules = [{names}]\n"),
        format!("license-files = [{globs}]\n"),
        format!("dependencies = [{names}]\n"),
    ] {
        pyproject::hold(&format!("{project}{table}"));
    }
}
