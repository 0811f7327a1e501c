//! Records that are kept for a time.

use std::time::Duration;

use super::*;
use crate::broker::Retention;
use crate::clock::Clock;
use crate::clock::virtual_time::VirtualClock;

const HOUR: Duration = Duration::from_secs(3600);

async fn kept_for_an_hour(
    change: impl FnOnce(NewTopic) -> NewTopic,
) -> (VirtualClock, EmbeddedBroker) {
    let time = VirtualClock::new();
    let options = options().clock(Clock::Virtual(time.clone()));
    let log = EmbeddedBroker::over(SharedBackend::new(Disk::default()), &options).unwrap();
    let topic = change(NewTopic::new(topic(), 1).kept(Retention::For(HOUR)));
    log.create_topics(vec![topic]).await.remove(0).unwrap();
    (time, log)
}

/// The log has looked, and has done what there was: also when it was at it before.
async fn upkept(log: &EmbeddedBroker, time: &VirtualClock) {
    for _ in 0..3 {
        time.advance(Duration::from_secs(15));
        for _ in 0..8 {
            log.0.flush().await.unwrap();
        }
    }
}

async fn bounds(log: &EmbeddedBroker) -> (u64, u64) {
    let bounds = log.watermarks(place()).await.unwrap();
    (bounds.start.0, bounds.end.0)
}

#[tokio::test]
async fn records_go_when_they_are_too_old_and_not_before() {
    let (time, log) = kept_for_an_hour(|topic| topic).await;
    publish(&log, 1).await.unwrap();
    time.advance(HOUR / 2);
    publish(&log, 1).await.unwrap();
    upkept(&log, &time).await;
    assert_eq!(bounds(&log).await, (0, 2));
    time.advance(HOUR / 2);
    upkept(&log, &time).await;
    assert_eq!(bounds(&log).await, (1, 2));
    assert!(matches!(fetch(&log, 0).await, Err(BrokerError::OutOfRange { .. })));
    time.advance(HOUR);
    upkept(&log, &time).await;
    assert_eq!(bounds(&log).await, (2, 2), "the newest too, and no offset is given twice");
    assert_eq!(publish(&log, 1).await.unwrap().offset, Offset(2));
}

/// More batches than one step deletes.
#[tokio::test]
async fn many_old_batches_go_step_by_step() {
    let (time, log) = kept_for_an_hour(|topic| topic).await;
    for _ in 0..300 {
        publish(&log, 1).await.unwrap();
    }
    time.advance(HOUR * 2);
    publish(&log, 1).await.unwrap();
    upkept(&log, &time).await;
    assert_eq!(bounds(&log).await, (300, 301));
}

/// Kafka's `compact,delete`.
#[tokio::test]
async fn a_compacted_topic_may_lose_old_records_too() {
    let (time, log) = kept_for_an_hour(NewTopic::compacted).await;
    let keyed = |key: &'static str| NewRecord::new(topic()).key(key).value("v");
    log.publish(vec![keyed("a"), keyed("b"), keyed("a")]).await;
    time.advance(HOUR / 2);
    log.publish(vec![keyed("c"), keyed("c")]).await;
    upkept(&log, &time).await;
    let left = async |from| {
        let records = fetch(&log, from).await.unwrap().records;
        records.iter().map(|record| record.offset.0).collect::<Vec<_>>()
    };
    assert_eq!(left(0).await, [1, 2, 4]);
    time.advance(HOUR / 2 + Duration::from_secs(60));
    // The round has put them into one batch, and a batch goes when none of its records is young.
    upkept(&log, &time).await;
    assert_eq!(left(0).await, [1, 2, 4]);
    time.advance(HOUR / 2);
    upkept(&log, &time).await;
    assert_eq!(bounds(&log).await, (5, 5));
}
