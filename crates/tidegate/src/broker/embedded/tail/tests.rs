use super::*;
use crate::broker::FetchLimit;
use crate::headers::Headers;
use crate::message::{Partition, Timestamp, TopicName};

fn record(offset: u64, bytes: usize) -> Record {
    Record {
        topic: TopicName::new("orders").unwrap(),
        partition: Partition(0),
        offset: Offset(offset),
        timestamp: Timestamp(0),
        key: None,
        value: Some(vec![0; bytes].into()),
        headers: Headers::new(),
    }
}

fn read(tail: &Tail, from: u64, records: usize, bytes: usize) -> Option<Vec<u64>> {
    let limit = FetchLimit { records, bytes, ..FetchLimit::default() };
    let read = tail.read(Offset(from), &limit)?;
    Some(read.iter().map(|record| record.offset.0).collect())
}

#[test]
fn it_serves_what_it_holds_and_says_what_it_does_not() {
    let mut tail = Tail::new(Offset(10));
    tail.append(vec![record(10, 1), record(11, 1), record(15, 1)], 1 << 20);
    assert_eq!(read(&tail, 9, 10, 10), None);
    assert_eq!(read(&tail, 10, 10, 10), Some(vec![10, 11, 15]));
    assert_eq!(read(&tail, 12, 10, 10), Some(vec![15]), "a gap is passed");
    assert_eq!(read(&tail, 16, 10, 10), Some(vec![]));
    assert_eq!(read(&tail, 10, 2, 10), Some(vec![10, 11]));
    assert_eq!(read(&tail, 10, 10, 2), Some(vec![10, 11]));
    assert_eq!(read(&tail, 10, 10, 0), Some(vec![10]), "the first comes however large it is");
}

#[test]
fn it_forgets_the_oldest_beyond_its_limit() {
    let mut tail = Tail::new(Offset(0));
    tail.append((0..10).map(|n| record(n, 72)).collect(), 600);
    assert_eq!(read(&tail, 6, 10, 1 << 20), None);
    assert_eq!(read(&tail, 7, 10, 1 << 20), Some(vec![7, 8, 9]));
    tail.delete_before(Offset(9));
    assert_eq!(read(&tail, 8, 10, 1 << 20), None);
    tail.append(vec![record(10, 700)], 600);
    assert_eq!(read(&tail, 10, 10, 1 << 20), None, "larger than the limit: not held");
    assert_eq!(read(&tail, 11, 10, 1 << 20), Some(vec![]));
}

#[test]
fn it_forgets_what_was_left_out_of_the_log() {
    let mut tail = Tail::new(Offset(0));
    tail.append((0..6).map(|n| record(n, 72)).collect(), 1 << 20);
    tail.forget(&[0, 2, 3]);
    assert_eq!(
        read(&tail, 0, 10, 1 << 20),
        Some(vec![1, 4, 5]),
        "it reaches back as far as before"
    );
    tail.append(vec![record(6, 72)], 800);
    assert_eq!(read(&tail, 1, 10, 1 << 20), Some(vec![1, 4, 5, 6]), "and has the room again");
}
