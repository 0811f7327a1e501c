//! Passes the contract's calls on to a sound broker, through a twist.

use super::twist::{MemberTwist, Twist};
use crate::broker::{
    Acks, AdminError, BoxFuture, Broker, BrokerDriver, BrokerError, CommitEntry, CommitError,
    Committed, Consumer, FetchLimit, Fetched, GroupEvent, GroupInfo, NewTopic, PartitionLag,
    RevokeTicket, Subscription, TopicInfo, Watermarks,
};
use crate::message::{NewRecord, Offset, Timestamp, TopicName, TopicPartition};

#[derive(Debug)]
pub(super) struct BrokenDriver {
    sound: Broker,
    twist: Box<dyn Twist>,
}

impl BrokenDriver {
    pub(super) fn new(sound: Broker, twist: Box<dyn Twist>) -> Self {
        Self { sound, twist }
    }
}

impl BrokerDriver for BrokenDriver {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn cluster_id(&self) -> BoxFuture<'_, Result<String, BrokerError>> {
        self.twist.cluster_id(&self.sound)
    }

    fn publish(&self, records: Vec<NewRecord>) -> Acks {
        self.twist.publish(&self.sound, records)
    }

    fn subscribe(
        &self,
        subscription: Subscription,
    ) -> BoxFuture<'_, Result<Box<dyn Consumer>, BrokerError>> {
        Box::pin(async {
            let twist = self.twist.member(&subscription.group);
            let subscription = self.twist.subscription(subscription);
            let sound = self.sound.subscribe(subscription).await?;
            Ok(match twist {
                Some(twist) => Box::new(BrokenMember { sound, twist }),
                None => sound,
            })
        })
    }

    fn fetch(
        &self,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'_, Result<Fetched, BrokerError>> {
        Box::pin(async move {
            self.twist.before_reading(&self.sound).await;
            self.twist.fetch(&self.sound, partition, from, limit).await
        })
    }

    fn watermarks(
        &self,
        partition: TopicPartition,
    ) -> BoxFuture<'_, Result<Watermarks, BrokerError>> {
        Box::pin(async move {
            self.twist.before_reading(&self.sound).await;
            self.sound.watermarks(partition).await
        })
    }

    fn offset_for_time(
        &self,
        partition: TopicPartition,
        time: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Offset>, BrokerError>> {
        self.twist.offset_for_time(&self.sound, partition, time)
    }

    fn create_topics(&self, topics: Vec<NewTopic>) -> BoxFuture<'_, Vec<Result<(), AdminError>>> {
        let taken = topics.into_iter().map(|topic| self.twist.topic(topic));
        self.sound.create_topics(taken.collect())
    }

    fn topics(&self) -> BoxFuture<'_, Result<Vec<TopicInfo>, BrokerError>> {
        self.sound.topics()
    }

    fn delete_records(
        &self,
        partition: TopicPartition,
        before: Offset,
    ) -> BoxFuture<'_, Result<Offset, AdminError>> {
        self.sound.delete_records(partition, before)
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupInfo>, BrokerError>> {
        self.sound.groups()
    }

    fn committed(
        &self,
        group: String,
    ) -> BoxFuture<'_, Result<Vec<(TopicPartition, Committed)>, BrokerError>> {
        self.twist.committed(&self.sound, group)
    }

    fn lag(
        &self,
        group: String,
        topic: TopicName,
    ) -> BoxFuture<'_, Result<Vec<PartitionLag>, BrokerError>> {
        self.sound.lag(group, topic)
    }

    fn health(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        self.sound.health()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.twist.close(&self.sound)
    }
}

struct BrokenMember {
    sound: Box<dyn Consumer>,
    twist: Box<dyn MemberTwist>,
}

impl Consumer for BrokenMember {
    fn poll(&mut self) -> BoxFuture<'_, GroupEvent> {
        Box::pin(async {
            loop {
                if let Some(event) = self.twist.ready() {
                    return event;
                }
                let event = self.sound.poll().await;
                if self.twist.dawdles() {
                    tokio::task::yield_now().await;
                }
                if let Some(event) = self.twist.event(self.sound.as_mut(), event) {
                    return event;
                }
            }
        })
    }

    fn start(&mut self, partition: &TopicPartition, from: Offset) {
        self.twist.start(self.sound.as_mut(), partition, from);
    }

    fn pause(&mut self, partitions: &[TopicPartition]) {
        self.twist.pause(self.sound.as_mut(), partitions);
    }

    fn resume(&mut self, partitions: &[TopicPartition]) {
        self.twist.resume(self.sound.as_mut(), partitions);
    }

    fn commit(
        &mut self,
        entries: Vec<CommitEntry>,
    ) -> BoxFuture<'static, Vec<Result<(), CommitError>>> {
        self.twist.commit(self.sound.as_mut(), entries)
    }

    fn revoked(&mut self, ticket: RevokeTicket) {
        self.twist.revoked(self.sound.as_mut(), ticket);
    }

    fn close(&mut self) -> BoxFuture<'static, ()> {
        self.sound.close()
    }
}
