//! `topics`.

use crate::log::Log;

#[test]
fn a_list_counts_records() {
    let expected = "\
TOPIC       PARTITIONS  RECORDS  MAX MESSAGE BYTES
orders               2        4            1048576
orders_dlq           1        5            2000000
";
    assert_eq!(Log::filled().run(&["topics", "list"]).answer(), expected);
}

#[test]
fn an_empty_log_is_an_answer() {
    let expected = "TOPIC  PARTITIONS  RECORDS  MAX MESSAGE BYTES\n";
    assert_eq!(Log::empty().run(&["topics", "list"]).answer(), expected);
}

#[test]
fn a_description_shows_bounds_and_who_is_behind() {
    let expected = "\
orders: 2 partitions, 4 records, of at most 1048576 bytes each

PARTITION  START  END  RECORDS
        0      0    2        2
        1      0    2        2

GROUP    PARTITION  COMMITTED  LAG
billing          0          1    1
billing          1          -    2
";
    assert_eq!(Log::filled().run(&["topics", "describe", "orders"]).answer(), expected);
}

#[test]
fn a_mistyped_topic_is_missing_and_the_right_one_is_named() {
    let line = Log::filled().run(&["topics", "describe", "order"]).refusal(1);
    assert_eq!(line, "tidegate: topic order does not exist: did you mean orders?\n");
}

#[test]
fn a_topic_is_created_once() {
    let log = Log::empty();
    let create =
        ["topics", "create", "new", "--partitions=2", "--replication=3", "--max-message-bytes=9"];
    let first = log.run(&create);
    assert!(first.stderr.contains("keeps one copy"), "{first:?}");
    assert!(first.answer().ends_with("\nnew             2            1                  9\n"));
    assert_eq!(log.run(&create).refusal(1), "tidegate: topic new exists already\n");
    assert!(
        log.run(&["topics", "list"])
            .answer()
            .contains("new             2        0                  9")
    );
}

#[test]
fn what_is_no_topic_is_a_matter_of_usage() {
    for args in [
        &["topics", "describe", "no topic"][..],
        &["topics", "create", "new"],
        &["topics", "create", "new", "--partitions", "0"],
        &["topics", "create", "..", "--partitions", "1"],
    ] {
        let ran = Log::empty().run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}: {ran:?}");
    }
}
