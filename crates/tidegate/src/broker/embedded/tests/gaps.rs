//! rule 1: never assume contiguity.

use super::*;
use crate::broker::Consumer;
use crate::message::Record;

/// Records at 0, 11 and 22; the end is 33.
async fn with_gaps(disk: &Disk, options: &EmbeddedOptions) -> EmbeddedBroker {
    let log = log(disk, options).await;
    for _ in 0..3 {
        publish(&log, 1).await.unwrap();
        log.skip_offsets(&place(), 10).await.unwrap();
    }
    log
}

fn offsets(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.offset.0).collect()
}

async fn check(log: &EmbeddedBroker) {
    for from in 1..=11 {
        let read = fetch(log, from).await.unwrap();
        assert_eq!((offsets(&read.records), read.next), (vec![11, 22], Offset(33)));
    }
    let one = FetchLimit { records: 1, ..FetchLimit::default() };
    let first = log.fetch(place(), Offset(0), one).await.unwrap();
    assert_eq!(offsets(&first.records), [0]);
    assert_eq!(offsets(&fetch(log, first.next.0).await.unwrap().records), [11, 22]);
    let none = fetch(log, 25).await.unwrap();
    assert_eq!((none.records.len(), none.next), (0, Offset(33)));

    let group = Subscription::new("gaps", vec![topic()]);
    let mut member = log.subscribe(group).await.unwrap();
    assert!(matches!(member.poll().await, GroupEvent::Assigned(_)));
    member.start(&place(), Offset(0));
    assert_eq!(delivered(member.as_mut(), 3).await, [0, 11, 22]);
}

async fn delivered(member: &mut dyn Consumer, count: usize) -> Vec<u64> {
    let mut delivered = Vec::new();
    while delivered.len() < count {
        let GroupEvent::Records { records, .. } = member.poll().await else { panic!() };
        delivered.extend(offsets(&records));
    }
    delivered
}

#[tokio::test]
async fn gaps_are_passed_in_memory() {
    check(&with_gaps(&Disk::default(), &EmbeddedOptions::new("storage")).await).await;
}

#[tokio::test]
async fn gaps_are_passed_in_the_file() {
    check(&with_gaps(&Disk::default(), &options()).await).await;
}

#[tokio::test]
async fn gaps_survive_a_restart() {
    let disk = Disk::default();
    drop(with_gaps(&disk, &options()).await);
    let log = EmbeddedBroker::over(SharedBackend::new(disk), &options()).unwrap();
    check(&log).await;
    assert_eq!(publish(&log, 1).await.unwrap().offset, Offset(33));
}
