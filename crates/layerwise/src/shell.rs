//! Quoting for `/bin/sh`. Never runs anything.

/// `text` as one word for a POSIX shell: as it is where that is safe, in single quotes otherwise.
#[must_use]
pub fn quote(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn only_what_needs_quotes_gets_them() {
        assert_eq!(quote("numpy==2.1"), "numpy==2.1");
        assert_eq!(quote("numpy>=2,<3"), "'numpy>=2,<3'");
        assert_eq!(quote("receipt_label[full]"), "'receipt_label[full]'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("$HOME"), "'$HOME'");
    }
}
