//! A pattern as a list of tokens, and its match against a path. Knows no `!`, no lines and no parents.

use std::iter::Peekable;
use std::str::Chars;

/// A parsed pattern.
#[derive(Debug, Clone)]
pub(super) struct Glob {
    tokens: Vec<Token>,
    /// The last literal: a path without it is told apart quickly, and nearly every path is without it.
    sign: String,
    /// The first thing in it that Docker's translation would turn into an operator of its regular expression.
    operator: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// Characters that stand for themselves.
    Literal(String),
    /// One that stands for itself because of a `\` before it, or a `]` without its `[`. Docker no longer compares texts then.
    Escaped(char),
    /// `?`: one character, not `/`.
    One,
    /// `*`: characters, none of them `/`.
    Star,
    /// `**` or `**/` before something else: nothing, or anything that ends in `/`.
    Folders,
    /// `**` at the end: anything.
    Rest,
    /// `[a-z]`: one character of the ranges; `[^a-z]`: one of the others, which may be `/`.
    Set { negated: bool, ranges: Vec<(char, char)> },
}

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("nothing stands behind the `!`")]
    OnlyExclamation,
    #[error("the set is not closed, is empty, or has a range without an end")]
    BadSet,
    #[error("nothing stands behind the `\\`")]
    NothingEscaped,
    #[error("Docker reads {0} as an operator of a regular expression")]
    Operator(&'static str),
}

impl Fault {
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::OnlyExclamation => "write the path that the exception lets in, or delete the line",
            Self::BadSet => "write a set as `[abc]`, `[a-z]` or `[^a-z]`, and a literal bracket as `\\[`",
            Self::NothingEscaped => "write a literal backslash as `\\\\`, and a blank at the end as `[ ]`",
            Self::Operator(_) => {
                "write `\\` before a punctuation character to take it literally; a letter or digit needs none"
            }
        }
    }
}

impl Glob {
    /// Reads a pattern by the grammar of Go's `filepath.Match`, with `**`.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut glob = Self { tokens: Vec::new(), sign: String::new(), operator: None };
        // Most patterns start with the path of a folder.
        let plain = text.bytes().position(may_mean_something).unwrap_or(text.len());
        let (literal, rest) = text.split_at(plain);
        if !literal.is_empty() {
            glob.tokens.push(Token::Literal(literal.to_owned()));
        }
        let mut rest = rest.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    rest.next_if_eq(&'/');
                    glob.tokens.push(if rest.peek().is_none() { Token::Rest } else { Token::Folders });
                }
                '*' => glob.tokens.push(Token::Star),
                '?' => glob.tokens.push(Token::One),
                '[' => {
                    let set = set(&mut rest)?;
                    glob.tokens.push(set);
                }
                '\\' => glob.tokens.push(Token::Escaped(escaped(&mut rest)?)),
                ']' => glob.tokens.push(Token::Escaped(']')),
                _ => {
                    glob.operator = glob.operator.or(match character {
                        '^' => Some("`^`"),
                        '|' => Some("`|`"),
                        '{' if rest.peek().is_some_and(char::is_ascii_digit) => Some("`{`"),
                        _ => None,
                    });
                    glob.literal(character);
                }
            }
        }
        let last = glob.tokens.iter().rev().find_map(|token| match token {
            Token::Literal(text) => Some(text.clone()),
            _ => None,
        });
        glob.sign = last.unwrap_or_default();
        Ok(glob)
    }

    fn literal(&mut self, character: char) {
        if let Some(Token::Literal(text)) = self.tokens.last_mut() {
            text.push(character);
        } else {
            self.tokens.push(Token::Literal(character.into()));
        }
    }

    /// The tokens, in order.
    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Refuses what would be an operator in a regular expression.
    pub(super) fn without_operators(self) -> Result<Self, Fault> {
        self.operator.map_or(Ok(self), |operator| Err(Fault::Operator(operator)))
    }

    /// Whether the tokens match the whole of `path`.
    ///
    /// Each token moves the set of places in `path` that the tokens before it can lead to, so the time is bounded by tokens
    /// times characters, whatever the pattern.
    pub(super) fn matches(&self, path: &str) -> bool {
        let signed = match self.tokens.last() {
            Some(Token::Literal(last)) => path.ends_with(last.as_str()),
            _ => path.contains(&self.sign),
        };
        if !signed {
            return false;
        }
        let mut places = vec![0];
        for token in &self.tokens {
            places = token.advance(path, &places);
            if places.is_empty() {
                return false;
            }
        }
        places.last() == Some(&path.len())
    }
}

impl Token {
    /// Where this token can end in `path` when it starts at one of `places`; both sorted.
    fn advance(&self, path: &str, places: &[usize]) -> Vec<usize> {
        let one = |accepts: &dyn Fn(char) -> bool| {
            let next =
                |&at: &usize| path[at..].chars().next().filter(|&c| accepts(c)).map(|c| at + c.len_utf8());
            places.iter().filter_map(next).collect()
        };
        match self {
            Self::Literal(text) => places
                .iter()
                .filter(|&&at| path[at..].starts_with(text.as_str()))
                .map(|at| at + text.len())
                .collect(),
            Self::Escaped(character) => one(&|c| c == *character),
            Self::One => one(&|c| c != '/'),
            Self::Set { negated, ranges } => {
                one(&|c| ranges.iter().any(|&(low, high)| (low..=high).contains(&c)) != *negated)
            }
            Self::Star => {
                let mut reached = Vec::new();
                for &at in places {
                    // What the star reached from an earlier place of the same part is not gone through twice.
                    if reached.last().is_some_and(|&last| last >= at) {
                        continue;
                    }
                    let part = path[at..].split('/').next().unwrap_or_default();
                    reached.extend(part.char_indices().map(|(index, _)| at + index));
                    reached.push(at + part.len());
                }
                reached
            }
            Self::Folders => {
                let first = places[0];
                let behind_slashes = path[first..].match_indices('/').map(|(index, _)| first + index + 1);
                let mut reached: Vec<_> = places.iter().copied().chain(behind_slashes).collect();
                reached.sort_unstable();
                reached.dedup();
                reached
            }
            Self::Rest => vec![path.len()],
        }
    }
}

/// Whether a byte could be anything else than a character that stands for itself.
fn may_mean_something(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\' | b'^' | b'|' | b'{')
}

/// Reads what stands behind a `\`. Docker gives a letter or a digit there to its regular expression, where it is a class or an
/// assertion, and anything beyond ASCII is an error.
fn escaped(rest: &mut Peekable<Chars>) -> Result<char, Fault> {
    match rest.next() {
        None => Err(Fault::NothingEscaped),
        Some(character) if character.is_ascii() && !character.is_ascii_alphanumeric() => Ok(character),
        Some(_) => Err(Fault::Operator("a letter or digit behind `\\`")),
    }
}

/// Reads a set, the `[` having been read.
fn set(rest: &mut Peekable<Chars>) -> Result<Token, Fault> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while ranges.is_empty() || rest.next_if_eq(&']').is_none() {
        let low = member(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { member(rest)? } else { low };
        if high < low {
            return Err(Fault::BadSet);
        }
        ranges.push((low, high));
    }
    Ok(Token::Set { negated, ranges })
}

/// Reads one character of a set.
fn member(rest: &mut Peekable<Chars>) -> Result<char, Fault> {
    match rest.next() {
        None | Some('-' | ']') => Err(Fault::BadSet),
        Some('\\') => escaped(rest),
        Some('*' | '?') => Err(Fault::Operator("`*` or `?` in a set")),
        Some('[') if rest.peek() == Some(&':') => Err(Fault::Operator("`[:` in a set")),
        Some(character) => Ok(character),
    }
}
