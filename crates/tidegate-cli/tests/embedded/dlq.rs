//! `dlq`.

use crate::log::Log;

/// The offsets that a list shows, in its order.
fn listed(log: &Log, args: &[&str]) -> Vec<String> {
    let shown = log.run(&[&["dlq", "list"], args].concat()).answer();
    let letter = |line: &str| line.split_whitespace().next().unwrap().replace("orders_dlq/0/", "");
    shown.lines().skip(1).map(letter).collect()
}

#[test]
fn the_newest_comes_first_and_nothing_steers_the_terminal() {
    let ran = Log::filled().run(&["dlq", "list", "orders_dlq"]);
    assert_eq!(ran.stderr, "tidegate: 5 dead letters of orders_dlq\n");
    let shown = ran.answer();
    let lines: Vec<_> =
        shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        lines,
        [
            "LETTER DEAD AT TYPE KEY CLASS ATTEMPTS REASON",
            "orders_dlq/0/4 2025-11-24T16:04:00.000Z - null - - (no dead letter of Tidegate)",
            "orders_dlq/0/3 2025-11-24T16:03:00.000Z order.created null permanent 1 gateway unreachable",
            "orders_dlq/0/2 2025-11-24T16:02:00.000Z order.cancelled o-3 permanent 1 gateway unreachable",
            "orders_dlq/0/1 2025-11-24T16:01:00.000Z order.created o-2 permanent 1 not JSON: \\u{9b}31m expected value",
            "orders_dlq/0/0 2025-11-24T16:00:00.000Z order.created o-1 permanent 1 card declined",
        ]
    );
}

#[test]
fn every_option_narrows_the_list() {
    let log = Log::filled();
    for (args, expected) in [
        (&["--error", "UNREACHABLE"][..], &["3", "2"][..]),
        (&["--event-type", "order.cancelled"], &["2"]),
        (&["--group", "billing"], &["2", "1", "0"]),
        (&["--from", "2025-11-24T16:01:00Z", "--to", "2025-11-24T16:03:00Z"], &["2", "1"]),
        (&["--limit", "2"], &["4", "3"]),
        (&["--from", "1h"], &[]),
    ] {
        assert_eq!(listed(&log, &[&["orders_dlq"], args].concat()), expected, "{args:?}");
    }
    assert_eq!(listed(&log, &["--group", "audit"]), ["3"], "topics are found by their names");
    assert_eq!(listed(&log, &[]), ["4", "3", "2", "1", "0"], "all of them, without any option");
}

#[test]
fn what_the_limit_leaves_out_is_said() {
    let log = Log::filled();
    let ran = log.run(&["dlq", "list", "orders_dlq", "--limit", "4"]);
    assert!(ran.stderr.contains("there are more"), "{ran:?}");
    let ran = log.run(&["dlq", "list", "orders_dlq", "--limit", "5"]);
    assert!(!ran.stderr.contains("more"), "{ran:?}");
}

#[test]
fn a_letter_is_shown_whole() {
    let shown = Log::filled().run(&["dlq", "show", "orders_dlq/0/0"]).answer();
    for part in [
        "reason:      card declined\n",
        "origin:      orders/1/40 of 2025-11-24T15:59:59.000Z\n",
        "handler:     charge\n",
        "key:         o-1\n",
        "1  2025-11-24T16:00:00.000Z  1.5ms  permanent  error  card declined\n",
        "x               0xff07\n",
        "nothing         null\n",
        "value: text, 11 bytes\n{\"order\":1}\n",
    ] {
        assert!(shown.contains(part), "{part:?} in {shown}");
    }
}

#[test]
fn bytes_a_tombstone_and_nothing_are_told_apart() {
    let log = Log::filled();
    let shown = |offset: u32| log.run(&["dlq", "show", &format!("orders_dlq/0/{offset}")]).answer();
    assert!(shown(1).ends_with("value: binary, 3 bytes\n00000000  ff 00 1b\n"));
    assert!(shown(2).ends_with("value: null (a tombstone)\n"));
    assert!(shown(3).ends_with("value: empty (0 bytes)\n"));
    assert!(shown(3).contains("key:         null\n"));
    assert!(shown(4).ends_with("value: text, 22 bytes\nwho wrote this?\\u{1b}[2J\nme\n"));
}

#[test]
fn raw_is_the_value_and_nothing_else() {
    let log = Log::filled();
    assert_eq!(log.bytes(&["dlq", "show", "orders_dlq/0/1", "--raw"]), b"\xff\x00\x1b");
    assert_eq!(log.bytes(&["dlq", "show", "orders_dlq/0/3", "--raw"]), b"");
    let line = log.run(&["dlq", "show", "orders_dlq/0/2", "--raw"]).refusal(1);
    assert!(line.contains("tombstone"), "{line}");
    let line = log.run(&["dlq", "show", "orders_dlq/0/1", "--raw", "-o", "json"]).refusal(2);
    assert!(line.contains("-o json"), "{line}");
}

#[test]
fn what_is_not_there_is_missing() {
    let log = Log::filled();
    for (args, expected) in [
        (&["show", "orders_dlq/0/5"][..], "the partition goes from 0 to before 5"),
        (&["show", "orders_dlq/0/99"], "the partition goes from 0 to before 5"),
        (&["show", "orders_dlq/1/0"], "the topic has 1 partitions"),
        (&["show", "orders_dql/0/0"], "did you mean orders_dlq?"),
        (&["list", "orders_dql"], "did you mean orders_dlq?"),
    ] {
        let line = log.run(&[&["dlq"], args].concat()).refusal(1);
        assert!(line.contains(expected), "{line}");
    }
    let line = Log::empty().run(&["dlq", "list", "--group", "g"]).refusal(1);
    assert!(line.contains("ends in `dlq`"), "{line}");
}

#[test]
fn what_cannot_be_meant_is_a_matter_of_usage() {
    let log = Log::filled();
    for args in
        [&["show", "orders_dlq"][..], &["show"], &["list", "orders_dlq", "--from", "yesterday"]]
    {
        log.run(&[&["dlq"], args].concat()).refusal(2);
    }
    let turned = ["dlq", "list", "orders_dlq", "--from", "1h", "--to", "2h"];
    assert!(log.run(&turned).refusal(2).contains("--to must not be before --from"));
}
