//! Where a page of orders ends: opaque to callers, so that its content may change.

/// The last order of a page. Text of it is hexadecimal, safe in a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub(super) created_us: i64,
    pub(super) order_id: String,
}

/// A cursor that this program did not make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor of this list: take the one that the page before gave")]
pub struct BadCursor;

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = format!("1.{}.{}", self.created_us, self.order_id);
        plain.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let plain = String::from_utf8(unhex(text)?).map_err(|_| BadCursor)?;
        let mut parts = plain.splitn(3, '.');
        let (Some("1"), Some(created), Some(id)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(BadCursor);
        };
        let created_us = created.parse().map_err(|_| BadCursor)?;
        Ok(Self { created_us, order_id: id.to_owned() })
    }
}

fn unhex(text: &str) -> Result<Vec<u8>, BadCursor> {
    let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(BadCursor);
    let pair = |pair: &[u8]| match pair {
        [high, low] => Ok((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => Err(BadCursor),
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_trip_through_a_url() {
        let cursor = Cursor { created_us: -5, order_id: "o.1 ü".into() };
        assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()));
        assert!(cursor.to_string().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "zz", "3", "é", "312e78", "322e312e6f"] {
            assert_eq!(text.parse::<Cursor>(), Err(BadCursor), "{text:?}");
        }
    }
}
