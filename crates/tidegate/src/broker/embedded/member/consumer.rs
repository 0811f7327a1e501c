//! The contract of a member.

use super::Member;
use crate::broker::{BoxFuture, CommitEntry, CommitError, Consumer, GroupEvent, RevokeTicket};
use crate::message::{Offset, TopicPartition};

impl Consumer for Member {
    fn poll(&mut self) -> BoxFuture<'_, GroupEvent> {
        Box::pin(self.next())
    }

    fn start(&mut self, partition: &TopicPartition, from: Offset) {
        if let Some(reading) = self.owned.get_mut(partition) {
            reading.start(from);
        }
        self.waker.notify_one();
    }

    fn pause(&mut self, partitions: &[TopicPartition]) {
        self.set_paused(partitions, true);
    }

    fn resume(&mut self, partitions: &[TopicPartition]) {
        self.set_paused(partitions, false);
        self.waker.notify_one();
    }

    fn commit(
        &mut self,
        entries: Vec<CommitEntry>,
    ) -> BoxFuture<'static, Vec<Result<(), CommitError>>> {
        self.queue_commit(entries)
    }

    fn revoked(&mut self, ticket: RevokeTicket) {
        self.inner.coordinator.revoked(&self.how.group, self.id, ticket);
    }

    fn close(&mut self) -> BoxFuture<'static, ()> {
        self.leave();
        Box::pin(std::future::ready(()))
    }
}
