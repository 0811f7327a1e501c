//! Text that others wrote, made fit for headers and logs.

use std::any::Any;

/// The longest text of a panic that is kept, in bytes.
const PANIC_TEXT: usize = 200;

/// A panic's text, where it is a literal: a constant of the program. One that was put together when it panicked may hold what
/// was worked on (I8); then only the panic hook's line says where it was.
pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> String {
    match panic.downcast_ref::<&'static str>() {
        Some(literal) => escaped(literal, PANIC_TEXT),
        None => {
            "its text may hold data, and is not kept; the panic's own line says where".to_owned()
        }
    }
}

/// Why a task gave no result, without the text that it may have panicked with.
pub(crate) fn of_task(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => format!("a task panicked: {}", of_panic(panic.as_ref())),
        Err(_) => "a task was cancelled".to_owned(),
    }
}

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

    #[test]
    fn of_a_panic_only_a_literal_is_kept() {
        let card = "4111111111111111";
        let caught = |panics: fn(&str)| {
            let caught = std::panic::catch_unwind(|| panics("4111111111111111"));
            of_panic(caught.unwrap_err().as_ref())
        };
        assert_eq!(caught(|_| panic!("no price\nfor it")), "no price\\nfor it");
        for told in [
            caught(|card| panic!("no price for {card}")),
            caught(|card| card.parse::<u8>().map_err(|_| card.to_owned()).map(drop).unwrap()),
            caught(|card| std::panic::panic_any(card.to_owned())),
        ] {
            assert!(told.contains("not kept") && !told.contains(card), "{told}");
        }
    }

    #[tokio::test]
    async fn a_tasks_end_is_told_without_what_it_panicked_with() {
        let (mut tasks, card) = (tokio::task::JoinSet::new(), "4111111111111111");
        tasks.spawn(async move { panic!("{}", card.to_owned()) });
        let told = of_task(tasks.join_next().await.unwrap().unwrap_err());
        assert!(told.starts_with("a task panicked: ") && !told.contains("4111"), "{told}");
        tasks.spawn(std::future::pending::<()>());
        tasks.abort_all();
        let told = of_task(tasks.join_next().await.unwrap().unwrap_err());
        assert_eq!(told, "a task was cancelled");
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
