//! Entries there and back, and everything else that may stand in a companion.

mod damage;
mod golden;
mod trip;

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::class::Cause;
use crate::headers::Header;

const GROUP: &str = "shop/eu 1";

fn scribe() -> Scribe {
    let topic = |name| TopicName::new(name).unwrap();
    let (source, companion) = (topic("orders"), topic("orders.shop.retry"));
    Scribe::new(GROUP.into(), source, companion)
}

fn of_group(group: &str) -> Scribe {
    let Scribe { source, companion, .. } = scribe();
    Scribe::new(group.into(), source, companion)
}

fn attempt(number: u32, cause: Cause) -> Attempt {
    Attempt {
        number,
        at: Timestamp(1_764_000_000_000 + i64::from(number)),
        took_us: 1_500,
        class: "transient".into(),
        cause,
        error: "unreachable".into(),
    }
}

fn entry() -> Entry {
    let mut headers = Headers::new();
    headers.push(names::EVENT_ID, "0197a3c0-0000-7000-8000-000000000001");
    headers.push(names::CORRELATION_ID, "c-7");
    headers.push("x", "1");
    headers.push("x", "");
    headers.push_raw(Header { name: "x".into(), value: None });
    Entry {
        id: EntryId { origin: Offset(41), stamp: Stamp { attempt: 2, term: 7, write: 0 } },
        unknown: 1,
        due: Timestamp(1_764_000_001_234),
        delay: Duration::from_secs(5),
        active: Duration::from_millis(1_200),
        history: vec![attempt(1, Cause::Error), attempt(2, Cause::Timeout)],
        hold: Hold::No,
        topic_id: None,
        record: Record {
            topic: scribe().source,
            partition: Partition(3),
            offset: Offset(41),
            timestamp: Timestamp(1_763_999_999_000),
            key: Some("o-1".into()),
            value: Some("{\"price\":1.10}".into()),
            headers,
        },
    }
}

/// As it would stand in the log.
fn stored(record: NewRecord) -> Record {
    Record {
        topic: record.topic,
        partition: record.partition.unwrap(),
        offset: Offset(12),
        timestamp: Timestamp(2_000_000_000_000),
        key: record.key,
        value: record.value,
        headers: record.headers,
    }
}

fn with_key(key: impl Into<Bytes>) -> Record {
    Record { key: Some(key.into()), ..stored(scribe().entry(&entry())) }
}
