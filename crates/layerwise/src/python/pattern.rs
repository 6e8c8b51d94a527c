//! Patterns of names and of paths: `fnmatch`'s for names, `.dockerignore`'s for what a tree leaves out. Only for
//! deciding what to declare; what Docker matches is decided by the ignore file itself.

/// Whether `pattern` (`*`, `?`, `[a-z]`, `[!a]`, `[^a]`, `\` before a character) matches all of `name`.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut pattern, mut name) = (&pattern[..], &name[..]);
    // What stands behind the last star, and what of the name it has not skipped: only the last one ever has to skip more,
    // so the time is bounded by the product of both lengths.
    let mut star = None;
    loop {
        if let ['*', rest @ ..] = pattern {
            star = Some((rest, name));
            pattern = rest;
        } else if let Some(rests) = one(pattern, name) {
            (pattern, name) = rests;
        } else if pattern.is_empty() && name.is_empty() {
            return true;
        } else {
            let Some((behind, [_, rest @ ..])) = star else { return false };
            star = Some((behind, rest));
            (pattern, name) = (behind, rest);
        }
    }
}

/// What is left of both when the first thing in `pattern`, no star, takes the first character of `name`.
fn one<'a>(pattern: &'a [char], name: &'a [char]) -> Option<(&'a [char], &'a [char])> {
    let (&first, rest) = pattern.split_first()?;
    let (&character, name) = name.split_first()?;
    let (taken, rest) = match (first, rest) {
        ('?', rest) => (true, rest),
        ('[', rest) => match class(rest) {
            Some((class, rest)) => (is_in(class, character), rest),
            None => (character == '[', rest),
        },
        ('\\', [escaped, rest @ ..]) => (*escaped == character, rest),
        (literal, rest) => (literal == character, rest),
    };
    taken.then_some((rest, name))
}

/// What stands between `[` and `]`, and what follows. A `]` right at the start is a character of the class.
fn class(text: &[char]) -> Option<(&[char], &[char])> {
    let from = usize::from(matches!(text.first(), Some('!' | '^'))) + 1;
    let end = text.iter().skip(from).position(|&c| c == ']')? + from;
    Some((&text[..end], &text[end + 1..]))
}

fn is_in(class: &[char], character: char) -> bool {
    let (negated, mut class) = match class {
        ['!' | '^', rest @ ..] => (true, rest),
        class => (false, class),
    };
    let mut found = false;
    while let [first, rest @ ..] = class {
        (found, class) = match rest {
            ['-', last, rest @ ..] => (found || (*first..=*last).contains(&character), rest),
            rest => (found || *first == character, rest),
        };
    }
    found != negated
}

/// Whether `pattern` takes out the path `path` or a folder above it. Both are relative to the same folder.
pub(super) fn takes_out(pattern: &str, path: &str) -> bool {
    within(pattern, path).is_none()
}

/// The patterns that mean inside the folder `path` what `pattern` means outside of it; `None` when it takes out the
/// folder itself. (`**/a/b` within `a` is `**/a/b` and `b`.)
pub(super) fn within(pattern: &str, path: &str) -> Option<Vec<String>> {
    let pattern = parts(pattern);
    // Whatever is left of a pattern is its end, so there are never more of them than it has parts.
    let mut left = vec![&pattern[..]];
    for part in path.split('/').filter(|part| !part.is_empty()) {
        left = left.iter().flat_map(|pattern| step(pattern, part)).collect();
        left.sort();
        left.dedup();
        if left.iter().any(|pattern| pattern.is_empty()) {
            return None;
        }
    }
    Some(left.iter().map(|pattern| pattern.join("/")).collect())
}

fn parts(pattern: &str) -> Vec<&str> {
    let mut parts: Vec<_> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.dedup_by(|one, other| *one == "**" && *other == "**");
    parts
}

/// What is left of `pattern` after one step down into `part`; an empty one has matched.
fn step<'p, 'a>(pattern: &'p [&'a str], part: &str) -> Vec<&'p [&'a str]> {
    match pattern {
        [] => vec![],
        ["**"] => vec![&[]],
        ["**", rest @ ..] => {
            let mut left = step(rest, part);
            left.push(pattern);
            left
        }
        [first, rest @ ..] if matches(first, part) => vec![rest],
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (pattern, name, expected) in [
            ("LICEN[CS]E*", "LICENSE.txt", true),
            ("LICEN[CS]E*", "LICENCE", true),
            ("LICEN[CS]E*", "LICENTE", false),
            ("*", "", true),
            ("a*b*c", "axxbyyc", true),
            ("a?c", "ac", false),
            ("[!a]b", "ab", false),
            ("[^a]b", "cb", true),
            ("[a-c]", "b", true),
            ("[]]", "]", true),
            ("[a", "[a", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pathological_pattern_takes_no_longer_than_another() {
        assert!(!matches(&("*a".repeat(40) + "b"), &"a".repeat(250)));
        assert!(matches(&("*a".repeat(40) + "*"), &"a".repeat(250)));
        let folders = "a/".repeat(60);
        assert!(!takes_out(&("**/".repeat(60) + "b"), &folders));
        assert!(takes_out(&("**/".repeat(60) + "a"), &folders));
    }

    #[test]
    fn paths() {
        for (pattern, path, expected) in [
            ("**/tests", "tests", true),
            ("**/tests", "a/b/tests", true),
            ("**/tests", "a/tests/b.py", true),
            ("**/tests", "a/test", false),
            ("docs", "docs/a", true),
            ("docs", "a/docs", false),
            ("docs/**", "docs/a/b", true),
            ("docs/**", "docs", false),
            ("/a/*.py", "a/b.py", true),
        ] {
            assert_eq!(takes_out(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_pattern_seen_from_a_folder_inside() {
        for (pattern, folder, expected) in [
            ("src/a/data", "src/a", Some(vec!["data"])),
            ("**/a/data", "src/a", Some(vec!["**/a/data", "data"])),
            ("**/x", "src/a", Some(vec!["**/x"])),
            ("docs", "src/a", Some(vec![])),
            ("src", "src/a", None),
            ("s*/a", "src/a", None),
            ("x", "", Some(vec!["x"])),
        ] {
            let expected = expected.map(|all| all.into_iter().map(str::to_owned).collect());
            assert_eq!(within(pattern, folder), expected, "{pattern} {folder}");
        }
    }
}
