//! `.env`: lines of `NAME=value`.
//!
//! ```text
//! # a comment
//! HTTP_PORT=9000            # also behind a value, after a blank
//! export LOG_LEVEL=debug
//! REDIS_PASSWORD='as it is: # \n $'
//! SERVICE_NAME="with \"escapes\": \n \t \\"
//! ```
//!
//! Nothing is expanded. A name that comes twice keeps its last value.

use std::collections::BTreeMap;

/// A line that is none of the above.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(super) struct BadLine {
    /// From 1.
    pub(super) line: usize,
    /// What is wrong. Never the value, which may be a secret.
    pub(super) reason: &'static str,
}

/// The variables of a file.
///
/// # Errors
/// The first line that cannot be read.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, BadLine> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut variables = BTreeMap::new();
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (name, value) = assignment(content).map_err(|reason| BadLine { line, reason })?;
        variables.insert(name.to_owned(), value);
    }
    Ok(variables)
}

fn assignment(content: &str) -> Result<(&str, String), &'static str> {
    let content = content.strip_prefix("export ").unwrap_or(content).trim_start();
    let (name, value) = content.split_once('=').ok_or("expected NAME=value")?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(legal)
    {
        return Err("a name has letters, digits and _ only, and no blank before the =");
    }
    Ok((name, value_of(value.trim())?))
}

fn value_of(text: &str) -> Result<String, &'static str> {
    match text.chars().next() {
        Some('\'') => {
            let (value, rest) = text[1..].split_once('\'').ok_or("the quote ' is not closed")?;
            end(rest).map(|()| value.to_owned())
        }
        Some('"') => quoted(&text[1..]),
        _ => {
            let value = text.find(" #").map_or(text, |comment| &text[..comment]);
            Ok(if value.starts_with('#') { String::new() } else { value.trim_end().to_owned() })
        }
    }
}

fn quoted(text: &str) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next().ok_or("the quote \" is not closed")? {
            '"' => return end(chars.as_str()).map(|()| value),
            '\\' => value.push(match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(same @ ('"' | '\\' | '$')) => same,
                _ => return Err("after \\ comes one of n t \" \\ $"),
            }),
            other => value.push(other),
        }
    }
}

fn end(rest: &str) -> Result<(), &'static str> {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        Ok(())
    } else {
        Err("text behind the closing quote")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Result<(String, String), &'static str> {
        let mut all = parse(line).map_err(|bad| bad.reason)?;
        Ok(all.pop_first().unwrap())
    }

    #[test]
    fn lines_are_read_as_the_page_says() {
        for (line, name, value) in [
            ("A=1", "A", "1"),
            ("  export A= 1 ", "A", "1"),
            ("A=", "A", ""),
            ("A=a b # c", "A", "a b"),
            ("A=a#b", "A", "a#b"),
            ("A=# c", "A", ""),
            ("A='# \\n $B' # c", "A", "# \\n $B"),
            ("A=\"x \\\"y\\\" \\n\\\\ # \"", "A", "x \"y\" \n\\ # "),
            ("A=b=c", "A", "b=c"),
        ] {
            assert_eq!(one(line), Ok((name.into(), value.into())), "{line}");
        }
    }

    #[test]
    fn comments_and_empty_lines_are_passed_and_the_last_value_stays() {
        let all = parse("\u{feff}# x\r\n\r\nA=1\r\nA=2\n").unwrap();
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [("A".into(), "2".into())]);
    }

    #[test]
    fn a_broken_line_is_told_by_number_and_without_its_value() {
        for broken in ["SECRET", "=1", "A B=1", "1A=1", "A='x", "A=\"x", "A=\"\\q\"", "A='x' y"] {
            let bad = parse(&format!("OK=1\n\n{broken}")).unwrap_err();
            assert_eq!(bad.line, 3, "{broken}");
            assert!(!bad.to_string().contains("SECRET"));
        }
    }
}
