//! Random trees, and lists of patterns that have something to do with them.

use std::collections::BTreeSet;

use super::Case;
use crate::random::Random;

/// Parts of paths: short, so that patterns meet them, and odd.
const PARTS: [&str; 30] = [
    "a", "b", "ab", "abc", "a.b", ".a", "..a", "a b", "é", "日本", "!a", "#a", "[a]", "a*", "a?b", r"a\b",
    "-a", "~a", "a{1}", "A", "sub", "sub", "tests", "a^b", "a|b", "$a", "a(b)+", "a]", " a", "b ",
];

/// A case of its own for every call.
pub fn case(random: &mut Random) -> Case {
    let paths = tree(random);
    let mut lines = Vec::new();
    if random.chance(35) {
        lines.push((*random.pick(&["*", "**", "sub", "a", "*/*"])).to_owned());
    }
    for _ in 0..=random.below(5) {
        lines.push(line(random, &paths));
    }
    let end = if random.chance(10) { "\r\n" } else { "\n" };
    let mut text = lines.join(end);
    if random.chance(70) {
        text.push_str(end);
    }
    if random.chance(3) {
        text.insert(0, '\u{feff}');
    }
    Case { text, paths }
}

fn tree(random: &mut Random) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for _ in 0..4 + random.below(10) {
        let parts: Vec<_> = (0..=random.below(4)).map(|_| *random.pick(&PARTS)).collect();
        let path = parts.join("/");
        let in_the_way = files.iter().any(|other: &String| {
            other == &path || other.starts_with(&format!("{path}/")) || path.starts_with(&format!("{other}/"))
        });
        if !in_the_way {
            files.insert(path);
        }
    }
    // A slash at the end says that it is an empty folder.
    files.into_iter().map(|path| if random.chance(10) { path + "/" } else { path }).collect()
}

fn line(random: &mut Random, paths: &BTreeSet<String>) -> String {
    if random.chance(5) {
        return (*random.pick(&["", "# a", " # a", "#", ".", "/", "!.", "!..", "!**", "  "])).to_owned();
    }
    let paths: Vec<_> = paths.iter().collect();
    let mut parts: Vec<String> =
        random.pick(&paths).trim_end_matches('/').split('/').map(str::to_owned).collect();
    parts.truncate(1 + random.below(parts.len()));
    if random.chance(25) {
        parts.remove(0);
    }
    let mut parts: Vec<String> = parts.iter().map(|part| pattern(random, part)).collect();
    match random.below(12) {
        0 => parts.insert(0, "**".to_owned()),
        1 => parts.push("**".to_owned()),
        2 => parts.push("*".to_owned()),
        3 => parts.insert(random.below(parts.len() + 1), "**".to_owned()),
        // Of such an exception BuildKit sees the folder before the two alone.
        5 => parts.extend(["*", "**"].map(str::to_owned)),
        4 => parts.insert(random.below(parts.len() + 1), (*random.pick(&[".", "..", "", "x/.."])).to_owned()),
        _ => {}
    }
    let mut line = parts.join("/");
    match random.below(14) {
        0 => line.insert(0, '/'),
        1 => line.insert_str(0, "./"),
        2 => line.push('/'),
        3 => line.insert(0, ' '),
        4 => line.push(*random.pick(&[' ', '\t'])),
        5 => line.push_str("//"),
        _ => {}
    }
    if random.chance(40) {
        let exception = *random.pick(&["!", "!", "!", "!", "!", "! ", " !", "!!", "!/"]);
        line.insert_str(0, exception);
    }
    line
}

/// A pattern that matches `part`, or would but for a detail.
fn pattern(random: &mut Random, part: &str) -> String {
    match random.below(10) {
        0 => return "*".to_owned(),
        1 => return "**".to_owned(),
        _ => {}
    }
    let mut pattern = String::new();
    for character in part.chars() {
        let special = matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '|' | '{' | '#' | '!');
        match random.below(24) {
            0 => pattern.push('?'),
            1 => pattern.push('*'),
            2 => pattern.push_str("**"),
            3 => pattern.push_str("[^x]"),
            4 => pattern.push_str("[a-z]"),
            5 if !special => pattern.extend(['[', character, ']']),
            6 if character.is_ascii_punctuation() => pattern.extend(['\\', character]),
            _ if special && random.chance(75) => pattern.extend(['\\', character]),
            _ => pattern.push(character),
        }
    }
    if random.chance(8) {
        pattern.push('*')
    }
    pattern
}
