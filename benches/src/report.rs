//! What is shown. The one place that prints.

#![allow(clippy::print_stdout, reason = "figures are this program's answer")]

use std::time::Duration;

use crate::measure::{Case, Times};

/// A line of text.
pub fn line(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}

/// The heading of a measurement.
pub fn heading(text: &str) {
    println!("\n{text}");
}

/// One line per case, each compared with the first one.
pub fn table(cases: &[Case<'_>], times: &[Times]) {
    println!("  {:<34} {:>9} {:>9} {:>9} {:>7}", "case", "median", "p90", "cpu", "ratio");
    let baseline = times.first().map(Times::median).unwrap_or_default();
    for (case, times) in cases.iter().zip(times) {
        let ratio = times.median().as_secs_f64() / baseline.as_secs_f64();
        println!(
            "  {:<34} {:>9} {:>9} {:>9} {ratio:>6.2}x",
            case.name,
            shown(times.median()),
            shown(times.p90()),
            shown(times.cpu())
        );
    }
}

/// Milliseconds, or seconds from ten on.
pub fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 10.0 { format!("{:.1} ms", seconds * 1_000.0) } else { format!("{seconds:.1} s") }
}
