//! Moments as BuildKit writes them. Only differences count, so no calendar is needed beyond counting days.

/// Milliseconds since 1970 of an RFC 3339 moment (`2026-11-20T11:58:15.035366094Z`, or with an offset in hours).
pub fn milliseconds(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once('T')?;
    let mut date = date.splitn(3, '-');
    let (year, month, day) = (number(date.next()?, 4)?, number(date.next()?, 2)?, number(date.next()?, 2)?);
    let zone = rest.rfind(['Z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let offset = match zone.split_at(1) {
        ("Z", _) => 0,
        ("-", offset) => -minutes(offset)?,
        (_, offset) => minutes(offset)?,
    };
    let (hours_minutes, seconds) = clock.rsplit_once(':')?;
    let seconds = (minutes(hours_minutes)? - offset) * 60 + number(seconds, 2)?;
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    Some((days(year, month, day) * 86_400 + seconds) * 1_000 + number(&fraction, 3)?)
}

fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    Some(number(hours, 2)? * 60 + number(minutes, 2)?)
}

/// A number of so many digits: RFC 3339 says how many each part has, and no sum of theirs overflows.
fn number(text: &str, digits: usize) -> Option<i64> {
    let fits = text.len() == digits && text.bytes().all(|c| c.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

/// Days since 1970, in the Gregorian calendar: Howard Hinnant's
/// [`days_from_civil`](https://howardhinnant.github.io/date_algorithms.html#days_from_civil).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn moments_are_milliseconds() {
        assert_eq!(milliseconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(milliseconds("2026-11-20T11:58:15.035366094Z"), Some(1_795_175_895_035));
        assert_eq!(milliseconds("2026-11-20T13:58:15.0353+02:00"), Some(1_795_175_895_035));
        assert_eq!(milliseconds("2024-02-29T23:59:59-00:30"), Some(1_709_252_999_000));
        assert_eq!(milliseconds("yesterday"), None);
        assert_eq!(milliseconds(""), None);
    }

    #[test]
    fn numbers_beyond_all_bounds_are_no_moment() {
        let largest = i64::MAX;
        for moment in [
            format!("{largest}-11-20T15:58:33Z"),
            format!("2026-{largest}-20T15:58:33Z"),
            format!("2026-11-{largest}T15:58:33Z"),
            format!("2026-11-20T{largest}:58:33Z"),
            format!("2026-11-20T15:{largest}:33Z"),
            format!("2026-11-20T15:58:{largest}Z"),
            format!("2026-11-20T15:58:33+{largest}:00"),
            "2026-11-20T15:58:33.+12Z".to_owned(),
        ] {
            assert_eq!(milliseconds(&moment), None, "{moment}");
        }
    }
}
