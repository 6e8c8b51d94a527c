//! The names that a Python module defines at its top level, seen line by line. Not a parser: it knows strings,
//! comments, brackets, continued lines and indentation, and takes the rest as it comes.

use std::collections::BTreeSet;

/// What a module defines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Definitions {
    names: BTreeSet<String>,
    /// Whether it may define more than can be seen: `from x import *`, or a module's `__getattr__` (PEP 562).
    is_open: bool,
}

impl Definitions {
    /// Reads `source`. Definitions inside `if`, `try`, `with` and loops are the module's own; those inside of a
    /// function or a class are not.
    pub fn of(source: &str) -> Self {
        let mut definitions = Self::default();
        // The indentation of every `class` and `def` around the current line.
        let mut around: Vec<usize> = Vec::new();
        for (indent, line) in logical_lines(source) {
            while around.last().is_some_and(|&outer| outer >= indent) {
                around.pop();
            }
            let is_own = around.is_empty();
            if let Some(name) = block_name(&line) {
                around.push(indent);
                if is_own {
                    definitions.add(name);
                }
            } else if is_own {
                for statement in body(&line).split(';') {
                    definitions.read(statement.trim());
                }
            }
        }
        definitions.is_open |= definitions.names.contains("__getattr__");
        definitions
    }

    pub fn has(&self, name: &str) -> bool {
        self.is_open || self.names.contains(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    fn add(&mut self, name: &str) {
        let is_start = |c: char| c == '_' || c.is_alphabetic();
        if name.starts_with(is_start) && name.chars().all(|c| c == '_' || c.is_alphanumeric()) {
            self.names.insert(name.to_owned());
        }
    }

    fn read(&mut self, statement: &str) {
        if let Some(imports) = after_word(statement, "import") {
            for import in imports.split(',') {
                // `import a.b` defines `a`.
                let first = import.split('.').next().unwrap_or_default();
                self.add(alias(import).unwrap_or(first).trim());
            }
        } else if let Some(imports) = imported(statement) {
            for import in imports.trim().trim_matches(['(', ')']).split(',').map(str::trim) {
                self.is_open |= import == "*";
                self.add(alias(import).unwrap_or(import));
            }
        } else {
            for target in assigned(statement) {
                // `name: Type = …`, `a, (b, *c) = …`
                let target = target.split(':').next().unwrap_or_default();
                for name in target.split(',') {
                    self.add(name.trim_matches(|c: char| c.is_whitespace() || "()[]*".contains(c)));
                }
            }
        }
    }
}

/// The name behind `class`, `def` or `async def`.
fn block_name(line: &str) -> Option<&str> {
    let line = after_word(line, "async").unwrap_or(line);
    let rest = after_word(line, "def").or_else(|| after_word(line, "class"))?;
    rest.split(|c: char| !(c == '_' || c.is_alphanumeric())).next()
}

fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
}

/// What `from … import …` imports.
fn imported(statement: &str) -> Option<&str> {
    let from = statement.strip_prefix("from").filter(|rest| rest.starts_with([' ', '\t', '.']))?;
    let imports = from.match_indices("import").map(|(at, word)| (&from[..at], &from[at + word.len()..]));
    // The module's own name may hold the word: `from importlib import …`.
    let mut imports = imports.filter(|(before, after)| {
        before.ends_with([' ', '\t', '.']) && after.starts_with([' ', '\t', '(', '*'])
    });
    imports.next().map(|(_, imports)| imports)
}

/// The name behind ` as `.
fn alias(import: &str) -> Option<&str> {
    import.split_once(" as ").map(|(_, name)| name.trim())
}

/// What stands on the same line behind the colon of `if …:`, `try:` and the like; the whole line for anything else.
fn body(line: &str) -> &str {
    let word = line.split(|c: char| !(c == '_' || c.is_alphanumeric())).next().unwrap_or_default();
    match word {
        "if" | "elif" | "else" | "try" | "except" | "finally" | "with" | "for" | "while" => {
            outside_brackets(line).find(|&(_, c)| c == ':').map_or("", |(at, _)| &line[at + 1..])
        }
        _ => line,
    }
}

/// The targets of an assignment: `a` and `b` of `a = b = 1`.
fn assigned(statement: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    let mut start = 0;
    for (at, _) in outside_brackets(statement).filter(|&(_, c)| c == '=') {
        let compares = |c: char| "=!<>:+-*/%&|^@".contains(c);
        if statement[..at].ends_with(compares) || statement[at + 1..].starts_with('=') {
            continue;
        }
        targets.push(&statement[start..at]);
        start = at + 1;
    }
    targets
}

fn outside_brackets(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut depth = 0_usize;
    text.char_indices().filter(move |&(_, c)| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}

/// The source's logical lines with their indentation: continued ones joined, comments gone, each string as `""`.
fn logical_lines(source: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut depth = 0_usize;
    let mut rest = source.trim_start_matches('\u{feff}');
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '#' => rest = &rest[rest.find('\n').unwrap_or(rest.len())..],
            '"' | '\'' => {
                rest = after_string(c, rest);
                line.push_str("\"\"");
            }
            '\\' if rest.trim_start_matches('\r').starts_with('\n') => {
                rest = rest.trim_start_matches('\r').trim_start_matches('\n');
                line.push(' ');
            }
            '\n' if depth > 0 => line.push(' '),
            '\n' => end_line(&mut line, &mut lines),
            '\r' => {}
            c => {
                match c {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                line.push(c);
            }
        }
    }
    end_line(&mut line, &mut lines);
    lines
}

fn end_line(line: &mut String, lines: &mut Vec<(usize, String)>) {
    let text = std::mem::take(line);
    let code = text.trim();
    if !code.is_empty() {
        let indent = text.chars().take_while(|c| c.is_whitespace());
        // As Python counts: a tab reaches to the next multiple of eight.
        let indent = indent.fold(0, |width, c| if c == '\t' { (width / 8 + 1) * 8 } else { width + 1 });
        lines.push((indent, code.to_owned()));
    }
}

/// What follows a string that was opened with `quote`. A string in single quotes ends with its line at the latest.
fn after_string(quote: char, rest: &str) -> &str {
    let twice = [quote, quote].iter().collect::<String>();
    let triple = format!("{twice}{quote}");
    let (end, rest) = match rest.strip_prefix(&twice) {
        Some(rest) => (triple.as_str(), rest),
        None => (&twice[..1], rest),
    };
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if end.len() == 1 => return &rest[at..],
            _ if rest[at..].starts_with(end) => return &rest[at + end.len()..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests;
