//! What `$NAME` in a declared value becomes, as far as it is beyond doubt. Pure.
//!
//! The rules are the
//! [Dockerfile reference's](https://docs.docker.com/reference/dockerfile/#environment-replacement) for what
//! `dockerfile::words` writes: every character is itself, but for `$NAME`, `${NAME}` and `\$`.

use super::WhyNot;

/// `value` with its variables replaced; one that is not set is empty.
///
/// # Errors
/// [`WhyNot::Expansion`] for any other form of `$`.
pub(super) fn expand(value: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, WhyNot> {
    let unclear = || WhyNot::Expansion { text: value.to_owned() };
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find(['$', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("\\$") {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('\\') {
            out.push('\\');
            rest = after;
        } else {
            let after = &rest[1..];
            let (name, after) = match after.strip_prefix('{') {
                Some(inner) => inner.split_once('}').ok_or_else(unclear)?,
                None => after.split_at(after.find(|c| !is_of_name(c)).unwrap_or(after.len())),
            };
            if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                || !name.chars().all(is_of_name)
            {
                return Err(unclear());
            }
            out.push_str(&variable(name).unwrap_or_default());
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// The folder of `WORKDIR` or the name of `USER`, which BuildKit reads as a word: without quotes and backslashes in it,
/// it is one.
pub(super) fn expand_word(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, WhyNot> {
    if text.contains(['\\', '"', '\'', '`']) {
        return Err(WhyNot::Expansion { text: text.to_owned() });
    }
    expand(text, variable)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(value: &str) -> Result<String, WhyNot> {
        expand(value, |name| (name == "HOME").then(|| "/root".to_owned()))
    }

    #[test]
    fn plain_forms_expand_and_others_are_left_to_buildkit() {
        assert_eq!(expanded("$HOME/x:${HOME}y").unwrap(), "/root/x:/rooty");
        assert_eq!(expanded("a${UNSET}b$UNSET").unwrap(), "ab");
        assert_eq!(expanded(r"\$5 c:\x \\$HOME").unwrap(), r"$5 c:\x \$HOME");
        for unclear in ["$", "$5", "${HOME:-x}", "${HOME", "${}", "$$", "a$-b"] {
            assert_eq!(expanded(unclear), Err(WhyNot::Expansion { text: unclear.to_owned() }), "{unclear}");
        }
    }
}
