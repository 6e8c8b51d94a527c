//! What buildx prints, by the law of the crate's own tests. The parsers are private, so their files are compiled here.
#![no_main]
// The product uses more of them than a target does.
#![allow(dead_code)]

#[path = "../../crates/layerwise/src/buildx/law.rs"]
mod law;
#[path = "../../crates/layerwise/src/buildx/lines.rs"]
mod lines;
#[path = "../../crates/layerwise/src/buildx/narrator.rs"]
mod narrator;
#[path = "../../crates/layerwise/src/buildx/rawjson.rs"]
mod rawjson;
#[path = "../../crates/layerwise/src/buildx/redact.rs"]
mod redact;
#[path = "../../crates/layerwise/src/buildx/time.rs"]
mod time;

// `crate::builder` of these files.
use layerwise::builder;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| law::hold(bytes));
