//! How deep a JSON text is nested, found out before anything is built from it.

/// The deepest nesting that is taken.
pub(super) const MAX_DEPTH: usize = 32;

/// Whether objects and arrays are nested deeper than [`MAX_DEPTH`]. Says nothing about whether the text is JSON.
pub(super) fn is_too_deep(json: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'{' | b'[' if depth == MAX_DEPTH => return true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        "[".repeat(depth) + &"]".repeat(depth)
    }

    #[test]
    fn depth_32_is_taken_and_33_is_not() {
        assert!(!is_too_deep(nested(32).as_bytes()));
        assert!(is_too_deep(nested(33).as_bytes()));
        assert!(is_too_deep("{\"a\":".repeat(33).as_bytes()));
    }

    #[test]
    fn width_is_not_depth_and_strings_do_not_count() {
        assert!(!is_too_deep("[[],[]],".repeat(100).as_bytes()));
        let text = format!("{{\"a\\\"{}\": \"{}\\\\\"}}", "[".repeat(99), "{".repeat(99));
        assert!(!is_too_deep(text.as_bytes()));
    }
}
