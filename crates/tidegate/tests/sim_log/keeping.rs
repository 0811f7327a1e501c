//! What makes room in the log by itself: by its own time, which a test moves.

use std::time::Duration;

use tidegate::broker::{Broker, NewTopic, Retention};
use tidegate::message::{NewRecord, Offset, Timestamp};
use tidegate::testing::sim::{Process, SimLog};

use crate::rig::{at, topic};

const HOUR: Duration = Duration::from_secs(3600);

async fn log(change: impl FnOnce(NewTopic) -> NewTopic) -> (SimLog, Broker) {
    let log = SimLog::at(Timestamp(0));
    let broker = log.broker(Process(1));
    let made = broker.create_topics(vec![change(NewTopic::new(topic(), 1))]).await;
    assert_eq!(made, [Ok(())]);
    (log, broker)
}

async fn publish(broker: &Broker, records: impl IntoIterator<Item = NewRecord>) {
    let acks = broker.publish(records.into_iter().collect()).await;
    assert!(acks.iter().all(Result::is_ok), "{acks:?}");
}

fn keyed(key: &'static str) -> NewRecord {
    NewRecord::new(topic()).key(key).value("v")
}

fn left(log: &SimLog) -> Vec<u64> {
    log.records(&at(0)).iter().map(|record| record.offset.0).collect()
}

#[tokio::test(start_paused = true)]
async fn a_tombstone_stays_for_a_day_and_the_newest_record_for_ever() {
    let (log, broker) = log(NewTopic::compacted).await;
    let tombstone = || NewRecord::new(topic()).key("a");
    publish(&broker, [keyed("a"), keyed("b"), keyed("a"), tombstone(), keyed("b")]).await;
    assert_eq!(left(&log), [3, 4]);
    tokio::time::advance(HOUR * 23).await;
    assert_eq!(left(&log), [3, 4]);
    tokio::time::advance(HOUR).await;
    assert_eq!(left(&log), [4]);
    publish(&broker, [tombstone()]).await;
    tokio::time::advance(HOUR * 100).await;
    assert_eq!(left(&log), [4, 5]);
    assert_eq!(log.bounds(&at(0)).unwrap().end, Offset(6));
}

#[tokio::test(start_paused = true)]
async fn old_records_go_from_the_beginning_on() {
    let (log, broker) = log(|topic| topic.kept(Retention::For(HOUR))).await;
    publish(&broker, [keyed("a")]).await;
    tokio::time::advance(HOUR / 2).await;
    publish(&broker, [keyed("b")]).await;
    tokio::time::advance(HOUR / 2).await;
    assert_eq!(left(&log), [0, 1], "to the millisecond");
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(left(&log), [1]);
    assert_eq!(log.bounds(&at(0)).unwrap().start, Offset(1));
    let log = log.restarted();
    tokio::time::advance(HOUR).await;
    assert_eq!(left(&log), [0; 0], "a restart forgets no policy");
}
