//! The documents of `-o json`, pinned: scripts read them.

use crate::common::run;
use crate::log::Log;

fn check(name: &str, found: &str) {
    let file = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let expected = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        found, expected,
        "{file} pins this document: fields may be added, and nothing else changes"
    );
}

#[test]
fn documents_keep_their_form() {
    let log = Log::filled();
    for (name, args) in [
        ("topics-list", &["topics", "list"][..]),
        ("topics-describe", &["topics", "describe", "orders"]),
        ("topics-create", &["topics", "create", "new", "--partitions", "3"]),
        ("groups-list", &["groups", "list"]),
        ("groups-lag", &["groups", "lag", "billing"]),
        ("dlq-list", &["dlq", "list", "orders_dlq"]),
        ("dlq-show", &["dlq", "show", "orders_dlq/0/0"]),
        ("dlq-show-bytes", &["dlq", "show", "orders_dlq/0/1"]),
        ("dlq-show-foreign", &["dlq", "show", "orders_dlq/0/4"]),
    ] {
        let ran = log.run(&[args, &["-o", "json"]].concat());
        check(name, &ran.answer());
    }
}

#[test]
fn explanations_keep_their_form() {
    let page: serde_json::Value =
        serde_json::from_str(&run(&["explain", "TG0026", "-o", "json"]).answer()).unwrap();
    assert_eq!(page["code"], "TG0026");
    assert_eq!(page["title"], "A source topic does not exist");
    assert!(page["text"].as_str().unwrap().starts_with("# TG0026: "));
    let all: serde_json::Value =
        serde_json::from_str(&run(&["explain", "-o", "json"]).answer()).unwrap();
    assert_eq!(all["pages"][0]["code"], "TG0001");
}
