//! Dead letters there and back.

use bytes::Bytes;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::class::{Cause, Class};
use crate::headers::{Header, Headers, names};
use crate::message::{NewRecord, Offset, Partition, Record, Timestamp, TopicName};

fn topic(name: &str) -> TopicName {
    TopicName::new(name).unwrap()
}

fn writer() -> DeadLetterWriter {
    DeadLetterWriter {
        topic: topic("orders_dlq"),
        group: "orders-consumer-group".into(),
        service: "orders 0.1.0".into(),
    }
}

fn attempt(number: u32, error: &str) -> Attempt {
    Attempt {
        number,
        at: Timestamp(1_764_000_000_000 + i64::from(number)),
        took_us: 1_500,
        class: "transient".into(),
        cause: Cause::Error,
        error: error.into(),
    }
}

fn death(attempts: u32) -> Death {
    let failure = Failure {
        class: Class::Transient,
        message: "gateway unreachable: connection refused\nstack".into(),
        cause: Cause::Error,
    };
    Death {
        failure,
        attempts,
        history: (1..=attempts).map(|n| attempt(n, "unreachable")).collect(),
    }
}

fn source() -> Record {
    let mut headers = Headers::new();
    headers.push(names::EVENT_ID, "0197a3c0-0000-7000-8000-000000000001");
    headers.push(names::EVENT_TYPE, "order.created");
    headers.push("replayed", "the producer's own");
    headers.push("x", "1");
    headers.push_raw(Header { name: "x".into(), value: None });
    Record {
        topic: topic("orders"),
        partition: Partition(2),
        offset: Offset(41),
        timestamp: Timestamp(1_763_999_999_000),
        key: Some("o-1".into()),
        value: Some("{\"price\":1.10}".into()),
        headers,
    }
}

/// As it would stand in the log.
fn stored(record: NewRecord, offset: u64) -> Record {
    Record {
        topic: record.topic,
        partition: record.partition.unwrap_or(Partition(1)),
        offset: Offset(offset),
        timestamp: Timestamp(2_000_000_000_000),
        key: record.key,
        value: record.value,
        headers: record.headers,
    }
}

fn letter_of(record: &Record, death: &Death) -> Record {
    let at = Timestamp(1_764_000_001_234);
    stored(writer().write(record, "order.created", death, at, Detail::Full), 5)
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Golden {
    topic: String,
    key: Option<String>,
    value: Option<String>,
    headers: Vec<(String, Option<String>)>,
}

fn text(bytes: Option<&Bytes>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

/// Rule 32; the form never changes within a version.
#[test]
fn a_dead_letter_of_version_1_looks_like_this() {
    let letter = letter_of(&source(), &death(2));
    let written = Golden {
        topic: letter.topic.to_string(),
        key: text(letter.key.as_ref()),
        value: text(letter.value.as_ref()),
        headers: letter
            .headers
            .iter()
            .map(|h| (h.name.to_string(), text(h.value.as_ref())))
            .collect(),
    };
    let golden: Golden =
        serde_json::from_str(include_str!("../../tests/golden/dead-letter-v1.json")).unwrap();
    assert_eq!(written, golden, "{}", serde_json::to_string_pretty(&written).unwrap());
}

#[test]
fn a_letter_tells_who_where_why_and_how_often() {
    let letter = Letter::parse(&letter_of(&source(), &death(2))).unwrap();
    assert_eq!(letter.coordinates, "orders_dlq/1/5");
    assert_eq!(letter.origin, Some(Origin::of(&source())));
    assert_eq!(letter.event_type.as_deref(), Some("order.created"));
    assert_eq!(letter.group.as_deref(), Some("orders-consumer-group"));
    assert_eq!(letter.class.as_deref(), Some("transient"));
    assert_eq!(
        letter.reason.as_deref(),
        Some("gateway unreachable: connection refused\\nstack"),
        "control characters are escaped"
    );
    assert_eq!((letter.attempts, letter.history.len()), (Some(2), 2));
    assert_eq!(letter.dead_at, Some(Timestamp(1_764_000_001_234)));
    assert_eq!(letter.headers, source().headers, "untouched, in order");
}

/// Rule 32.
#[test]
fn a_replayed_record_that_dies_again_keeps_its_first_origin_and_its_history() {
    let first = Letter::parse(&letter_of(&source(), &death(2))).unwrap();
    let replayed = stored(first.replay("job-1", Timestamp(0)).unwrap(), 99);
    assert_eq!(replayed.topic_partition(), source().topic_partition());
    assert_eq!(replayed.headers.text(names::REPLAY_LETTER), Some("orders_dlq/1/5"));
    assert_eq!(replayed.headers.text(names::REPLAY_GROUP), Some("orders-consumer-group"));

    let second = Letter::parse(&letter_of(&replayed, &death(1))).unwrap();
    assert_eq!(second.origin, first.origin);
    assert_eq!(second.attempts, Some(1), "a replay starts a new count");
    let numbers: Vec<_> = second.history.iter().map(|a| a.number).collect();
    assert_eq!(numbers, [1, 2, 1]);
    assert_eq!(second.headers, source().headers, "nothing of the replay is left");
    assert_eq!((second.key, second.value), (source().key, source().value));
}

#[test]
fn the_history_is_bounded_and_keeps_the_last_attempts() {
    let many = Death { history: (1..=50).map(|n| attempt(n, "x")).collect(), ..death(50) };
    let letter = Letter::parse(&letter_of(&source(), &many)).unwrap();
    assert_eq!(letter.history.len(), history::MAX_ENTRIES);
    assert_eq!(letter.history.last().unwrap().number, 50);

    let long = "é\n".repeat(5_000);
    let large = Death { history: (1..=20).map(|n| attempt(n, &long)).collect(), ..death(20) };
    let record = letter_of(&source(), &large);
    assert!(record.headers.get(names::HISTORY).unwrap().len() <= history::MAX_BYTES);
    assert_eq!(Letter::parse(&record).unwrap().history.last().unwrap().number, 20);
}

/// Rule 5.
#[test]
fn what_does_not_fit_says_less_and_at_last_where_the_record_stands() {
    let mut detail = Detail::Full;
    let mut sizes = Vec::new();
    loop {
        let letter = writer().write(&source(), "h", &death(2), Timestamp(0), detail);
        sizes.push(letter.size());
        match detail.less() {
            Some(less) => detail = less,
            None => {
                assert_eq!(letter.value, None);
                let parsed = Letter::parse(&stored(letter, 0)).unwrap();
                let error = parsed.replay("job", Timestamp(0)).unwrap_err().to_string();
                assert!(error.ends_with("the record itself stands at orders/2/41"), "{error}");
                break;
            }
        }
    }
    assert!(sizes[0] > sizes[1] && sizes.len() == 3);
}

#[test]
fn what_is_no_dead_letter_of_ours_is_none() {
    assert_eq!(Letter::parse(&source()), None);
    let mut foreign = source();
    foreign.headers.push("kafka_dlt-original-topic", "orders");
    assert_eq!(Letter::parse(&foreign), None);
    foreign.headers.push(names::DLQ_VERSION, "1");
    let partial = Letter::parse(&foreign).unwrap();
    assert_eq!(partial.origin, None);
    let error = partial.replay("job", Timestamp(0)).unwrap_err();
    assert!(matches!(error, NotReplayable::Incomplete(_)));
}

fn any_bytes() -> impl Strategy<Value = Option<Bytes>> {
    proptest::option::of(any::<Vec<u8>>().prop_map(Bytes::from))
}

fn any_headers() -> impl Strategy<Value = Headers> {
    let header = ("[a-z_-]{0,12}", any_bytes());
    let list = proptest::collection::vec(header, 0..8);
    list.prop_map(|list| {
        list.into_iter().map(|(name, value)| Header { name: name.as_str().into(), value }).collect()
    })
}

proptest! {
    /// Rule 32.
    #[test]
    fn what_the_producer_wrote_comes_back_byte_for_byte(
        key in any_bytes(), value in any_bytes(), headers in any_headers(), reason in any::<String>(),
    ) {
        let record = Record { key, value, headers, ..source() };
        let mut death = death(1);
        death.failure.message = reason;
        let letter = Letter::parse(&letter_of(&record, &death)).unwrap();
        prop_assert_eq!(&letter.key, &record.key);
        prop_assert_eq!(&letter.value, &record.value);
        prop_assert_eq!(&letter.headers, &record.headers);
        let again = stored(letter.replay("job", Timestamp(0)).unwrap(), 7);
        prop_assert_eq!(Origin::of(&again), Origin::of(&record));
    }

    /// Fault F16.
    #[test]
    fn any_headers_can_be_read(values in proptest::collection::vec(any_bytes(), 16)) {
        let all = [
            names::DLQ_VERSION, names::ORIGIN_TOPIC, names::ORIGIN_PARTITION, names::ORIGIN_OFFSET,
            names::ORIGIN_TIMESTAMP, names::GROUP, names::HANDLER, names::SERVICE, names::CLASS, names::REASON,
            names::ATTEMPTS, names::HISTORY, names::DEAD_AT, names::DLQ_POINTER, names::EVENT_ID, names::CE_ID,
        ];
        let mut record = source();
        record.headers.push(names::DLQ_VERSION, "1");
        record.headers = record.headers.iter().cloned()
            .chain(all.iter().zip(values).skip(1).map(|(name, value)| Header { name: (*name).into(), value }))
            .collect();
        let letter = Letter::parse(&record).unwrap();
        let _ = letter.replay("job", Timestamp(i64::MAX));
    }
}
