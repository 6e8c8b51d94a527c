//! How verdicts, reasons and counts read. Pure.

use layerwise::difference::Change;
use layerwise::plan::Reason;

/// How many changes a line on the terminal names.
const SHOWN: usize = 3;
/// How many changes of a stable base a line names.
const DRIFTED: usize = 10;

/// A reason in one line: at most three changes and how many more.
#[must_use]
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Changed { changes } => self::changes(changes, SHOWN),
        other => other.to_string(),
    }
}

/// What has changed in a stable base: more of it than of an image, because nothing else tells it.
#[must_use]
pub fn drift(changes: &[Change]) -> String {
    self::changes(changes, DRIFTED)
}

/// Changes, class by class, at most `limit` of them and how many more.
#[must_use]
pub fn changes(changes: &[Change], limit: usize) -> String {
    // Naming two and then "and 1 more" saves nothing.
    let limit = if changes.len() == limit + 1 { limit + 1 } else { limit };
    let shown = changes.iter().take(limit).cloned().collect();
    let mut text = Reason::Changed { changes: shown }.to_string();
    if changes.len() > limit {
        text.push_str(&format!(" and {} more", changes.len() - limit));
    }
    text
}

/// `1 image`, `2 images`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `1 image is`, `2 images are`.
#[must_use]
pub fn are(number: usize, noun: &str) -> String {
    format!("{} {}", count(number, noun), if number == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerwise::difference::What;
    use layerwise::layer::LayerClass;

    fn edited(count: usize) -> Vec<Change> {
        let what = |number| What::Edited { path: format!("f{number}") };
        (0..count).map(|number| Change { class: LayerClass::Handler, what: what(number) }).collect()
    }

    #[test]
    fn long_lists_are_shortened_but_never_for_one() {
        assert_eq!(changes(&edited(2), SHOWN), "handler: f0, f1");
        assert_eq!(changes(&edited(4), SHOWN), "handler: f0, f1, f2, f3");
        assert_eq!(changes(&edited(15), SHOWN), "handler: f0, f1, f2 and 12 more");
    }

    #[test]
    fn one_thing_is_not_many() {
        assert_eq!([0, 1, 2].map(|number| count(number, "base")), ["0 bases", "1 base", "2 bases"]);
    }
}
