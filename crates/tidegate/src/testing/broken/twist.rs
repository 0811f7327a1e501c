//! Where a broker can be broken. Everything that a twist does not override is passed on as it is.

use std::fmt;

use crate::broker::{
    Acks, BoxFuture, Broker, BrokerError, CommitEntry, CommitError, Committed, Consumer,
    FetchLimit, Fetched, GroupEvent, NewTopic, RevokeTicket, Subscription,
};
use crate::message::{NewRecord, Offset, Timestamp, TopicPartition};

/// What a group has committed, by partition.
pub(super) type AllCommitted = Result<Vec<(TopicPartition, Committed)>, BrokerError>;

/// The answers to a commit.
pub(super) type CommitAnswers = BoxFuture<'static, Vec<Result<(), CommitError>>>;

/// Breaks a broker.
pub(super) trait Twist: Send + Sync + fmt::Debug {
    fn publish(&self, sound: &Broker, records: Vec<NewRecord>) -> Acks {
        sound.publish(records)
    }

    fn cluster_id<'a>(&'a self, sound: &'a Broker) -> BoxFuture<'a, Result<String, BrokerError>> {
        sound.cluster_id()
    }

    /// How a topic that is to be made is taken.
    fn topic(&self, wanted: NewTopic) -> NewTopic {
        wanted
    }

    /// Comes before every direct read of a partition.
    fn before_reading<'a>(&'a self, _sound: &'a Broker) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn fetch<'a>(
        &'a self,
        sound: &'a Broker,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'a, Result<Fetched, BrokerError>> {
        sound.fetch(partition, from, limit)
    }

    fn offset_for_time<'a>(
        &'a self,
        sound: &'a Broker,
        partition: TopicPartition,
        time: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Offset>, BrokerError>> {
        sound.offset_for_time(partition, time)
    }

    fn close<'a>(&'a self, sound: &'a Broker) -> BoxFuture<'a, ()> {
        sound.close()
    }

    /// How the group takes a member that wants to join.
    fn subscription(&self, wanted: Subscription) -> Subscription {
        wanted
    }

    fn committed<'a>(&'a self, sound: &'a Broker, group: String) -> BoxFuture<'a, AllCommitted> {
        sound.committed(group)
    }

    /// How members of the group are broken; `None`: they are sound.
    fn member(&self, _group: &str) -> Option<Box<dyn MemberTwist>> {
        None
    }
}

/// Breaks a group member.
pub(super) trait MemberTwist: Send {
    /// An event of the twist's own, before the sound member is asked.
    fn ready(&mut self) -> Option<GroupEvent> {
        None
    }

    /// What becomes of an event; `None` swallows it.
    fn event(&mut self, _sound: &mut dyn Consumer, event: GroupEvent) -> Option<GroupEvent> {
        Some(event)
    }

    /// Whether the poll waits once more while it holds an event.
    fn dawdles(&self) -> bool {
        false
    }

    fn start(&mut self, sound: &mut dyn Consumer, partition: &TopicPartition, from: Offset) {
        sound.start(partition, from);
    }

    fn pause(&mut self, sound: &mut dyn Consumer, partitions: &[TopicPartition]) {
        sound.pause(partitions);
    }

    fn resume(&mut self, sound: &mut dyn Consumer, partitions: &[TopicPartition]) {
        sound.resume(partitions);
    }

    fn revoked(&mut self, sound: &mut dyn Consumer, ticket: RevokeTicket) {
        sound.revoked(ticket);
    }

    fn commit(&mut self, sound: &mut dyn Consumer, entries: Vec<CommitEntry>) -> CommitAnswers {
        sound.commit(entries)
    }
}
