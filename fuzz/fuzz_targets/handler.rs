//! Python sources, by the law of the crate's own tests.
#![no_main]

#[path = "../../crates/layerwise/tests/parsers/laws/handler.rs"]
mod law;

libfuzzer_sys::fuzz_target!(|text: &str| law::hold(text));
