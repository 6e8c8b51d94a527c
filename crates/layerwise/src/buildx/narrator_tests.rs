//! Recorded builds, told again.

use std::cell::RefCell;

use super::*;
use crate::buildx::rawjson::Reader;

/// A recorded stream's whole story.
fn tell(stream: &[u8]) -> String {
    let events = RefCell::new(String::new());
    let mut log = Vec::new();
    let progress = |event| events.borrow_mut().push_str(&format!("{event:?}\n"));
    let mut narrator = Narrator::new(Box::new(&mut log), &progress, Redactor::default());
    let mut reader = Reader::default();
    reader.read(stream, &mut |item| narrator.take(item));
    reader.finish(&mut |item| narrator.take(item));
    let counts = narrator.counts();
    let failure = narrator.failure();
    let log = String::from_utf8(log).unwrap();
    format!("{}\nsteps, cached: {counts:?}\n{failure:#?}\n\n{log}", events.into_inner())
}

macro_rules! recorded {
    ($($name:ident: $file:literal)*) => { $(
        #[test]
        fn $name() {
            insta::assert_snapshot!(tell(include_bytes!(concat!("recorded/", $file, ".rawjson"))));
        }
    )* };
}

recorded! {
    a_first_build_013: "0.13.ok"
    a_first_build_029: "0.29.ok"
    a_cached_push_013: "0.13.cached"
    a_cached_push_029: "0.29.cached"
    a_failing_step_013: "0.13.fail"
    a_failing_step_029: "0.29.fail"
    a_registry_without_address_013: "0.13.dns"
    a_registry_without_address_029: "0.29.dns"
    a_missing_file_013: "0.13.copy"
    a_missing_file_029: "0.29.copy"
    a_wrong_dockerfile_013: "0.13.syntax"
    a_wrong_dockerfile_029: "0.29.syntax"
}

#[test]
fn instructions_are_the_numbered_steps() {
    assert!(is_instruction("[1/3] FROM a") && is_instruction("[stage-1 12/13] RUN [x]"));
    for other in ["[internal] load .dockerignore", "exporting to image", "[a/b] x", "[auth] 1/2", "1/2"] {
        assert!(!is_instruction(other), "{other}");
    }
}
