use tidegate::broker::NewTopic;
use tidegate::headers::names;
use tidegate::message::{NewRecord, Partition};

use super::*;
use crate::consumer::testing::topic;

const LIMIT: u64 = 100_000;

/// A log, and somebody who looks at its dead letters.
struct Fixture {
    broker: Broker,
    watch: Watch,
    gauges: Gauges,
}

impl Fixture {
    async fn new(partitions: u32, limit: u64) -> Self {
        let broker = Broker::in_memory();
        let fixture = Self::on(broker, limit);
        fixture.create(partitions).await;
        fixture
    }

    fn on(broker: Broker, limit: u64) -> Self {
        let gauges = Gauges::new(topic("dead"));
        let watch = Watch::new(broker.clone(), topic("dead"), limit, gauges.clone());
        Self { broker, watch, gauges }
    }

    async fn create(&self, partitions: u32) {
        let created = self.broker.create_topics(vec![NewTopic::new(topic("dead"), partitions)]);
        assert_eq!(created.await, [Ok(())]);
    }

    /// Puts a letter there, dead since that second of 1970.
    async fn put(&self, partition: u32, class: &str, second: i64) {
        let at = jiff::Timestamp::from_second(second).unwrap().to_string();
        let letter = NewRecord::new(topic("dead"))
            .partition(Partition(partition))
            .header(names::DLQ_VERSION, "1")
            .header(names::CLASS, class.to_owned())
            .header(names::DEAD_AT, at);
        self.publish(letter).await;
    }

    async fn publish(&self, record: NewRecord) {
        self.broker.publish(vec![record]).await.pop().unwrap().unwrap();
    }

    async fn delete(&self, partition: u32, below: u64) {
        let partition = TopicPartition::new(topic("dead"), Partition(partition));
        self.broker.delete_records(partition, Offset(below)).await.unwrap();
    }

    async fn seen(&mut self) -> Picture {
        self.watch.look().await.unwrap();
        self.gauges.picture().unwrap()
    }
}

fn picture<const N: usize>(
    letters: u64,
    oldest: Option<i64>,
    by_class: [(&'static str, u64); N],
) -> Picture {
    let oldest = oldest.map(|second| Timestamp::from_second(second).unwrap());
    Picture { letters, oldest, by_class: by_class.into() }
}

#[tokio::test]
async fn letters_are_counted_once_however_often_it_is_looked() {
    let mut fixture = Fixture::new(2, LIMIT).await;
    assert_eq!(fixture.seen().await, picture(0, None, []));
    fixture.put(0, "transient", 30).await;
    fixture.put(1, "permanent", 20).await;
    let two = picture(2, Some(20), [("transient", 1), ("permanent", 1)]);
    assert_eq!(fixture.seen().await, two);
    assert_eq!(fixture.seen().await, two);
    fixture.put(0, "transient", 10).await;
    // The first of each partition tells the oldest: within one, letters come in the order of their deaths.
    let three = picture(3, Some(20), [("transient", 2), ("permanent", 1)]);
    assert_eq!(fixture.seen().await, three);
}

#[tokio::test]
async fn what_is_deleted_counts_no_more() {
    let mut fixture = Fixture::new(1, LIMIT).await;
    for (class, second) in [("transient", 10), ("permanent", 20), ("undecodable", 30)] {
        fixture.put(0, class, second).await;
    }
    assert_eq!(fixture.seen().await.letters, 3);
    fixture.delete(0, 2).await;
    assert_eq!(fixture.seen().await, picture(1, Some(30), [("undecodable", 1)]));
    fixture.delete(0, 3).await;
    assert_eq!(fixture.seen().await, picture(0, None, []));
    fixture.put(0, "transient", 40).await;
    assert_eq!(fixture.seen().await, picture(1, Some(40), [("transient", 1)]));
}

#[tokio::test]
async fn of_many_the_newest_are_counted_by_class_and_all_by_number() {
    let mut fixture = Fixture::new(2, 4).await;
    for second in 10..20 {
        fixture.put(0, "transient", second).await;
    }
    let cut = picture(10, Some(10), [("transient", 2)]);
    assert_eq!(fixture.seen().await, cut);
    fixture.put(0, "permanent", 20).await;
    fixture.put(1, "undecodable", 5).await;
    let counts = [("transient", 1), ("permanent", 1), ("undecodable", 1)];
    assert_eq!(fixture.seen().await, picture(12, Some(5), counts));
    assert!(fixture.watch.seen.values().all(|seen| seen.classes.len() <= 2));
}

#[tokio::test]
async fn no_words_of_others_become_labels() {
    let mut fixture = Fixture::new(1, LIMIT).await;
    for class in ["card 4111 declined", "", "TRANSIENT", "outage"] {
        fixture.put(0, class, 10).await;
    }
    let foreign = NewRecord::new(topic("dead")).header(names::CLASS, "transient");
    fixture.publish(foreign).await;
    fixture.publish(NewRecord::new(topic("dead"))).await;
    assert_eq!(fixture.seen().await.by_class, [("unknown", 6)].into());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_could_look_at_for_a_minute_is_not_shown() {
    let mut fixture = Fixture::on(Broker::in_memory(), LIMIT);
    fixture.watch.look().await.unwrap_err();
    assert_eq!(fixture.gauges.picture(), None, "nothing is known yet");
    fixture.create(1).await;
    fixture.put(0, "transient", 10).await;
    let seen = fixture.seen().await;
    fixture.broker.close().await;
    fixture.watch.look().await.unwrap_err();
    assert_eq!(fixture.gauges.picture(), Some(seen));
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(fixture.gauges.picture(), None);
}
