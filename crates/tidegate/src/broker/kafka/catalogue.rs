//! What is known of topics, so that a publish needs no question.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::message::TopicName;

/// An entry that is younger is not asked for again, however often a record does not fit it.
const FRESH: Duration = Duration::from_secs(1);

/// A topic as it was seen last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) partitions: u32,
    /// Bytes of key, value and headers.
    pub(super) limit: usize,
    seen: Instant,
}

impl Known {
    pub(super) fn new(partitions: u32, limit: usize) -> Self {
        Self { partitions, limit, seen: Instant::now() }
    }

    /// Whether to ask again before something is refused: topics grow, and limits are raised.
    pub(super) fn may_be_stale(&self) -> bool {
        self.seen.elapsed() > FRESH
    }
}

/// Topics by name. Entries stay until an answer contradicts them.
#[derive(Debug, Default)]
pub(super) struct Catalogue(Mutex<HashMap<TopicName, Known>>);

impl Catalogue {
    fn lock(&self) -> MutexGuard<'_, HashMap<TopicName, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, topic: &TopicName) -> Option<Known> {
        self.lock().get(topic).copied()
    }

    pub(super) fn put(&self, topic: &TopicName, known: Known) {
        self.lock().insert(topic.clone(), known);
    }

    pub(super) fn forget(&self, topic: &TopicName) {
        self.lock().remove(topic);
    }
}
