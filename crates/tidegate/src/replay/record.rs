//! The record that a replay publishes.
//!
//! ```text
//!  dead letter                                    replayed record
//!    key, value, headers of the producer   ──▶      the same, to the origin's topic and partition
//!    tidegate-origin-*, tidegate-history   ──▶      the same (rule 32: the first origin, history kept)
//!    other tidegate-*, older replay headers         gone
//!                                                 + replayed, replay_time, tidegate-replay-job, -letter, -group
//! ```

use crate::headers::{Header, Headers, names};
use crate::message::{NewRecord, Record, Timestamp};
use crate::replay::Coordinates;

/// Dead-letter headers that stay on a replayed record.
const KEPT: [&str; 5] = [
    names::ORIGIN_TOPIC,
    names::ORIGIN_PARTITION,
    names::ORIGIN_OFFSET,
    names::ORIGIN_TIMESTAMP,
    names::HISTORY,
];

/// Headers without our prefix that a replay or a dead letter adds.
const ADDED: [&str; 2] = [names::REPLAYED, names::REPLAY_TIME];

/// Dead-letter headers for other tools: they belong to the letter, not to the event.
const SPRING_PREFIX: &str = "kafka_dlt-";

/// Why a dead letter cannot be sent back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreplayable {
    /// Its headers do not say where it came from.
    #[error("it does not say which topic, partition and offset it came from")]
    NoOrigin,
    /// Its headers do not say who gave up: every group of the topic would get it (rule 31).
    #[error("it does not say which consumer group gave it up")]
    NoGroup,
}

/// Builds the record that sends `letter` back as part of `job`, at time `at`.
///
/// It goes to the origin's partition whatever the key says, so that it meets the owner of its marker (rule 31).
///
/// # Errors
/// [`Unreplayable`] when the letter does not say where it came from, or whose it is.
pub fn replay_record(letter: &Record, job: &str, at: Timestamp) -> Result<NewRecord, Unreplayable> {
    let origin = Coordinates::of_origin(&letter.headers).ok_or(Unreplayable::NoOrigin)?;
    let group = letter.headers.get(names::GROUP).ok_or(Unreplayable::NoGroup)?;
    let mut headers: Headers = letter.headers.iter().filter(|h| stays(h)).cloned().collect();
    headers.push(names::REPLAYED, "true");
    headers.push(names::REPLAY_TIME, rfc3339(at));
    headers.push(names::REPLAY_JOB, job.to_owned());
    headers.push(names::REPLAY_LETTER, Coordinates::of(letter).to_string());
    headers.push(names::REPLAY_GROUP, group.clone());
    Ok(NewRecord {
        topic: origin.partition.topic,
        partition: Some(origin.partition.partition),
        key: letter.key.clone(),
        value: letter.value.clone(),
        headers,
        timestamp: None,
    })
}

/// Times outside of the calendar's years do not come from a clock; the epoch stands for them.
fn rfc3339(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(at.0);
    time.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

fn stays(header: &Header) -> bool {
    let name = header.name.as_ref();
    let ours = name.starts_with(names::PREFIX) || name.starts_with(SPRING_PREFIX);
    KEPT.contains(&name) || !(ours || ADDED.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Offset, Partition, TopicName};
    use bytes::Bytes;

    fn letter(headers: &[(&str, &str)]) -> Record {
        let owned = |text: &str| Bytes::from(text.to_owned());
        let header =
            |&(name, value): &(&str, &str)| Header { name: name.into(), value: Some(owned(value)) };
        Record {
            topic: TopicName::new("orders_dlq").unwrap(),
            partition: Partition(0),
            offset: Offset(9),
            timestamp: Timestamp(5_000),
            key: Some(Bytes::from_static(b"o-1")),
            value: Some(Bytes::from_static(b"\xff\x00")),
            headers: headers.iter().map(header).collect(),
        }
    }

    const ORIGIN: [(&str, &str); 4] = [
        (names::ORIGIN_TOPIC, "orders"),
        (names::ORIGIN_PARTITION, "2"),
        (names::ORIGIN_OFFSET, "17"),
        (names::GROUP, "g"),
    ];

    fn texts(record: &NewRecord) -> Vec<(&str, &str)> {
        let names = record.headers.iter().map(|header| header.name.as_ref());
        let values = record.headers.iter().map(|header| header.value.as_deref().unwrap());
        names.zip(values.map(|value| std::str::from_utf8(value).unwrap())).collect()
    }

    #[test]
    fn rule_32_original_bytes_go_to_the_origins_partition() {
        let record = replay_record(&letter(&ORIGIN), "job-1", Timestamp(0)).unwrap();
        assert_eq!((record.topic.as_str(), record.partition), ("orders", Some(Partition(2))));
        assert_eq!(record.key.as_deref(), Some(&b"o-1"[..]));
        assert_eq!(record.value.as_deref(), Some(&b"\xff\x00"[..]));
    }

    #[test]
    fn rule_31_and_32_the_first_origin_and_history_stay_and_the_letter_is_named() {
        let mut headers = vec![("event_id", "e-1"), ("x", "1"), ("x", "2")];
        headers.extend(ORIGIN);
        headers.extend([
            (names::HISTORY, "[]"),
            (names::REASON, "declined"),
            (names::ATTEMPTS, "3"),
            ("kafka_dlt-exception-message", "declined"),
            (names::REPLAYED, "true"),
            (names::REPLAY_LETTER, "orders_dlq/0/1"),
        ]);
        let record = replay_record(&letter(&headers), "job-1", Timestamp(0)).unwrap();
        assert_eq!(
            texts(&record),
            [
                ("event_id", "e-1"),
                ("x", "1"),
                ("x", "2"),
                (names::ORIGIN_TOPIC, "orders"),
                (names::ORIGIN_PARTITION, "2"),
                (names::ORIGIN_OFFSET, "17"),
                (names::HISTORY, "[]"),
                (names::REPLAYED, "true"),
                (names::REPLAY_TIME, "1970-01-01T00:00:00Z"),
                (names::REPLAY_JOB, "job-1"),
                (names::REPLAY_LETTER, "orders_dlq/0/9"),
                (names::REPLAY_GROUP, "g"),
            ]
        );
    }

    #[test]
    fn a_letter_that_does_not_say_whose_it_is_is_not_sent() {
        let refused =
            |headers: &[_]| replay_record(&letter(headers), "j", Timestamp(0)).unwrap_err();
        assert_eq!(refused(&[]), Unreplayable::NoOrigin);
        assert_eq!(refused(&ORIGIN[..3]), Unreplayable::NoGroup);
        assert_eq!(refused(&[(names::ORIGIN_TOPIC, "a b")]), Unreplayable::NoOrigin);
    }
}
