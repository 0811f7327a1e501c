//! Rules for text that clients send: trimmed, NFC, bounded, nothing that cannot be seen or turns text around.

use serde_json::value::RawValue;
use unicode_normalization::UnicodeNormalization;

/// The text of a JSON string by the rules, at most `max` characters after trimming and NFC.
///
/// # Errors
/// What is wrong, to be put behind the field's name.
pub(super) fn read(json: &RawValue, max: usize) -> Result<String, String> {
    let given: String = serde_json::from_str(json.get()).map_err(|_| "must be text".to_owned())?;
    let text = if is_normal(&given) { given } else { normal(&given) };
    if text.is_empty() {
        return Err("is required".to_owned());
    }
    if text.chars().count() > max {
        return Err(format!("must be at most {max} characters"));
    }
    if text.chars().any(|c| c.is_control() || is_bidirectional(c)) {
        return Err("must not contain control or bidirectional characters".to_owned());
    }
    Ok(text)
}

/// ASCII is composed already: the usual text stays as it is.
fn is_normal(text: &str) -> bool {
    text.is_ascii() && text.trim().len() == text.len()
}

/// How text is kept, and therefore looked for: trimmed, NFC.
pub(super) fn normal(text: &str) -> String {
    text.trim().nfc().collect()
}

/// Characters that change the direction of the text around them (Unicode's `Bidi_Control`).
const fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Result<String, String> {
        read(&serde_json::from_str::<Box<RawValue>>(json).unwrap(), 128)
    }

    #[test]
    fn text_is_trimmed_and_composed() {
        assert_eq!(text("\" \\n caf\u{65}\u{301}\\u2003\"").unwrap(), "caf\u{e9}");
        assert_eq!(text("\"a b\"").unwrap(), "a b");
    }

    #[test]
    fn length_counts_characters_after_trimming_and_composing() {
        assert!(text(&format!("\" {} \"", "e\u{301}".repeat(128))).is_ok());
        assert!(text(&format!("\"{}\"", "é".repeat(129))).unwrap_err().contains("128"));
    }

    #[test]
    fn control_and_bidirectional_characters_are_refused() {
        for character in
            ["\\u0000", "\\t", "\\u007f", "\\u0085", "\u{061c}", "\u{200f}", "\u{202e}", "\u{2066}"]
        {
            let error = text(&format!("\"a{character}b\"")).unwrap_err();
            assert!(error.contains("control or bidirectional"), "{character:?}: {error}");
        }
    }

    #[test]
    fn what_is_no_text_or_empty_is_refused() {
        for (json, reason) in [
            ("1", "must be text"),
            ("null", "must be text"),
            ("\"\\ud800\"", "must be text"),
            ("\" \"", "is required"),
        ] {
            assert_eq!(text(json).unwrap_err(), reason, "{json}");
        }
    }
}
