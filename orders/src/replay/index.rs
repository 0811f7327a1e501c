//! Which letters were sent back, as the audit topic tells it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use tidegate::broker::{Broker, BrokerError, FetchLimit};
use tidegate::message::{Offset, Partition, Record, TopicName, TopicPartition};

use crate::audit::{Action, AuditRecord, Phase};

/// One letter's last replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SentBack {
    pub(super) job: String,
    pub(super) at: Timestamp,
}

/// By letter: `topic/partition/offset`.
pub(super) type Sent = Arc<HashMap<String, SentBack>>;

/// Letters that were sent back. Reads the audit topic once, then only what is new.
#[derive(Debug)]
pub(super) struct Index {
    broker: Broker,
    partition: TopicPartition,
    next: Option<Offset>,
    letters: Sent,
}

impl Index {
    pub(super) fn new(broker: Broker, audit: TopicName) -> Self {
        let partition = TopicPartition::new(audit, Partition(0));
        Self { broker, partition, next: None, letters: Sent::default() }
    }

    /// Reads up to the present end; gives what is known then.
    pub(super) async fn refresh(&mut self) -> Result<Sent, BrokerError> {
        let bounds = self.broker.watermarks(self.partition.clone()).await?;
        // Retention may have taken records; what they said was read, or is gone.
        let mut next = self.next.unwrap_or_default().max(bounds.start);
        if next > bounds.end {
            // The topic was deleted and made anew: all that is in it is new.
            next = bounds.start;
        }
        while next < bounds.end {
            let limit = FetchLimit::default();
            let fetched = self.broker.fetch(self.partition.clone(), next, limit).await?;
            fetched.records.iter().for_each(|record| self.take(record));
            if fetched.next <= next {
                break;
            }
            next = fetched.next;
        }
        self.next = Some(next);
        Ok(Arc::clone(&self.letters))
    }

    /// Others may write here too: what is not ours is passed over.
    fn take(&mut self, record: &Record) {
        let Some(audit) = record.value.as_deref().and_then(parse) else { return };
        if (audit.action, audit.phase) != (Action::Replay, Phase::Ended) {
            return;
        }
        let letters = Arc::make_mut(&mut self.letters);
        for letter in audit.detail.letters.iter().flat_map(|letters| letters.iter()) {
            letters.insert(letter, SentBack { job: audit.job.clone(), at: audit.at });
        }
    }
}

fn parse(bytes: &[u8]) -> Option<AuditRecord> {
    serde_json::from_slice(bytes).ok()
}
