//! What S3 may answer, and what the store makes of it.

use std::collections::BTreeMap;

use layerwise::fingerprint::{Ingredients, SCHEMA};
use layerwise::image_ref::ImageRef;

use super::*;
use crate::replay::{Replay, answer, session_at};

fn store_at(endpoint: &str) -> S3Store {
    S3Store::new(Address::parse("s3://team/records").unwrap(), session_at(endpoint))
}

fn refusal(status: &str, code: &str) -> String {
    answer(status, "", &format!("<Error><Code>{code}</Code><Message>it says</Message></Error>"))
}

fn record() -> (RecordKey, Record) {
    let ingredients = Ingredients {
        schema: SCHEMA,
        platform: Platform::LinuxAmd64,
        frontend: None,
        target: None,
        parents: Vec::new(),
        classes: BTreeMap::new(),
    };
    let key = RecordKey {
        image: Name::new("ping").unwrap(),
        platform: Platform::LinuxAmd64,
        fingerprint: ingredients.fingerprint(),
    };
    let reference = ImageRef::parse("ping:sha-1").unwrap();
    let record = Record::new(&key, &ingredients, reference, Digest::of("manifest"), 1, 2);
    (key, record)
}

#[test]
fn what_passes_is_waited_out() {
    let (key, record) = record();
    let whole = answer("200 OK", "", &record.text());
    let cut = whole[..whole.len() - 7].to_owned();
    let replay = Replay::of(vec![refusal("503 Slow Down", "SlowDown"), cut, whole]);
    assert_eq!(store_at(&replay.endpoint).get(&key).unwrap(), Lookup::Found(Box::new(record)));
    let path = format!("GET /team/records/v1/ping/amd64/{}.record?x-id=GetObject", key.fingerprint.hex());
    assert_eq!(replay.requests(), [path.as_str(); 3]);
}

#[test]
fn what_does_not_pass_is_told_as_out_of_reach() {
    let (key, _) = record();
    let replay = Replay::of(vec![refusal("503 Slow Down", "SlowDown"); 3]);
    let error = store_at(&replay.endpoint).get(&key).unwrap_err();
    assert!(error.unreachable);
    let said = "cannot read records in s3://team/records: AWS answers SlowDown: it says (after 3 tries)";
    assert_eq!(error.to_string(), said);
    assert_eq!(replay.requests().len(), 3);

    // Nobody listens there.
    let error = store_at("http://127.0.0.1:1").check_writable().unwrap_err();
    assert!(error.unreachable && error.to_string().contains("refused"), "{error}");
}

#[test]
fn nothing_there_is_absent_and_nonsense_is_unusable() {
    let (key, record) = record();
    let edited = record.text().replace("\"format\":1", "\"format\":9");
    let replay = Replay::of(vec![
        refusal("404 Not Found", "NoSuchKey"),
        answer("200 OK", "", "<html>"),
        answer("200 OK", "", &edited),
    ]);
    let store = store_at(&replay.endpoint);
    assert_eq!(store.get(&key).unwrap(), Lookup::Absent);
    assert!(matches!(store.get(&key).unwrap(), Lookup::Unusable(RecordError::Damaged(_))));
    assert_eq!(store.get(&key).unwrap(), Lookup::Unusable(RecordError::Newer { found: 9 }));
}

#[test]
fn a_refusal_names_what_is_missing() {
    let (key, record) = record();
    let moved = "x-amz-bucket-region: us-east-2\r\n";
    let redirect = "<Error><Code>PermanentRedirect</Code></Error>";
    let replay = Replay::of(vec![
        answer("301 Moved Permanently", moved, redirect),
        refusal("403 Forbidden", "AccessDenied"),
        refusal("403 Forbidden", "AccessDenied"),
        refusal("400 Bad Request", "ExpiredToken"),
    ]);
    let store = store_at(&replay.endpoint);
    let said = |error: StoreError| {
        assert!(!error.unreachable, "{error}");
        format!("{error}\n    hint: {}", error.hint.clone().unwrap_or_default())
    };
    let errors = [
        store.get(&key).unwrap_err(),
        store.get(&key).unwrap_err(),
        store.put(&key, &record).unwrap_err(),
        store.remove(&key).unwrap_err(),
    ];
    insta::assert_snapshot!(errors.map(said).join("\n"));
}

#[test]
fn a_store_that_does_not_keep_what_is_there_is_refused() {
    let (done, there) = (answer("200 OK", "", ""), refusal("412 Precondition Failed", "PreconditionFailed"));
    let check = |answers| store_at(&Replay::of(answers).endpoint).check_writable();
    check(vec![there.clone()]).unwrap();
    check(vec![done.clone(), there]).unwrap();
    let error = check(vec![done.clone(), done]).unwrap_err().to_string();
    assert!(error.contains("If-None-Match"), "{error}");
}

#[test]
fn of_two_writers_the_first_wins() {
    let (key, record) = record();
    let replay = Replay::of(vec![
        refusal("409 Conflict", "ConditionalRequestConflict"),
        refusal("412 Precondition Failed", "PreconditionFailed"),
        answer("200 OK", "", ""),
        answer("200 OK", "", ""),
    ]);
    let store = store_at(&replay.endpoint);
    assert!(!store.put(&key, &record).unwrap());
    assert!(store.put(&key, &record).unwrap());
    let requests = replay.requests();
    assert!(requests[0].starts_with("PUT /team/records/v1/ping/amd64/"), "{requests:?}");
    assert_eq!(requests[3], "PUT /team/records/v1/ping/amd64/latest?x-id=PutObject");
}
