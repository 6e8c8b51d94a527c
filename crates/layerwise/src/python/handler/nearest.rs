//! Names that are like another one, for hints.

/// Of `names` at most three that may have been meant by `wanted`, the nearest first: a few edits away, or the same
/// last part.
pub(super) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let allowed = (wanted.chars().count() / 3).max(2);
    let last = |name: &str| name.rsplit('.').next().map(str::to_owned);
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (edits(wanted, name), name))
        .filter(|(edits, name)| *edits <= allowed || last(name) == last(wanted))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// The Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)] {
            assert_eq!((edits(a, b), edits(b, a)), (expected, expected));
        }
    }

    #[test]
    fn the_nearest_come_first() {
        assert_eq!(
            nearest("handler", ["handle", "handlers", "other", "a.handler"]),
            ["handle", "handlers", "a.handler"]
        );
    }
}
