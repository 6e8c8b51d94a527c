//! Whether a Lambda handler exists, as far as the Python source tells. Never imports and never runs anything; where the
//! source cannot tell (`from x import *`), the handler is taken to exist.

use definitions::Definitions;

mod definitions;
mod nearest;

/// Why a handler will not be found when the function is invoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// The text has no module or no function.
    #[error("`{cmd}` is not a handler: expected `module.function`")]
    Malformed {
        /// The declared handler.
        cmd: String,
    },
    /// No file of the image is that module.
    #[error("the handler `{cmd}` names the module `{module}`, but the image has no {}", files(module))]
    NoModule {
        /// The declared handler.
        cmd: String,
        /// The module, with dots.
        module: String,
        /// Modules of the image with a name like it, the nearest first.
        nearest: Vec<String>,
    },
    /// The module does not define the function at its top level.
    #[error(
        "the handler `{cmd}` names the function `{function}`, but {file} does not define it at its top level"
    )]
    NoFunction {
        /// The declared handler.
        cmd: String,
        /// The module's file, in the image.
        file: String,
        /// The function.
        function: String,
        /// Names defined there that are like it, the nearest first.
        nearest: Vec<String>,
    },
}

impl HandlerError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Malformed { .. } => {
                Some("`handlers/words.py` with `def main` is `handlers.words.main`".to_owned())
            }
            Self::NoModule { nearest, .. } if nearest.is_empty() => {
                Some("copy the module's file into the image".to_owned())
            }
            Self::NoModule { nearest, .. } | Self::NoFunction { nearest, .. } => {
                let names: Vec<_> = nearest.iter().map(|name| format!("`{name}`")).collect();
                (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
            }
        }
    }
}

fn files(module: &str) -> String {
    let path = module.replace('.', "/");
    format!("{path}.py and no {path}/__init__.py")
}

/// Checks the handler `cmd` (`package.module.function`; the module may be written with `/`) against the Python files
/// of the image. `files` are their paths relative to where Python finds modules (the task root, or a package's
/// installed place); `source` gives the text of one of them, or `None` where it is not at hand, and then only the
/// module is checked. Answers the module's file.
///
/// # Errors
/// [`HandlerError`].
pub fn check_handler<'a>(
    cmd: &str,
    files: impl IntoIterator<Item = &'a str>,
    source: impl FnOnce(&str) -> Option<String>,
) -> Result<&'a str, HandlerError> {
    // As Lambda's runtime does: the last dot separates, and a slash in the module is a dot.
    let (module, function) = cmd.rsplit_once('.').unwrap_or_default();
    let module = module.replace('/', ".");
    if function.is_empty() || module.split('.').any(str::is_empty) {
        return Err(HandlerError::Malformed { cmd: cmd.to_owned() });
    }
    let modules: Vec<(String, &'a str)> =
        files.into_iter().filter_map(|file| Some((module_of(file)?, file))).collect();
    let candidates = modules.iter().filter(|(name, _)| *name == module).map(|(_, file)| *file);
    // Of a package and a module of the same name Python takes the package.
    let Some(file) = candidates.max_by_key(|file| file.ends_with("/__init__.py")) else {
        let names = modules.iter().map(|(name, _)| name.as_str());
        let nearest = nearest::nearest(&module, names);
        return Err(HandlerError::NoModule { cmd: cmd.to_owned(), module, nearest });
    };
    let Some(source) = source(file) else { return Ok(file) };
    let definitions = Definitions::of(&source);
    if definitions.has(function) {
        return Ok(file);
    }
    Err(HandlerError::NoFunction {
        cmd: cmd.to_owned(),
        file: file.to_owned(),
        function: function.to_owned(),
        nearest: nearest::nearest(function, definitions.names()),
    })
}

/// `a/b.py` is the module `a.b`, and so is `a/b/__init__.py`.
fn module_of(file: &str) -> Option<String> {
    let stem = file.strip_suffix(".py")?;
    Some(stem.strip_suffix("/__init__").unwrap_or(stem).replace('/', "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 5] = [
        "handler.py",
        "handlers/words.py",
        "handlers/lines/__init__.py",
        "handlers/lines.py",
        "my-handler.py",
    ];

    fn check(cmd: &str) -> Result<&'static str, HandlerError> {
        check_handler(cmd, FILES, |_| Some("def lambda_handler(event, context):\n    return 1\n".into()))
    }

    #[test]
    fn modules_are_found_as_the_runtime_finds_them() {
        for (cmd, file) in [
            ("handler.lambda_handler", "handler.py"),
            ("handlers.words.lambda_handler", "handlers/words.py"),
            ("handlers/words.lambda_handler", "handlers/words.py"),
            ("handlers.lines.lambda_handler", "handlers/lines/__init__.py"),
            ("my-handler.lambda_handler", "my-handler.py"),
        ] {
            assert_eq!(check(cmd), Ok(file), "{cmd}");
        }
        assert_eq!(check_handler("handler.any", FILES, |_| None), Ok("handler.py"));
    }

    #[test]
    fn what_is_missing_is_named_with_what_is_like_it() {
        for (cmd, error, hint) in [
            (
                "handler",
                "`handler` is not a handler: expected `module.function`",
                "`handlers/words.py` with `def main` is `handlers.words.main`",
            ),
            (
                "handlers..x",
                "`handlers..x` is not a handler: expected `module.function`",
                "`handlers/words.py` with `def main` is `handlers.words.main`",
            ),
            (
                "handlers.word.f",
                "the handler `handlers.word.f` names the module `handlers.word`, but the image has no handlers/word.py and no handlers/word/__init__.py",
                "did you mean `handlers.words`?",
            ),
            (
                "words.f",
                "the handler `words.f` names the module `words`, but the image has no words.py and no words/__init__.py",
                "did you mean `handlers.words`?",
            ),
            (
                "zzzzz.f",
                "the handler `zzzzz.f` names the module `zzzzz`, but the image has no zzzzz.py and no zzzzz/__init__.py",
                "copy the module's file into the image",
            ),
            (
                "handler.lambda_handle",
                "the handler `handler.lambda_handle` names the function `lambda_handle`, but handler.py does not define it at its top level",
                "did you mean `lambda_handler`?",
            ),
        ] {
            let found = check(cmd).unwrap_err();
            assert_eq!((found.to_string().as_str(), found.hint().as_deref()), (error, Some(hint)));
        }
    }
}
