//! What holds for any bytes that buildx may print; the fuzz target of the same matter compiles this file too.

use std::cell::RefCell;

use super::narrator::Narrator;
use super::rawjson::Reader;
use super::redact::Redactor;

const SECRET: &str = "hunter2hunter2";

/// Any bytes become a story that shows no secret and does nothing to a terminal; where they are cut changes nothing.
pub fn hold(stream: &[u8]) {
    let whole = tell(stream, stream.len().max(1));
    assert!(!whole.contains(SECRET), "the secret is in\n{whole}");
    assert!(!whole.contains('\u{1b}'), "an escape sequence is in\n{whole:?}");
    let piece = 1 + stream.len() % 13;
    assert_eq!(tell(stream, piece), whole, "pieces of {piece}");
}

/// The whole story of a stream that comes in pieces of so many bytes.
fn tell(stream: &[u8], piece: usize) -> String {
    let steps = RefCell::new(String::new());
    let mut log = Vec::new();
    let progress = |event| *steps.borrow_mut() += &format!("{event:?}\n");
    let mut narrator = Narrator::new(Box::new(&mut log), &progress, Redactor::new(&[SECRET.to_owned()]));
    let mut reader = Reader::default();
    for bytes in stream.chunks(piece) {
        reader.read(bytes, &mut |item| narrator.take(item));
    }
    reader.finish(&mut |item| narrator.take(item));
    let (done, cached) = narrator.counts();
    assert!(cached <= done);
    let failure = narrator.failure();
    let log = String::from_utf8(log).expect("a log is text");
    let said = [failure.step.unwrap_or_default(), failure.message, failure.output.join("\n")].join("\n");
    format!("{}{done} {cached}\n{said}\n{log}", steps.into_inner())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::hold;

    const RECORDED: [&[u8]; 4] = [
        include_bytes!("recorded/0.13.fail.rawjson"),
        include_bytes!("recorded/0.13.ok.rawjson"),
        include_bytes!("recorded/0.29.cached.rawjson"),
        include_bytes!("recorded/0.29.fail.rawjson"),
    ];

    #[test]
    fn seeds_of_the_fuzz_target_are_read() {
        let seeds = camino::Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/rawjson");
        for seed in seeds.read_dir_utf8().unwrap() {
            hold(&fs_err::read(seed.unwrap().path()).unwrap());
        }
    }

    #[test]
    fn a_long_stream_is_read_in_time() {
        for unit in [
            &b"{"[..],
            b"{\n",
            b"{\n ",
            b"\n",
            b"\r",
            b"\x1b[",
            b"://a@",
            b"[",
            b"{\"vertexes\":[",
            b"}\n{\n",
        ] {
            hold(&unit.repeat(100_000 / unit.len()));
        }
        let log = br#"{"vertexes":[{"digest":"a","started":"2026-11-20T11:58:15Z"}],"logs":[{"vertex":"a","data":"YQ=="}]}"#;
        hold(&[&log[..], b"\n"].concat().repeat(1000));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_become_a_story(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            hold(&bytes);
        }

        #[test]
        fn so_does_a_recorded_stream_with_damage(
            recorded in prop::sample::select(RECORDED.to_vec()),
            at in any::<prop::sample::Index>(),
            length in 0..3000_usize,
            damage in prop::collection::vec((any::<prop::sample::Index>(), "[{}\\[\\]\",:\n \r\u{1b}0-9a-zé]{0,3}"), 0..6),
        ) {
            let start = at.index(recorded.len());
            let mut bytes = recorded[start..recorded.len().min(start + length)].to_vec();
            for (at, text) in damage {
                let at = at.index(bytes.len() + 1);
                bytes.splice(at..bytes.len().min(at + text.len()), text.bytes());
            }
            hold(&bytes);
        }
    }
}
