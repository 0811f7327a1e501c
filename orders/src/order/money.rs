//! Exact amounts of money: read from their text, written with the same digits, never through a float.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A positive amount with at most two decimals, up to 10^9.
///
/// In JSON it is read from a number or a string, and written as a number. The digits stay as they came: `0.10` is
/// written as `0.10`. An exponent is taken (it is legal JSON, and exact) and written out: `1e2` becomes `100`.
///
/// Proven by `digits_survive_a_round_trip` and `what_is_no_price_is_refused`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(Decimal);

/// Why a text is not an amount of money. Each message goes on behind a field's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// Neither a JSON number nor a string that holds one.
    #[error("must be a decimal number, such as 12.50")]
    NotANumber,
    /// Zero or less.
    #[error("must be positive")]
    NotPositive,
    /// A third decimal was written, even if it is 0.
    #[error("must have at most two decimals")]
    TooPrecise,
    /// Over [`Money::MAX`].
    #[error("must be at most 1000000000")]
    TooLarge,
}

impl Money {
    /// The largest amount.
    pub const MAX: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

    /// Longer texts are refused unread. The largest legal price takes 13 characters.
    const MAX_TEXT: usize = 64;

    /// Reads a JSON value: a number, or a string that holds one.
    ///
    /// # Errors
    /// [`MoneyError`], whichever rule is broken first.
    pub fn from_json(json: &RawValue) -> Result<Self, MoneyError> {
        match json.get() {
            text if text.starts_with('"') => {
                let text: String =
                    serde_json::from_str(text).map_err(|_| MoneyError::NotANumber)?;
                text.parse()
            }
            number => number.parse(),
        }
    }

    /// The amount as a decimal.
    #[must_use]
    pub const fn decimal(self) -> Decimal {
        self.0
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let amount = decimal(text)?;
        if amount.is_zero() {
            return Err(MoneyError::NotPositive);
        }
        if amount > Self::MAX {
            return Err(MoneyError::TooLarge);
        }
        if amount.scale() > 2 {
            return Err(MoneyError::TooPrecise);
        }
        Ok(Self(amount))
    }
}

/// A decimal by JSON's own grammar for numbers: `Decimal` alone would take `1_000` and `+1` too.
fn decimal(text: &str) -> Result<Decimal, MoneyError> {
    let is_number = text.len() <= Money::MAX_TEXT
        && text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<&RawValue>(text).is_ok_and(|json| json.get() == text);
    if !is_number {
        return Err(MoneyError::NotANumber);
    }
    if text.starts_with('-') {
        return Err(MoneyError::NotPositive);
    }
    match text.find(['e', 'E']) {
        None => exact(text),
        Some(at) => shifted(exact(&text[..at])?, &text[at + 1..]),
    }
}

/// More digits than a `Decimal` holds are too many on one side of the point or the other.
fn exact(digits: &str) -> Result<Decimal, MoneyError> {
    Decimal::from_str_exact(digits).map_err(|_| match digits.find('.') {
        Some(point) if point <= 20 => MoneyError::TooPrecise,
        _ => MoneyError::TooLarge,
    })
}

/// `mantissa` times ten to the power of `exponent`, without rounding.
fn shifted(mantissa: Decimal, exponent: &str) -> Result<Decimal, MoneyError> {
    if mantissa.is_zero() {
        return Ok(mantissa);
    }
    let negative = exponent.starts_with('-');
    let out_of_reach = if negative { MoneyError::TooPrecise } else { MoneyError::TooLarge };
    let exponent: i64 = exponent.parse().map_err(|_| out_of_reach)?;
    let scale = i64::from(mantissa.scale()) - exponent.clamp(-1_000, 1_000);
    if let Ok(scale @ 0..=28) = u32::try_from(scale) {
        return Ok(Decimal::from_i128_with_scale(mantissa.mantissa(), scale));
    }
    let factor = u32::try_from(-scale).ok().and_then(|power| 10_i128.checked_pow(power));
    factor
        .and_then(|factor| mantissa.mantissa().checked_mul(factor))
        .and_then(|value| Decimal::try_from_i128_with_scale(value, 0).ok())
        .ok_or(out_of_reach)
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_json(&json)
            .map_err(|error| D::Error::custom(format!("an amount of money {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<String, MoneyError> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        Money::from_json(&raw).map(|money| serde_json::to_string(&money).unwrap())
    }

    #[test]
    fn digits_survive_a_round_trip() {
        for (json, written) in [
            ("12.5", "12.5"),
            ("0.10", "0.10"),
            ("\"0.10\"", "0.10"),
            ("0.30", "0.30"),
            ("1000000000", "1000000000"),
            ("1000000000.00", "1000000000.00"),
            ("999999999.99", "999999999.99"),
        ] {
            assert_eq!(read(json).as_deref(), Ok(written), "{json}");
        }
    }

    #[test]
    fn an_exponent_is_exact_and_written_out() {
        for (json, written) in [
            ("1e2", "100"),
            ("1E+2", "100"),
            ("1.50e1", "15.0"),
            ("1250e-2", "12.50"),
            ("\"5e-1\"", "0.5"),
        ] {
            assert_eq!(read(json).as_deref(), Ok(written), "{json}");
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        use MoneyError::{NotANumber, NotPositive, TooLarge, TooPrecise};
        for (json, error) in [
            ("0", NotPositive),
            ("-1", NotPositive),
            ("-0.00", NotPositive),
            ("-1e30", NotPositive),
            ("-0.001", NotPositive),
            ("0e999999999999999999999", NotPositive),
            ("0.001", TooPrecise),
            ("1.000", TooPrecise),
            ("1e-3", TooPrecise),
            ("1e-999999999999999999999", TooPrecise),
            ("0.1234567890123456789012345678901234567", TooPrecise),
            ("1000000000.01", TooLarge),
            ("1e10", TooLarge),
            ("1e999999999999999999999", TooLarge),
            ("99999999999999999999999999999999999999", TooLarge),
            ("null", NotANumber),
            ("true", NotANumber),
            ("[1]", NotANumber),
            ("\"\"", NotANumber),
            ("\" 1\"", NotANumber),
            ("\"+1\"", NotANumber),
            ("\"1_000\"", NotANumber),
            ("\".5\"", NotANumber),
            ("\"NaN\"", NotANumber),
            ("\"12,50\"", NotANumber),
        ] {
            assert_eq!(read(json), Err(error), "{json}");
        }
    }
}
