//! What a registry wants to see: the `WWW-Authenticate` header of RFC 7235, as registries use it. Pure.

/// A way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// User and password with each request.
    Basic,
    /// A token from a token server
    /// ([distribution's token authentication](https://distribution.github.io/distribution/spec/auth/token/)).
    Bearer {
        /// The token server.
        realm: String,
        /// What the token server knows the registry by.
        service: Option<String>,
        /// What the token has to allow.
        scope: Option<String>,
    },
}

/// The way in that `header` offers; Bearer when there is a choice.
pub fn parse(header: &str) -> Option<Challenge> {
    let mut basic = false;
    let mut rest = header.trim();
    while !rest.is_empty() {
        let (scheme, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (parameters, next) = parameters(after);
        let get = |name: &str| {
            parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Challenge::Bearer {
                realm: get("realm")?,
                service: get("service"),
                scope: get("scope"),
            });
        }
        basic |= scheme.eq_ignore_ascii_case("basic");
        rest = next.trim_start_matches([',', ' ']);
    }
    basic.then_some(Challenge::Basic)
}

/// The `key=value` pairs that `text` begins with, and what follows them.
fn parameters(mut text: &str) -> (Vec<(String, String)>, &str) {
    let mut parameters = Vec::new();
    loop {
        let rest = text.trim_start_matches([',', ' ']);
        // A word and a space before the next `=`: that is the next scheme.
        let word = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (key, Some(value)) = (&rest[..word], rest[word..].strip_prefix('=')) else {
            return (parameters, rest);
        };
        if key.is_empty() {
            return (parameters, rest);
        }
        let (value, next) = match value.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = value.find([',', ' ']).unwrap_or(value.len());
                (value[..end].to_owned(), &value[end..])
            }
        };
        parameters.push((key.to_owned(), value));
        text = next;
    }
}

fn unquote(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
#[path = "challenge_law.rs"]
mod law;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_of_known_registries() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| {
            let (service, scope) = (service.map(Into::into), scope.map(Into::into));
            Some(Challenge::Bearer { realm: realm.into(), service, scope })
        };
        assert_eq!(
            parse(
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/a:pull,push""#
            ),
            bearer(
                "https://auth.docker.io/token",
                Some("registry.docker.io"),
                Some("repository:library/a:pull,push")
            )
        );
        assert_eq!(
            parse(r#"Basic realm="https://1.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com""#),
            Some(Challenge::Basic)
        );
        assert_eq!(parse("basic"), Some(Challenge::Basic));
        assert_eq!(parse(r#"Basic realm="a, b=c", Bearer realm=https://t"#), bearer("https://t", None, None));
        assert_eq!(parse(r#"bearer Realm="a\"b", error="invalid_token""#), bearer("a\"b", None, None));
    }

    #[test]
    fn a_long_header_is_read_once() {
        assert_eq!(parse(&"word ".repeat(400_000)), None);
        assert_eq!(parse(&("a=b, ".repeat(400_000) + "basic")), Some(Challenge::Basic));
    }

    #[test]
    fn other_texts_are_no_way_in() {
        for text in ["", "Negotiate", "Bearer", r#"Bearer service="a""#, "Digest realm=\"a", "====", ",,,"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
