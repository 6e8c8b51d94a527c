//! Finds credentials inside URLs, which would end in a layer for everyone to read. Never shows one.

/// The longest user name that is still one: what is longer is a token standing where the user should.
const LONGEST_USER: usize = 24;

/// `text` with its credentials replaced by `…`, when a URL in it holds any; `None` when it holds none. A user alone
/// (`git@`) is none, and neither is an environment variable, which pip fills in (`https://me:${TOKEN}@host/`).
pub(super) fn redacted(text: &str) -> Option<String> {
    let mut rest = text;
    let mut clean = String::new();
    let mut found = false;
    while let Some(start) = rest.find("://").map(|at| at + 3) {
        let (before, after) = rest.split_at(start);
        let authority =
            after.split(|c: char| c.is_whitespace() || "/?#;,'\"".contains(c)).next().unwrap_or_default();
        clean.push_str(before);
        rest = after;
        if let Some((user, _)) = authority.rsplit_once('@')
            && is_credential(user)
        {
            found = true;
            clean.push('…');
            rest = &after[user.len()..];
        }
    }
    clean.push_str(rest);
    found.then_some(clean)
}

fn is_credential(user: &str) -> bool {
    match user.split_once(':') {
        Some((_, password)) => !password.is_empty() && !is_variable(password),
        None => user.len() > LONGEST_USER && !is_variable(user),
    }
}

/// Pip's form of a variable in a requirements file: `${NAME}`.
fn is_variable(text: &str) -> bool {
    text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|c| matches!(c, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_found_and_hidden() {
        for (text, shown) in [
            ("--index-url https://me:secret@host/simple", Some("--index-url https://…@host/simple")),
            ("a @ https://me:p@ss@host/a.whl", Some("a @ https://…@host/a.whl")),
            (
                "git+https://ghp_0123456789012345678901234567890123456@github.com/x",
                Some("git+https://…@github.com/x"),
            ),
            ("https://ok@host/ https://me:x@host", Some("https://ok@host/ https://…@host")),
            ("https://me:${TOKEN}@host/simple", None),
            ("https://${TOKEN}@host/simple", None),
            ("git+ssh://git@github.com/a/b@v1", None),
            ("https://host:8080/a@b:c", None),
            ("a==1", None),
        ] {
            assert_eq!(redacted(text).as_deref(), shown, "{text}");
        }
    }
}
