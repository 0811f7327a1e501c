//! Bytes, as readable as they can be.

use std::fmt::Write;

use serde::Serialize;

use super::safe::{cut, lines};

/// Bytes as text where they are text, else as hexadecimal digits. No bytes at all (null) is `Option::None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "encoding", rename_all = "snake_case")]
pub(crate) enum Content {
    /// UTF-8.
    Text { text: String, bytes: usize },
    /// Everything else.
    Hex { hex: String, bytes: usize },
}

impl Content {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text { text: text.to_owned(), bytes: bytes.len() },
            Err(_) => Self::Hex { hex: hex(bytes), bytes: bytes.len() },
        }
    }

    /// On one line of so many characters: `null`, `(empty)`, text, or `0x…`.
    pub(crate) fn brief(content: Option<&Self>, max: usize) -> String {
        match content {
            None => "null".into(),
            Some(Self::Text { text, .. }) if text.is_empty() => "(empty)".into(),
            // Quotes tell a text from the words above.
            Some(Self::Text { text, .. }) if matches!(text.as_str(), "null" | "(empty)") => {
                format!("\"{text}\"")
            }
            Some(Self::Text { text, .. }) => cut(text, max),
            Some(Self::Hex { hex, .. }) => cut(&format!("0x{hex}"), max),
        }
    }

    /// A heading that says what it is, and all of it below.
    pub(crate) fn block(content: Option<&Self>) -> String {
        match content {
            None => "value: null (a tombstone)".into(),
            Some(Self::Text { bytes: 0, .. }) => "value: empty (0 bytes)".into(),
            Some(Self::Text { text, bytes }) => {
                format!("value: text, {bytes} bytes\n{}", lines(text))
            }
            Some(Self::Hex { hex, bytes }) => {
                format!("value: binary, {bytes} bytes\n{}", rows(hex))
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Sixteen bytes a line, each as two digits, with the place of the first before them.
fn rows(hex: &str) -> String {
    let pairs: Vec<&str> = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]).collect();
    let line = |(row, bytes): (usize, &[&str])| format!("{:08x}  {}", row * 16, bytes.join(" "));
    pairs.chunks(16).enumerate().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief(bytes: Option<&[u8]>) -> String {
        Content::brief(bytes.map(Content::of).as_ref(), 12)
    }

    #[test]
    fn null_empty_text_and_bytes_are_told_apart() {
        assert_eq!(brief(None), "null");
        assert_eq!(brief(Some(b"")), "(empty)");
        assert_eq!(brief(Some(b"null")), "\"null\"");
        assert_eq!(brief(Some(b"o-1\x07")), "o-1\\u{7}");
        assert_eq!(brief(Some(b"\xff\x00")), "0xff00");
        assert_eq!(brief(Some(&[0xff; 20])), "0xfffffffff…");
    }

    #[test]
    fn a_value_is_shown_whole() {
        let block = |bytes: Option<&[u8]>| Content::block(bytes.map(Content::of).as_ref());
        assert_eq!(block(None), "value: null (a tombstone)");
        assert_eq!(block(Some(b"")), "value: empty (0 bytes)");
        assert_eq!(block(Some(b"a\nb\x1b")), "value: text, 4 bytes\na\nb\\u{1b}");
        let binary = block(Some(&[0xff; 17]));
        assert!(binary.starts_with("value: binary, 17 bytes\n00000000  ff ff"), "{binary}");
        assert!(binary.ends_with("\n00000010  ff"), "{binary}");
    }

    #[test]
    fn as_json_it_says_its_encoding() {
        let json = |bytes: &[u8]| serde_json::to_string(&Content::of(bytes)).unwrap();
        assert_eq!(json(b"a"), r#"{"encoding":"text","text":"a","bytes":1}"#);
        assert_eq!(json(b"\xff"), r#"{"encoding":"hex","hex":"ff","bytes":1}"#);
    }
}
