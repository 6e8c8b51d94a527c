//! Takes secret values out of what builds print, before it is shown or written anywhere.

/// Shorter texts are left alone: replacing every `a` would hide the log, not the secret.
const SHORTEST: usize = 6;
const HIDDEN: &str = "***";

/// What may not be shown.
#[derive(Default)]
pub struct Redactor {
    texts: Vec<String>,
}

impl Redactor {
    /// Hides the secret texts, line by line, as output is read in lines. Of a line `key = value` or `login me password …`
    /// the words are hidden too that look like tokens: hiding `localhost` would make every log a riddle.
    pub fn new(secrets: &[String]) -> Self {
        let parts = |line: &'_ str| -> Vec<String> {
            let value = line.split_once('=').map(|(_, value)| value.trim());
            let words = value.into_iter().chain(line.split_whitespace()).filter(|word| is_token(word));
            std::iter::once(line.trim()).chain(words).map(str::to_owned).collect()
        };
        let lines = secrets.iter().flat_map(|secret| secret.lines());
        let mut texts: Vec<_> = lines.flat_map(parts).filter(|text| text.len() >= SHORTEST).collect();
        // The longest first, so that a part of a secret does not leave the rest of it to be seen.
        texts.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        texts.dedup();
        Self { texts }
    }

    /// `line` without the secrets, and without the user part of any URL: tokens of package indexes live there.
    pub fn clean(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for text in &self.texts {
            if line.contains(text.as_str()) {
                line = line.replace(text.as_str(), HIDDEN);
            }
        }
        without_userinfo(&line)
    }
}

fn is_token(value: &str) -> bool {
    value.len() >= 16
        && !value.starts_with('/')
        && !value.contains("://")
        && !value.contains(char::is_whitespace)
}

fn without_userinfo(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        clean.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "/?#\"'<>".contains(c)).unwrap_or(after.len());
        let (authority, after) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((_, host)) => clean.extend([HIDDEN, "@", host]),
            None => clean.push_str(authority),
        }
        rest = after;
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_users_of_urls_are_hidden() {
        let text = "[global]\nindex-url = https://me:hunter2@index.example/simple\ntoken = abcdefghijklmnop\ntrusted-host = localhost\n";
        let redactor = Redactor::new(&[text.to_owned()]);
        assert_eq!(redactor.clean("+ echo abcdefghijklmnop"), "+ echo ***");
        assert_eq!(
            redactor.clean("Looking in https://me:hunter2@index.example/simple/x"),
            "Looking in https://***@index.example/simple/x"
        );
        assert_eq!(
            redactor.clean("from https://a:b@c/x and ssh://d@e"),
            "from https://***@c/x and ssh://***@e"
        );
        assert_eq!(redactor.clean("pushing to localhost:5000/a"), "pushing to localhost:5000/a");
    }
}
