//! `explain`: needs no log.

use crate::common::run;

#[test]
fn a_page_is_printed_as_it_is() {
    let page = include_str!("../../../../docs/errors/TG0026.md");
    for code in ["TG0026", "tg26"] {
        assert_eq!(run(&["explain", code]).answer(), page);
    }
}

#[test]
fn without_a_code_all_are_listed() {
    let shown = run(&["explain"]).answer();
    assert!(
        shown.starts_with("CODE    FINDING\nTG0001  Two handlers for one event type\n"),
        "{shown}"
    );
    assert_eq!(shown.lines().count(), 1 + 32);
}

#[test]
fn an_unknown_code_names_those_near_it() {
    let line = run(&["explain", "TG0037"]).refusal(1);
    assert!(line.contains("there is no code TG0037") && line.contains("TG0036"), "{line}");
}
