//! What is known of topics, so that a publish or a read needs no question about them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::limits;
use crate::message::TopicName;

/// An entry that is younger is not asked for again, however often a record does not fit it.
const FRESH: Duration = Duration::from_secs(1);

/// How large records of a topic may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    /// Bytes of key, value and headers.
    pub(super) record: usize,
    /// Bytes of a batch, as the client counts.
    pub(super) batch: usize,
}

impl Limit {
    /// As the topic's config says.
    pub(super) const fn known(record: usize) -> Self {
        Self { record, batch: limits::batch_for(record) }
    }

    /// This user may not see the config.
    pub(super) const fn assumed() -> Self {
        let record = limits::of_config(limits::BROKER_DEFAULT);
        Self { record, batch: limits::CAUTIOUS_BATCH }
    }
}

/// A topic as it was seen last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) partitions: u32,
    pub(super) limit: Limit,
    /// Every record needs a key, as far as this user may see.
    pub(super) compacts: bool,
    seen: Instant,
}

impl Known {
    /// Whether to ask again before something is refused: topics grow, limits are raised, policies change.
    pub(super) fn may_be_stale(&self) -> bool {
        self.seen.elapsed() > FRESH
    }
}

#[derive(Debug, Default)]
struct Topics {
    counts: HashMap<TopicName, u32>,
    known: HashMap<TopicName, Known>,
}

/// Topics by name. Entries stay until an answer contradicts them.
#[derive(Debug, Default)]
pub(super) struct Catalogue(Mutex<Topics>);

impl Catalogue {
    fn lock(&self) -> MutexGuard<'_, Topics> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a publish needs to know.
    pub(super) fn get(&self, topic: &TopicName) -> Option<Known> {
        self.lock().known.get(topic).copied()
    }

    pub(super) fn put(
        &self,
        topic: &TopicName,
        partitions: u32,
        limit: Limit,
        compacts: bool,
    ) -> Known {
        let known = Known { partitions, limit, compacts, seen: Instant::now() };
        let mut topics = self.lock();
        topics.counts.insert(topic.clone(), partitions);
        topics.known.insert(topic.clone(), known);
        known
    }

    /// How many partitions there were, which does not get less.
    pub(super) fn count(&self, topic: &TopicName) -> Option<u32> {
        self.lock().counts.get(topic).copied()
    }

    pub(super) fn put_count(&self, topic: &TopicName, partitions: u32) {
        self.lock().counts.insert(topic.clone(), partitions);
    }

    pub(super) fn forget(&self, topic: &TopicName) {
        let mut topics = self.lock();
        topics.counts.remove(topic);
        topics.known.remove(topic);
    }
}
