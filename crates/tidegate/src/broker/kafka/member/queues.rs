//! A queue of the client for each partition.
//!
//! ```text
//!   broker ─▶ client ─┬─▶ queue of orders/0 ─▶ buffer, with room: is read
//!                     ├─▶ queue of orders/1 ─▶ buffer, full:      is left alone, and loses nothing
//!                     └─▶ the client's own:    rebalances, errors: always served
//! ```
//!
//! A client that is told to pause a partition forgets what it has read ahead of it, and fetches that again. A queue that
//! nobody reads fills up to its limit, and the client fetches no more for it (decision 13).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Client;
use super::rebalance::MemberContext;
use super::shared::Bell;
use crate::broker::kafka::{ffi, record};
use crate::message::TopicPartition;

/// The queue of one partition.
pub(super) type Queue = ffi::Queue<MemberContext>;

/// The queues of what was started, by partition.
pub(super) struct Queues {
    split: BTreeMap<TopicPartition, Queue>,
    bell: Arc<Bell>,
}

impl Queues {
    pub(super) fn new(bell: Arc<Bell>) -> Self {
        Self { split: BTreeMap::new(), bell }
    }

    /// Gives the partition a queue of its own, before anything of it is read. For each start anew: an assignment may
    /// have put it back among the others.
    pub(super) fn split(&mut self, client: &Arc<Client>, partition: &TopicPartition) {
        // The old handle first: it silences the queue, which is the same one.
        self.split.remove(partition);
        let (topic, number) = (partition.topic.as_str(), record::number(partition));
        let bell = self.bell.clone();
        let rings = move || bell.ring();
        let Some(queue) = Queue::split(client, topic, number, rings) else {
            // Then its records come through the client's own, which is always read.
            return tracing::warn!(
                topic,
                partition = number,
                "no queue of its own for the partition"
            );
        };
        self.split.insert(partition.clone(), queue);
    }

    pub(super) fn of(&self, partition: &TopicPartition) -> Option<&Queue> {
        self.split.get(partition)
    }

    /// Lets those go that are not owned any more. The client frees what it had read ahead of them only as it is taken, and an
    /// error among it would be taken for one of a later grant.
    pub(super) fn forget_lost(&mut self, owned: impl Fn(&TopicPartition) -> bool) {
        self.split.retain(|partition, queue| {
            let keep = owned(partition);
            while !keep && queue.poll().is_some() {}
            keep
        });
    }

    /// Lets all of them go, while the client is there: its last reference closes it.
    pub(super) fn clear(&mut self) {
        self.split.clear();
    }
}
