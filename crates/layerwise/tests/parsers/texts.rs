//! Texts to hold laws on: the seeds and dictionaries of the fuzz targets, and damage done to them.

use camino::Utf8Path;
use fs_err as fs;
use proptest::prelude::*;
use proptest::sample::Index;

/// The length of a long text, in bytes.
pub const LONG: usize = 100_000;

/// What one fuzz target starts from.
#[derive(Debug, Clone)]
pub struct Grammar {
    /// Whole texts.
    pub seeds: Vec<String>,
    /// What such texts are made of.
    pub words: Vec<String>,
}

impl Grammar {
    /// Of the fuzz target of this name.
    pub fn of(target: &str) -> Self {
        let fuzz = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        let seeds = fuzz.join("seeds").join(target).read_dir_utf8().unwrap();
        let mut seeds: Vec<_> = seeds.map(|entry| entry.unwrap().into_path()).collect();
        seeds.sort();
        let seeds: Vec<_> = seeds.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let dictionary = fs::read_to_string(fuzz.join("dictionaries").join(target)).unwrap();
        let words = dictionary.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
        let words: Vec<_> = words.map(unescaped).collect();
        assert!(!seeds.is_empty() && !words.is_empty(), "{target} has nothing to start from");
        Self { seeds, words }
    }
}

/// libFuzzer's escapes: `\\`, `\"` and `\x0A`.
fn unescaped(word: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(character) = rest.chars().next() {
        if let Some(hex) = rest.strip_prefix("\\x") {
            bytes.push(u8::from_str_radix(&hex[..2], 16).unwrap());
            rest = &hex[2..];
        } else {
            let character = if character == '\\' { rest[1..].chars().next().unwrap() } else { character };
            rest = &rest[usize::from(rest.starts_with('\\')) + character.len_utf8()..];
            bytes.extend(character.to_string().bytes());
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// One thing that is done to a text.
#[derive(Debug, Clone)]
enum Damage {
    Cut(Index, usize),
    Put(Index, String),
    Again(Index, usize, usize),
}

/// A seed, or nothing, with damage: pieces cut out, put in or repeated, most of them words of the grammar.
pub fn damaged(grammar: Grammar) -> impl Strategy<Value = String> {
    let Grammar { mut seeds, words } = grammar;
    seeds.push(String::new());
    let put = prop_oneof![4 => prop::sample::select(words), 1 => ".{0,8}", 1 => "[ -~\n]{1,3}"];
    let damage = prop_oneof![
        1 => (any::<Index>(), 0..40_usize).prop_map(|(at, length)| Damage::Cut(at, length)),
        3 => (any::<Index>(), put).prop_map(|(at, text)| Damage::Put(at, text)),
        1 => (any::<Index>(), 1..30_usize, 1..4_usize).prop_map(|(at, length, times)| Damage::Again(at, length, times)),
    ];
    (prop::sample::select(seeds), prop::collection::vec(damage, 0..12)).prop_map(|(seed, all)| {
        all.iter()
            .fold(seed.chars().collect::<Vec<_>>(), |mut text, damage| {
                let (Damage::Cut(at, _) | Damage::Put(at, _) | Damage::Again(at, _, _)) = damage;
                let at = at.index(text.len() + 1);
                let until = |length: &usize| text.len().min(at + length);
                match damage {
                    Damage::Cut(_, length) => drop(text.drain(at..until(length))),
                    Damage::Put(_, more) => drop(text.splice(at..at, more.chars())),
                    Damage::Again(_, length, times) => {
                        let piece = text[at..until(length)].repeat(*times);
                        drop(text.splice(at..at, piece));
                    }
                }
                text
            })
            .into_iter()
            .collect()
    })
}
