//! How words are written so that BuildKit reads them back unchanged: its own word splitting and variable expansion
//! first, its file patterns after that. Pure.

/// A source of `COPY` that must mean exactly the file called `path`, or a destination (`pattern` false).
///
/// BuildKit takes quotes, `\` and `$` out of each word
/// ([Dockerfile reference, environment replacement](https://docs.docker.com/reference/dockerfile/#environment-replacement)),
/// and then reads a source as a pattern with `*`, `?`, `[…]`
/// ([COPY](https://docs.docker.com/reference/dockerfile/#copy)).
fn copy_word(path: &str, pattern: bool) -> String {
    let mut word = String::with_capacity(path.len());
    // BuildKit reads a source twice: the client as patterns of what to send, where `*` keeps its meaning inside a
    // class unless a backslash stands before it and a first `!` negates; the engine as a pattern only if it holds a
    // `*`, `?` or `[` that no backslash stands before, as a plain path otherwise. A class with one escaped character
    // means that character to both. The word splitting takes one backslash of each pair.
    let special = pattern && path.contains(['*', '?', '[', '\\']);
    for (place, c) in path.char_indices() {
        match c {
            '\\' if special => word.push_str(r"[\\\\]"),
            '*' | '?' | '[' if special => {
                word.push_str(r"[\\");
                word.push(c);
                word.push(']');
            }
            '!' if pattern && place == 0 => word.push_str("[!]"),
            '\\' | '"' | '\'' | '$' => {
                word.push('\\');
                word.push(c);
            }
            c => word.push(c),
        }
    }
    word
}

/// The words of a `COPY`: sources and destination. Plain where that is safe, in JSON form otherwise. `to` may hold
/// `${…}`, which expands.
pub(super) fn copy(sources: &[&str], to: &str) -> String {
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./${}@+,=:~".contains(c));
    let simple = |text: &&str| plain(text) && !text.contains('$') && !text.starts_with(['-', '#']);
    if sources.iter().all(simple) && plain(to) {
        return format!("COPY {} {to}", sources.join(" "));
    }
    let words = sources.iter().map(|source| copy_word(&explicit(source), true));
    let words: Vec<String> = words.chain([destination(to)]).collect();
    format!("COPY {}", json(&words))
}

/// A first character that an option or a comment could start with gets a `./` before it.
fn explicit(source: &str) -> String {
    if source.starts_with(['-', '#', '<']) { format!("./{source}") } else { source.to_owned() }
}

/// A destination keeps the `${LAMBDA_TASK_ROOT}` that we put before it; everything else in it is literal.
fn destination(to: &str) -> String {
    const TASK_ROOT: &str = "${LAMBDA_TASK_ROOT}";
    match to.strip_prefix(TASK_ROOT) {
        Some(rest) => format!("{TASK_ROOT}{}", copy_word(rest, false)),
        None => copy_word(to, false),
    }
}

/// The exec form: a JSON array of strings.
pub(super) fn json<S: AsRef<str>>(words: &[S]) -> String {
    let words: Vec<String> =
        words.iter().map(|word| serde_json::Value::from(word.as_ref()).to_string()).collect();
    format!("[{}]", words.join(", "))
}

/// `NAME="value"` for `ENV`, `ARG` and `LABEL`: `$NAME` expands and `\$` does not, as in a Dockerfile; every other
/// character is itself.
pub(super) fn assignment(name: &str, value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    let mut characters = value.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.peek() == Some(&'$') => quoted.push('\\'),
            '\\' => quoted.push_str(r"\\"),
            '"' => quoted.push_str("\\\""),
            c => quoted.push(c),
        }
    }
    format!("{name}=\"{quoted}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_stay_plain() {
        assert_eq!(copy(&["a/b.py"], "${LAMBDA_TASK_ROOT}/"), "COPY a/b.py ${LAMBDA_TASK_ROOT}/");
    }

    #[test]
    fn odd_names_are_spelled_out() {
        assert_eq!(copy(&["a b"], "./"), r#"COPY ["a b", "./"]"#);
        assert_eq!(copy(&["a[1]*"], "./x[1]"), r#"COPY ["a[\\\\[]1][\\\\*]", "./x[1]"]"#);
        assert_eq!(copy(&["it's $5"], "./"), r#"COPY ["it\\'s \\$5", "./"]"#);
        assert_eq!(copy(&["-x y"], "./"), r#"COPY ["./-x y", "./"]"#);
        assert_eq!(copy(&["!x"], "./"), r#"COPY ["[!]x", "./"]"#);
        assert_eq!(copy(&["-x"], "./"), r#"COPY ["./-x", "./"]"#);
        assert_eq!(copy(&["é"], "${LAMBDA_TASK_ROOT}/é"), r#"COPY ["é", "${LAMBDA_TASK_ROOT}/é"]"#);
    }

    #[test]
    fn values_keep_every_character() {
        assert_eq!(assignment("A", "x y"), r#"A="x y""#);
        assert_eq!(assignment("A", r#"say "hi""#), r#"A="say \"hi\"""#);
        assert_eq!(assignment("PATH", "/opt/bin:$PATH"), r#"PATH="/opt/bin:$PATH""#);
        assert_eq!(assignment("A", r"\$5 c:\x"), r#"A="\$5 c:\\x""#);
    }
}
