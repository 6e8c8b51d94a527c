//! How long answers took: one in short, many as a distribution. Pure.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How long many answers took.
#[derive(Debug, Default)]
pub struct Latencies {
    took: Vec<Duration>,
    errors: BTreeMap<String, usize>,
}

impl Latencies {
    /// One more answer, and its error.
    pub fn add(&mut self, took: Duration, error: Option<String>) {
        let place = self.took.partition_point(|other| *other <= took);
        self.took.insert(place, took);
        if let Some(error) = error {
            *self.errors.entry(error).or_default() += 1;
        }
    }

    /// Each error that came, and how often.
    pub fn errors(&self) -> impl Iterator<Item = (&str, usize)> {
        self.errors.iter().map(|(error, count)| (error.as_str(), *count))
    }

    /// The time within which `percent` of all answers came: the nearest rank.
    fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.took.len() * percent).div_ceil(100).clamp(1, self.took.len().max(1));
        self.took.get(rank - 1).copied().unwrap_or_default()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: usize = self.errors.values().sum();
        let [least, median, most_of, most] = [0, 50, 95, 100].map(|percent| short(self.percentile(percent)));
        write!(
            f,
            "{} answers, {errors} errors; min {least}, median {median}, p95 {most_of}, max {most}",
            self.took.len()
        )
    }
}

/// Milliseconds below a second, seconds above.
#[must_use]
pub fn short(took: Duration) -> String {
    match took.as_micros() {
        micros @ 0..1_000 => format!("0.{} ms", micros / 100),
        micros @ 1_000..999_500 => format!("{} ms", (micros + 500) / 1_000),
        _ => crate::console::seconds(took),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_names_ranks_that_were_measured() {
        let mut latencies = Latencies::default();
        assert_eq!(
            latencies.to_string(),
            "0 answers, 0 errors; min 0.0 ms, median 0.0 ms, p95 0.0 ms, max 0.0 ms"
        );
        for milliseconds in [5, 1, 3, 2, 4] {
            latencies.add(Duration::from_millis(milliseconds), (milliseconds > 3).then(|| "no".to_owned()));
        }
        assert_eq!(latencies.to_string(), "5 answers, 2 errors; min 1 ms, median 3 ms, p95 5 ms, max 5 ms");
        assert_eq!(latencies.errors().collect::<Vec<_>>(), [("no", 2)]);
    }

    #[test]
    fn times_are_short() {
        let short = |micros| short(Duration::from_micros(micros));
        assert_eq!(
            [90, 950, 1_499, 999_499, 999_500, 61_000_000].map(short),
            ["0.0 ms", "0.9 ms", "1 ms", "999 ms", "1.0s", "1m01s"]
        );
    }
}
