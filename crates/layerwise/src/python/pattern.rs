//! Patterns of names and of paths: `fnmatch`'s for names, `.dockerignore`'s for what a tree leaves out. Only for
//! deciding what to declare; what Docker matches is decided by the ignore file itself.

/// Whether `pattern` (`*`, `?`, `[a-z]`, `[!a]`, `[^a]`, `\` before a character) matches all of `name`.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    matches_chars(&pattern, &name)
}

fn matches_chars(pattern: &[char], name: &[char]) -> bool {
    let Some((&first, rest)) = pattern.split_first() else { return name.is_empty() };
    if first == '*' {
        return (0..=name.len()).any(|skip| matches_chars(rest, &name[skip..]));
    }
    let Some((&character, name)) = name.split_first() else { return false };
    match (first, rest) {
        ('?', rest) => matches_chars(rest, name),
        ('[', rest) => match class(rest) {
            Some((class, rest)) => is_in(class, character) && matches_chars(rest, name),
            None => character == '[' && matches_chars(rest, name),
        },
        ('\\', [escaped, rest @ ..]) => *escaped == character && matches_chars(rest, name),
        (literal, rest) => literal == character && matches_chars(rest, name),
    }
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
    let mut patterns = vec![parts(pattern)];
    for part in path.split('/').filter(|part| !part.is_empty()) {
        patterns = patterns.iter().flat_map(|pattern| step(pattern, part)).collect();
        if patterns.iter().any(Vec::is_empty) {
            return None;
        }
    }
    patterns.sort();
    patterns.dedup();
    Some(patterns.iter().map(|pattern| pattern.join("/")).collect())
}

fn parts(pattern: &str) -> Vec<&str> {
    pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect()
}

/// What is left of `pattern` after one step down into `part`; an empty one has matched.
fn step<'a>(pattern: &[&'a str], part: &str) -> Vec<Vec<&'a str>> {
    match pattern {
        [] => vec![],
        ["**"] => vec![vec![]],
        ["**", rest @ ..] => {
            let mut left = step(rest, part);
            left.push(pattern.to_vec());
            left
        }
        [first, rest @ ..] if matches(first, part) => vec![rest.to_vec()],
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
