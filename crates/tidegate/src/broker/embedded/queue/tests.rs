use bytes::Bytes;

use super::*;
use crate::broker::embedded::log::{Bounds, Topic};
use crate::broker::{Cleanup, Keeping, Retention};
use crate::message::TopicName;

fn accepted(bytes: usize) -> Accepted {
    let name = TopicName::new("orders").unwrap();
    let keeping = Keeping { cleanup: Cleanup::Delete, retention: Retention::Forever };
    let topic = Topic::new(0, name.clone(), 1, keeping, vec![Bounds::EMPTY]);
    let record = NewRecord::new(name).value(Bytes::from(vec![0; bytes]));
    Accepted { partition: topic.partitions[0].clone(), record, timestamp: Timestamp(0) }
}

fn publish(queue: &Queue, sizes: &[usize]) -> Result<usize, Refused> {
    queue.publish(sizes.iter().map(|bytes| accepted(*bytes)).collect(), oneshot::channel().0)
}

/// Nothing here waits for it.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn the_bound_holds_in_number_and_in_bytes() {
    let queue = Queue::new(3, 100);
    assert_eq!(publish(&queue, &[60, 30]), Ok(2));
    assert_eq!(publish(&queue, &[11]), Ok(0), "bytes");
    assert_eq!(publish(&queue, &[1, 1]), Ok(1), "number");
}

#[test]
fn nothing_behind_a_refused_record_is_taken() {
    assert_eq!(publish(&Queue::new(10, 100), &[60, 60, 1]), Ok(1));
}

#[test]
fn an_empty_queue_takes_a_record_however_large() {
    assert_eq!(publish(&Queue::new(10, 100), &[500, 1]), Ok(1));
}

#[test]
fn what_is_being_written_counts_until_it_is_done() {
    let queue = Queue::new(2, 100);
    assert_eq!(publish(&queue, &[1, 1]), Ok(2));
    let taken = queue.take(LONG).unwrap();
    assert_eq!(publish(&queue, &[1]), Ok(0));
    queue.done(taken[0].weight());
    assert_eq!(publish(&queue, &[1]), Ok(1));
}

#[test]
fn a_closed_queue_takes_nothing_and_gives_what_it_has() {
    let queue = Queue::new(2, 100);
    publish(&queue, &[1]).unwrap();
    queue.close();
    assert_eq!(publish(&queue, &[1]), Err(Refused::Closed));
    assert!(queue.take(LONG).is_some());
    assert!(queue.take(LONG).is_none());
}

#[test]
fn who_waits_for_jobs_waits_no_longer_than_told() {
    let queue = Queue::new(2, 100);
    assert_eq!(queue.take(Duration::ZERO).map(|jobs| jobs.len()), Some(0), "nothing is there");
    publish(&queue, &[1]).unwrap();
    assert_eq!(queue.take(Duration::ZERO).map(|jobs| jobs.len()), Some(1));
}
