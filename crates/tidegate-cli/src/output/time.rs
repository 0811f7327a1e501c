//! Times as text: RFC 3339 in UTC.

use jiff::Timestamp as Instant;
use tidegate::message::Timestamp;

/// The time as text; the number itself when the calendar ends before it.
pub(crate) fn shown(at: Timestamp) -> String {
    Instant::from_millisecond(at.0)
        .map_or_else(|_| at.0.to_string(), |instant| format!("{instant:.3}"))
}

/// Reads a time: RFC 3339, or how long ago.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    read(text, Instant::now())
}

fn read(text: &str, now: Instant) -> Result<Timestamp, String> {
    let ago =
        || text.parse::<jiff::SignedDuration>().ok().and_then(|ago| now.checked_sub(ago).ok());
    let at = text.parse::<Instant>().ok().or_else(ago);
    let at =
        at.ok_or("it must be a time such as 2026-01-31T03:00:00Z, or how long ago: 90m, 2h, 48h")?;
    Ok(Timestamp(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_moment_or_how_long_ago() {
        let now: Instant = "2026-01-31T03:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-01-30T00:00:00Z", "2026-01-30T00:00:00.000Z"),
            ("2026-01-30T01:00:00+01:00", "2026-01-30T00:00:00.000Z"),
            ("2h", "2026-01-31T01:00:00.000Z"),
            ("1h 30m", "2026-01-31T01:30:00.000Z"),
        ] {
            assert_eq!(shown(read(text, now).unwrap()), expected, "{text}");
        }
        assert!(read("yesterday", now).unwrap_err().contains("how long ago"));
    }

    #[test]
    fn a_time_beyond_the_calendar_is_its_number() {
        assert_eq!(shown(Timestamp(i64::MAX)), i64::MAX.to_string());
    }
}
