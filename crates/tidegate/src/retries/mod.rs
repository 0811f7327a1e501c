//! What waits in a retry topic, for operators: who, for how long, and which keys are held
//! ([`AfterDeadLetter::HoldKey`](crate::policy::AfterDeadLetter)); and letting a held key go.
//!
//! ```text
//!   retry topic ──▶ RetryTopic::waiting ──▶ due · behind another · held · settling
//!        ▲                                               │
//!        └── the held entry's tombstone ◀── release ◀────┘      the partition's owner reads it, and the key goes on
//! ```
//!
//! Reading changes nothing, and needs no place in the group. A key is let go by the tombstone of the entry that holds it: the same
//! record that every settled entry gets, written by hand.

mod error;
mod waiting;
mod written;

pub use error::RetryTopicError;
pub use waiting::{Waiting, Waits};

use self::written::Written;
use crate::broker::Broker;
use crate::companion::entry::{EntryId, Found, Scribe};
use crate::companion::tail::Tail;
use crate::consumer::core::Stamp;
use crate::headers::names;
use crate::message::{Partition, TopicName, TopicPartition};

/// The longest reason, in bytes.
const MAX_REASON: usize = 1_024;

/// The retry topic of one group and one source topic.
#[derive(Debug, Clone)]
pub struct RetryTopic {
    broker: Broker,
    scribe: Scribe,
}

impl RetryTopic {
    /// What `group` keeps of `source` in the topic `name`.
    #[must_use]
    pub fn new(
        broker: Broker,
        group: impl Into<String>,
        source: TopicName,
        name: TopicName,
    ) -> Self {
        Self { broker, scribe: Scribe::new(group.into(), source, name) }
    }

    /// All that waits now, by partition and offset: one line for each record. What an earlier owner has written too late is among
    /// them until the present one strikes it.
    ///
    /// # Errors
    /// [`RetryTopicError`] when the topic is not there, cannot be read, or holds what is none of ours.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, RetryTopicError> {
        let topics = self.broker.topics().await?;
        let found = topics.iter().find(|topic| topic.name == self.scribe.companion);
        let missing = || RetryTopicError::Missing(self.scribe.companion.clone());
        let partitions = found.ok_or_else(missing)?.partitions;
        let mut all = Vec::new();
        for partition in (0..partitions).map(Partition) {
            let written = self.read(partition).await?;
            all.extend(written.into_waiting());
        }
        Ok(all)
    }

    async fn read(&self, partition: Partition) -> Result<Written, RetryTopicError> {
        let companion = TopicPartition::new(self.scribe.companion.clone(), partition);
        let (mut tail, mut written) =
            (Tail::new(self.broker.clone(), companion), Written::default());
        loop {
            let chunk = tail.next().await?;
            for record in &chunk.records {
                match self.scribe.read(record)? {
                    Found::Entry(entry) => written.note(&entry),
                    Found::Tombstone(id) => written.strike(id),
                    Found::Foreign { .. } => {}
                }
            }
            if chunk.caught_up {
                return Ok(written);
            }
        }
    }

    /// Lets the key of a record go: the next record of the key runs. The reason is kept in the topic, with the tombstone, until
    /// compaction takes that away.
    ///
    /// # Errors
    /// [`RetryTopicError::NotHeld`], [`RetryTopicError::Unsettled`]; or it could not be written: then it may be tried again.
    pub async fn release(&self, waiting: &Waiting, reason: &str) -> Result<(), RetryTopicError> {
        let Waiting { partition, offset, .. } = *waiting;
        match waiting.waits {
            Waits::Held => {}
            Waits::Settling => return Err(RetryTopicError::Unsettled { partition, offset }),
            Waits::Due(_) | Waits::Behind => {
                return Err(RetryTopicError::NotHeld { partition, offset });
            }
        }
        let reason = crate::text::escaped(reason, MAX_REASON);
        // What counts goes last: without it one before it would run the record again.
        let tombstone = |stamp: &Stamp| {
            let id = EntryId { origin: offset, stamp: *stamp };
            self.scribe.tombstone(partition, id).header(names::RETRY_RELEASED, reason.clone())
        };
        let tombstones = waiting.written.iter().map(tombstone).collect();
        for ack in self.broker.publish(tombstones).await {
            ack?;
        }
        Ok(())
    }
}
