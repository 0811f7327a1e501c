//! What `orders load` takes on the command line, checked as it is parsed.

use std::str::FromStr;
use std::time::Duration;

/// Generates orders, waits for them, and judges what became of each one.
#[derive(Debug, Clone, clap::Args)]
pub struct LoadArgs {
    /// How many orders to send (1 to 1,000,000)
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub count: u32,
    /// Orders per second; 0 sends as fast as the service answers
    #[arg(long, default_value_t = 0)]
    pub rate: u32,
    /// Share that is made to fail: evenly fail-transient-1, fail-always, fail-permanent
    #[arg(long, default_value = "0%")]
    pub failing: Percent,
    /// Share whose record is published twice (needs ALLOW_SIMULATION=true)
    #[arg(long, default_value = "0%")]
    pub duplicates: Percent,
    /// Share whose record is held back a moment (needs ALLOW_SIMULATION=true)
    #[arg(long, default_value = "0%")]
    pub late: Percent,
    /// How many customers the orders are spread over (1 to 1,000)
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub keys: u32,
    /// Seed of the draw, to send the same mix again [default: drawn, and printed]
    #[arg(long)]
    pub seed: Option<u64>,
    /// How long to wait for final states while nothing moves
    #[arg(long, default_value = "180s", value_parser = parse_duration)]
    pub settle: Duration,
    /// Requests in flight at once (1 to 1,024)
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub concurrency: u32,
    /// Falsifies the comparison, which must then fail: the test of the test
    #[arg(long, value_name = "FAULT")]
    pub self_test: Option<SelfTest>,
}

/// A fault put into the comparison on purpose; the run must then exit 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SelfTest {
    /// Hides one effect of the ledger.
    Lost,
    /// Counts one effect of the ledger twice.
    Repeated,
}

/// A share between 0% and 100%, written with its sign: `2%`, `0.5%`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percent(f64);

impl Percent {
    /// The share as a fraction between 0 and 1.
    #[must_use]
    pub fn fraction(self) -> f64 {
        self.0 / 100.0
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim().strip_suffix('%').ok_or("write a percentage, for example 2%")?;
        match digits.trim().parse::<f64>() {
            Ok(value) if (0.0..=100.0).contains(&value) => Ok(Self(value)),
            _ => Err("a percentage lies between 0% and 100%".to_owned()),
        }
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|signed| Duration::try_from(signed).ok())
        .ok_or_else(|| "write a time with its unit, for example 180s or 3m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_has_its_sign_and_its_bounds() {
        assert_eq!("2%".parse(), Ok(Percent(2.0)));
        assert_eq!("0.5%".parse(), Ok(Percent(0.5)));
        for bad in ["2", "101%", "-1%", "NaN%", "%", "two%"] {
            assert!(bad.parse::<Percent>().is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn a_time_has_its_unit() {
        assert_eq!(parse_duration("180s"), Ok(Duration::from_secs(180)));
        assert_eq!(parse_duration("3m"), Ok(Duration::from_secs(180)));
        assert!(parse_duration("180").is_err());
        assert!(parse_duration("-5s").is_err());
    }
}
