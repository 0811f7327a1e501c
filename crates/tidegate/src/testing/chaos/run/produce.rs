//! The producer of the records, and the topics.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::Running;
use crate::broker::{NewTopic, TopicInfo};
use crate::event::EventId;
use crate::headers::names;
use crate::message::{NewRecord, Partition, TopicName, TopicPartition};
use crate::publisher::{PreparedEvent, PublishError, Published, Publisher};
use crate::testing::chaos::checks;
use crate::testing::chaos::world::{PUBLISHER, World, lock};

/// So much larger are the records of dead-letter topics (rule 5).
const ROOM: usize = 65_536;

impl Running<'_> {
    pub(super) async fn create_topics(&self) {
        let (topics, partitions) = (&self.world.topics, self.world.plan.partitions);
        let names = topics.sources.iter().chain(&topics.owed).chain(&topics.dead_letters);
        let more = self.furniture.more_topics.iter().filter_map(|name| TopicName::new(*name).ok());
        let all: BTreeSet<_> = names.cloned().chain(more).collect();
        let topic = |name: TopicName| {
            let dead = topics.dead_letters.contains(&name);
            let limit = NewTopic::DEFAULT_MAX_MESSAGE_BYTES + if dead { ROOM } else { 0 };
            NewTopic { max_message_bytes: Some(limit), ..NewTopic::new(name, partitions) }
        };
        let companion = |name: &TopicName| {
            let source = TopicInfo::of_new(name.clone(), partitions);
            NewTopic::companion(name.clone(), &source)
        };
        let companions = topics.companions.keys().map(companion);
        let topics = all.into_iter().map(topic).chain(companions).collect();
        for created in self.world.log.broker(PUBLISHER).create_topics(topics).await {
            created.expect("a topic in a new log");
        }
    }

    /// Publishes in portions, while the world goes on.
    pub(super) async fn publish_and_wait(&mut self) {
        while self.left > 0 && !self.world.violated() {
            self.publish_portions().await;
            // As long as faults are to come, and something happens that they can hit.
            let patience = Instant::now() + Duration::from_secs(60);
            self.go_on(patience, World::is_spent).await;
        }
    }

    async fn publish_portions(&mut self) {
        while self.left > 0 {
            let portion = self.left.min(1 + u32::try_from(self.rng.below(60)).expect("small"));
            self.left -= portion;
            for _ in 0..portion {
                self.publish_one().await;
            }
            let pause = self.rng.millis(0, 1_500);
            self.go_on(Instant::now() + pause, |_| false).await;
        }
    }

    /// As the publisher's documentation says: prepared once, and sent until it is acknowledged.
    #[allow(clippy::panic, reason = "a test ends so")]
    async fn publish_one(&mut self) {
        if self.world.plan.gaps && self.rng.percent(8) {
            self.leave_gap();
        }
        let (id, record) = self.draw_record();
        let (publisher, topic) =
            (Publisher::new(self.world.log.broker(PUBLISHER)), record.topic.clone());
        loop {
            let event = PreparedEvent::of(EventId::new(id.clone()), record.clone());
            match publisher.send(event).await {
                Ok(published) => return self.acknowledged(topic, &id, &published),
                Err(PublishError::Broker(_)) => {
                    self.world.note(|| format!("{id} was not acknowledged"));
                    let pause = self.rng.millis(50, 500);
                    self.go_on(Instant::now() + pause, |_| false).await;
                }
                Err(refused) => panic!("an event that cannot be published: {refused}"),
            }
            if self.world.violated() {
                return;
            }
        }
    }

    fn draw_record(&mut self) -> (String, NewRecord) {
        let mut record = (self.furniture.record)(&mut self.rng);
        let id = self.rng.id();
        if record.headers.text(names::EVENT_ID).is_none() {
            record.headers.push(names::EVENT_ID, id.clone());
            return (id, record);
        }
        let id = record.headers.text(names::EVENT_ID).unwrap_or_default().to_owned();
        (id, record)
    }

    fn acknowledged(&self, topic: TopicName, id: &str, published: &Published) {
        if !self.world.checks("I1") {
            return;
        }
        let at = TopicPartition::new(topic, published.partition);
        let records = self.world.log.records(&at);
        let found = records.iter().find(|record| record.offset == published.offset);
        let mut truth = lock(&self.world.truth);
        if truth.books.get(&at).is_some_and(|book| published.offset < book.start) {
            return; // deleted before it was acknowledged
        }
        checks::i1_what_is_acknowledged_is_in_the_log(&mut truth, &at, published.offset, id, found);
    }

    fn leave_gap(&mut self) {
        let topics: Vec<_> = self.world.topics.sources.iter().cloned().collect();
        let place = usize::try_from(self.rng.below(topics.len() as u64)).expect("small");
        let partition =
            u32::try_from(self.rng.below(u64::from(self.world.plan.partitions))).expect("small");
        let at = TopicPartition::new(topics[place].clone(), Partition(partition));
        self.world.log.skip_offsets(&at, 1 + self.rng.below(5));
    }
}
