//! `groups`.

use crate::log::Log;

#[test]
fn a_list_shows_state_and_lag() {
    let expected = "\
GROUP    STATE  MEMBERS  TOPIC   PARTITIONS  LAG
billing  empty        0  orders           2    3
";
    assert_eq!(Log::filled().run(&["groups", "list"]).answer(), expected);
}

#[test]
fn the_lag_shows_what_holds_a_partition_up() {
    let shown = Log::filled().run(&["groups", "lag", "billing", "--topic", "orders"]).answer();
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "TOPIC   PARTITION  COMMITTED  START  END  LAG  MEMBER  NOTE");
    assert_eq!(
        lines[1],
        "orders          0          1      0    2    1  -       retrying offset 1: 2 attempts so far, next due 2025-11-24T16:00:05.000Z"
    );
    assert_eq!(lines[2], "orders          1          -      0    2    2  -");
}

#[test]
fn a_group_or_topic_that_is_not_there_is_missing() {
    let log = Log::filled();
    let line = log.run(&["groups", "lag", "biling"]).refusal(1);
    assert!(
        line.contains("group biling is not known") && line.contains("did you mean billing?"),
        "{line}"
    );
    let line = log.run(&["groups", "lag", "billing", "--topic", "orders_dlq"]).refusal(1);
    assert!(
        line.contains("does not read orders_dlq") && line.contains("it reads orders"),
        "{line}"
    );
}
