//! Python sources: whether they define a handler. The first line is the handler, the rest its module's source.
use layerwise::python::handler::{HandlerError, check_handler};

/// Holds the law for one text.
pub fn hold(text: &str) {
    let (cmd, source) = text.split_once('\n').unwrap_or(("handler.main", text));
    let files = ["handler.py", "handlers/__init__.py", "handlers/words.py", "a/b.py"];
    match check_handler(cmd, files, |_| Some(source.to_owned())) {
        Ok(file) => assert!(files.contains(&file)),
        Err(error) => {
            let _ = (error.to_string(), error.hint());
            // What a function added at the end of the module changes: from then on it is there.
            if let HandlerError::NoFunction { function, .. } = error
                && is_identifier(&function)
                && !leaves_something_open(source)
            {
                let source = format!("{source}\n\ndef {function}(event, context): pass\n");
                assert!(check_handler(cmd, files, |_| Some(source)).is_ok(), "{function}");
            }
        }
    }
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c == '_' || c.is_alphabetic())
        && text.chars().all(|c| c == '_' || c.is_alphanumeric())
}

/// Whether the module may end inside a string or a bracket, or in a continued line.
fn leaves_something_open(source: &str) -> bool {
    source.contains(['"', '\'', '(', '[', '{', '\\'])
}
