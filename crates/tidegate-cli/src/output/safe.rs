//! Text that others wrote, made fit for a terminal.

/// With everything escaped that would steer a terminal, or show text in another order than it has.
pub(crate) fn safe(text: &str) -> String {
    escape(text, |_| false)
}

/// As [`safe`]; line ends and tabs stay.
pub(crate) fn lines(text: &str) -> String {
    escape(text, |c| matches!(c, '\n' | '\t'))
}

/// As [`safe`], at most `max` characters; what is cut ends in `…`.
pub(crate) fn cut(text: &str, max: usize) -> String {
    let text = safe(text);
    match text.char_indices().nth(max) {
        None => text,
        Some(_) => text.chars().take(max.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// A JSON document: what JSON itself does not escape, and only stands within strings.
pub(super) fn json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        if c.is_ascii() && c != '\u{7f}' || !steers(c) {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out += &format!("\\u{unit:04x}");
            }
        }
    }
    out
}

fn escape(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) && !stays(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters, and the invisible ones that turn or hide text.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(safe("a\u{1b}[31m\r\n\u{9b}b"), "a\\u{1b}[31m\\r\\n\\u{9b}b");
        assert_eq!(safe("pay \u{202e}lasrever"), "pay \\u{202e}lasrever");
        assert_eq!(safe("größe 漢字"), "größe 漢字");
        assert_eq!(lines("a\n\tb\r\u{0}"), "a\n\tb\\r\\u{0}");
    }

    #[test]
    fn a_cut_is_seen() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("\u{1b}\u{1b}", 3), "\\u…");
    }

    #[test]
    fn json_stays_the_same_document() {
        let text = "a\u{9b}\u{7f}\u{202e}\u{e0001}\n\u{1b}é";
        let document = serde_json::to_string_pretty(&[text]).unwrap();
        let safe = json(&document);
        for raw in ['\u{9b}', '\u{7f}', '\u{202e}', '\u{e0001}', '\u{1b}'] {
            assert!(!safe.contains(raw), "{raw:?} in {safe:?}");
        }
        assert_eq!(serde_json::from_str::<[String; 1]>(&safe).unwrap(), [text]);
    }
}
