//! Text that others wrote, made fit for headers and logs.

/// The text with control characters escaped, at most `max` bytes, cut between characters. A cut ends in `…`.
pub(crate) fn escaped(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    for c in text.chars() {
        let before = out.len();
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        if out.len() > max {
            out.truncate(before);
            return cut(out, max);
        }
    }
    out
}

/// Makes room for the mark that something is missing.
fn cut(mut text: String, max: usize) -> String {
    const MARK: &str = "…";
    while text.len() + MARK.len() > max && text.pop().is_some() {}
    if text.len() + MARK.len() <= max {
        text.push_str(MARK);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(escaped("a\r\nb\0\u{1b}[31m", 100), "a\\r\\nb\\u{0}\\u{1b}[31m");
    }

    proptest! {
        #[test]
        fn any_text_fits_and_has_no_control_characters(text in any::<String>(), max in 0usize..40) {
            let out = escaped(&text, max);
            prop_assert!(out.len() <= max);
            prop_assert!(!out.chars().any(char::is_control));
        }
    }
}
