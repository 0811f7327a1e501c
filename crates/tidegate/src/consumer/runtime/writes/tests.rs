//! What finds together to one call.

use super::*;
use crate::event::EventId;
use crate::headers::Headers;
use crate::message::{Partition, Record, Timestamp, TopicName};
use crate::policy::PolicyId;
use crate::router::endpoint::Routed;

fn write(offset: u64, bytes: usize) -> Write {
    let record = Record {
        topic: TopicName::new("orders").expect("a legal name"),
        partition: Partition(0),
        offset: Offset(offset),
        timestamp: Timestamp(0),
        key: None,
        value: Some(vec![0; bytes].into()),
        headers: Headers::new(),
    };
    let routed = Routed {
        policy: PolicyId::default(),
        handler: "h".into(),
        event_type: "t".into(),
        event_id: EventId::new("e"),
        correlation_id: "c".into(),
    };
    let item = Arc::new(Identified::new(record, routed, "g".into()));
    Write { offset: Offset(offset), item, carry: Carry::default(), what: What::Tombstones(vec![]) }
}

fn offsets(call: &[Write]) -> Vec<u64> {
    call.iter().map(|write| write.offset.0).collect()
}

#[test]
fn what_comes_while_a_call_is_under_way_is_the_next_call() {
    let mut writes = Writes::default();
    writes.pending.extend([write(0, 9), write(1, 9)]);
    assert_eq!(offsets(&writes.next()), [0, 1]);
    writes.pending.extend([write(2, 9), write(3, 9)]);
    assert!(writes.next().is_empty(), "one is under way");
    writes.under_way = false;
    assert_eq!(offsets(&writes.next()), [2, 3]);
}

/// A burst of failures has no more copies on their way than a call takes; one that is larger goes alone.
#[test]
fn a_call_takes_no_more_than_its_bytes() {
    let mut writes = Writes::default();
    writes.pending.extend([
        write(0, 3 * CALL.1),
        write(1, CALL.1 / 2),
        write(2, CALL.1 / 4),
        write(3, CALL.1),
    ]);
    for call in [vec![0], vec![1, 2], vec![3]] {
        assert_eq!(offsets(&writes.next()), call);
        writes.under_way = false;
    }
}

/// Who has something to write stands in the line once, and not while a call of it is under way.
#[test]
fn an_ownership_asks_once_for_its_next_call() {
    let mut writes = Writes::default();
    assert!(!writes.asks(), "there is nothing");
    writes.pending.extend([write(0, 9), write(1, 9)]);
    assert!(writes.asks());
    assert!(!writes.asks(), "it stands there");
    writes.asked = false;
    writes.next();
    writes.pending.push_back(write(2, 9));
    assert!(!writes.asks(), "its call is under way");
    writes.under_way = false;
    assert!(writes.asks());
}
