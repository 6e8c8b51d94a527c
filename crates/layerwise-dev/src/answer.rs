//! What a function answered, and whether that is an error. Pure.
//!
//! The emulator answers as the function did, with status 200 for a raised exception too. Lambda itself marks errors with
//! a header, `X-Amz-Function-Error`; here the body has to tell.

use std::time::Duration;

use serde_json::Value;

/// A function's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it answered: JSON, unless the function streams something else.
    pub body: Vec<u8>,
    /// What went wrong in the function; its answer otherwise.
    pub error: Option<FunctionError>,
    /// From the question to the last byte of the answer.
    pub took: Duration,
    /// Whether the emulator answered in the function's place: the runtime had ended, ended meanwhile or did not start.
    pub in_its_place: bool,
}

/// An error of the function: an exception, an end of its process, too long a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// `ValueError`, `Runtime.ImportModuleError`, `Sandbox.Timedout`.
    pub kind: String,
    /// What it says.
    pub message: String,
    /// Where it was raised, a line for each call, outermost first; may be empty.
    pub trace: Vec<String>,
}

/// How the emulator says that time is over, in plain text.
const TIMED_OUT: &str = "Task timed out after ";
/// All that the runtimes of Python, Node.js and the others say of an error.
const ERROR_KEYS: [&str; 6] = ["cause", "errorMessage", "errorType", "requestId", "stackTrace", "trace"];

impl Answer {
    /// From what the emulator answered.
    #[must_use]
    pub fn new(status: u16, body: Vec<u8>, took: Duration) -> Self {
        if let Some(message) = std::str::from_utf8(&body).ok().filter(|text| text.starts_with(TIMED_OUT)) {
            return Self::of_timeout(message.to_owned(), took);
        }
        let error = function_error(&body).or_else(|| {
            (status != 200).then(|| FunctionError {
                kind: format!("HTTP {status}"),
                message: String::from_utf8_lossy(&body).trim().to_owned(),
                trace: Vec::new(),
            })
        });
        Self { body, error, took, in_its_place: status != 200 }
    }

    /// For an emulator that did not end a function whose time, in seconds, was over: what it would have said.
    #[must_use]
    pub fn timed_out(seconds: u16, took: Duration) -> Self {
        Self::of_timeout(format!("{TIMED_OUT}{seconds}.00 seconds"), took)
    }

    /// Lambda says it as it says every error, in JSON.
    fn of_timeout(message: String, took: Duration) -> Self {
        let error = FunctionError { kind: "Sandbox.Timedout".to_owned(), message, trace: Vec::new() };
        let body = serde_json::json!({ "errorType": error.kind, "errorMessage": error.message });
        Self { body: body.to_string().into_bytes(), error: Some(error), took, in_its_place: false }
    }

    /// The answer as text; JSON as it came.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).trim_end().to_owned()
    }
}

impl std::fmt::Display for FunctionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

/// An object that says what every runtime says of an error, and nothing else.
fn function_error(body: &[u8]) -> Option<FunctionError> {
    let Value::Object(object) = serde_json::from_slice(body).ok()? else { return None };
    let kind = object.get("errorType")?.as_str()?.to_owned();
    let message = object.get("errorMessage")?.as_str()?.to_owned();
    if !object.keys().all(|key| ERROR_KEYS.contains(&key.as_str())) {
        return None;
    }
    let trace = object.get("stackTrace").or_else(|| object.get("trace")).and_then(Value::as_array);
    let lines = trace.into_iter().flatten().filter_map(Value::as_str).flat_map(str::lines);
    Some(FunctionError { kind, message, trace: lines.map(str::to_owned).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer::new(status, body.as_bytes().to_vec(), Duration::ZERO)
    }

    #[track_caller]
    fn error(status: u16, body: &str, expected: Option<&str>) {
        let error = answer(status, body).error.map(|error| error.to_string());
        assert_eq!(error.as_deref(), expected);
    }

    #[test]
    fn an_error_is_what_the_runtimes_say_and_nothing_that_a_function_may_answer() {
        error(200, r#"{"pong": 1}"#, None);
        error(200, "\"text\"", None);
        error(200, "null", None);
        error(200, "", None);
        error(
            200,
            r#"{"errorMessage": "no", "errorType": "ValueError", "requestId": "x", "stackTrace": []}"#,
            Some("ValueError: no"),
        );
        error(200, r#"{"errorType":"Error","errorMessage":"no","trace":["at handler"]}"#, Some("Error: no"));
        // A function's own data.
        error(200, r#"{"errorType": "a", "errorMessage": "b", "id": 1}"#, None);
        error(200, r#"{"errorType": "a"}"#, None);
        error(200, r#"[{"errorType": "a", "errorMessage": "b"}]"#, None);
        error(502, "bad gateway\n", Some("HTTP 502: bad gateway"));
    }

    #[test]
    fn a_timeout_is_said_in_json_as_lambda_says_it() {
        let answer = answer(200, "Task timed out after 2.00 seconds");
        assert_eq!(
            answer.text(),
            r#"{"errorMessage":"Task timed out after 2.00 seconds","errorType":"Sandbox.Timedout"}"#
        );
        assert_eq!(answer.error.as_ref().map(|error| error.kind.as_str()), Some("Sandbox.Timedout"));
        assert_eq!(Answer::timed_out(2, Duration::ZERO), answer);
    }

    #[test]
    fn what_the_emulator_says_is_told_from_what_the_function_says() {
        let ended =
            r#"{"errorType":"Runtime.ExitError","errorMessage":"Runtime exited with error: signal: killed"}"#;
        assert!(answer(502, ended).in_its_place);
        assert!(!answer(200, "{}").in_its_place);
    }

    #[test]
    fn a_trace_has_a_line_for_each_line() {
        let body = r#"{"errorMessage": "no", "errorType": "E", "stackTrace": ["  File \"a.py\", line 6, in f\n    raise\n"]}"#;
        let trace = answer(200, body).error.unwrap().trace;
        assert_eq!(trace, ["  File \"a.py\", line 6, in f", "    raise"]);
    }
}
