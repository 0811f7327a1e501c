//! The contract's calls of a member.

use tokio::time::Instant;

use super::SimMember;
use super::reading::Reading;
use crate::broker::{BoxFuture, CommitEntry, CommitError, Consumer, GroupEvent, RevokeTicket};
use crate::message::{Offset, TopicPartition};
use crate::testing::sim::Inner;
use crate::testing::sim::fate::{Answer, Fate};
use crate::testing::sim::faults::Call;

impl SimMember {
    /// A call that stays within the client: it acts, unless the process is dead before.
    fn is_there(&self, call: Call, partition: Option<&TopicPartition>) -> bool {
        let fate = self.fate(call, partition);
        fate.acts.is_some() || fate.answer != Answer::Never
    }

    /// Says something to the group, now or when it arrives; false when it never does.
    fn say(&self, call: Call, fate: &Fate, what: impl FnOnce(&Inner) + Send + 'static) -> bool {
        match fate.acts {
            None => return false,
            Some(at) if at > Instant::now() => drop(self.inner().later(call, at, what)),
            Some(_) => what(self.inner()),
        }
        true
    }

    fn set_paused(&mut self, partitions: &[TopicPartition], paused: bool) {
        for partition in partitions {
            if let Some(reading) = self.owned.get_mut(partition) {
                reading.paused = paused;
            }
        }
    }
}

impl Consumer for SimMember {
    fn poll(&mut self) -> BoxFuture<'_, GroupEvent> {
        Box::pin(self.next())
    }

    fn start(&mut self, partition: &TopicPartition, from: Offset) {
        if !self.is_there(Call::Start, Some(partition)) {
            return;
        }
        if let Some(reading) = self.owned.get_mut(partition) {
            *reading = Reading { position: Some(from), ..Reading::default() };
        }
        self.waker.notify_one();
    }

    fn pause(&mut self, partitions: &[TopicPartition]) {
        if self.is_there(Call::Pause, partitions.first()) {
            self.set_paused(partitions, true);
        }
    }

    fn resume(&mut self, partitions: &[TopicPartition]) {
        if self.is_there(Call::Resume, partitions.first()) {
            self.set_paused(partitions, false);
            self.waker.notify_one();
        }
    }

    fn commit(
        &mut self,
        entries: Vec<CommitEntry>,
    ) -> BoxFuture<'static, Vec<Result<(), CommitError>>> {
        let fate = self.fate(Call::Commit, entries.first().map(|entry| &entry.partition));
        self.send_commit(entries, fate)
    }

    fn revoked(&mut self, ticket: RevokeTicket) {
        let (at, fate) = (self.at.clone(), self.fate(Call::Revoked, None));
        self.say(Call::Revoked, &fate, move |inner| {
            inner.coordinator.revoked(&at.group, at.id, ticket);
        });
    }

    fn close(&mut self) -> BoxFuture<'static, ()> {
        if self.left {
            return Box::pin(std::future::ready(()));
        }
        let fate = self.fate(Call::Close, None);
        self.left = true;
        self.owned.clear();
        let at = self.at.clone();
        let said = self.say(Call::Close, &fate, move |inner| {
            inner.coordinator.leave(&at.group, at.id);
        });
        if !said {
            self.inner().silence_member(&self.at); // the group learns it when the session has run out
        }
        let inner = self.broker.inner.clone();
        Box::pin(async move {
            fate.told(&inner).await;
        })
    }
}
