//! What is known of the log without reading the file: topics, bounds, and the newest records.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use tokio::sync::Notify;

use super::store::tables::Place;
use super::sync::{lock, read, write};
use super::tail::Tail;
use crate::broker::partitioner::partition_of;
use crate::broker::{BrokerError, FetchLimit, TopicInfo, Watermarks};
use crate::message::{Offset, Partition, Record, TopicName, TopicPartition};

/// All topics.
#[derive(Debug)]
pub(super) struct Log {
    topics: RwLock<BTreeMap<TopicName, Arc<Topic>>>,
    tail_bytes: usize,
    partitions: AtomicUsize,
}

impl Log {
    pub(super) fn new(tail_bytes: usize) -> Self {
        Self { topics: RwLock::default(), tail_bytes, partitions: AtomicUsize::new(0) }
    }

    pub(super) fn add(&self, topic: Topic) {
        self.partitions.fetch_add(topic.partitions.len(), Ordering::Relaxed);
        write(&self.topics).insert(topic.name.clone(), Arc::new(topic));
    }

    /// What one partition may keep in memory: a fair share of the whole.
    pub(super) fn tail_share(&self) -> usize {
        self.tail_bytes / self.partitions.load(Ordering::Relaxed).max(1)
    }

    pub(super) fn topic(&self, name: &TopicName) -> Result<Arc<Topic>, BrokerError> {
        let found = read(&self.topics).get(name).cloned();
        found.ok_or_else(|| BrokerError::UnknownTopic(name.clone()))
    }

    pub(super) fn partition(
        &self,
        place: &TopicPartition,
    ) -> Result<Arc<PartitionLog>, BrokerError> {
        let topic = self.topic(&place.topic)?;
        let found = topic.partitions.get(place.partition.0 as usize).cloned();
        found.ok_or_else(|| BrokerError::UnknownPartition(place.clone()))
    }

    /// By name.
    pub(super) fn topics(&self) -> Vec<Arc<Topic>> {
        read(&self.topics).values().cloned().collect()
    }

    /// Of all topics, by topic and number.
    pub(super) fn all_partitions(&self) -> Vec<Arc<PartitionLog>> {
        self.topics().iter().flat_map(|t| t.partitions.iter().cloned()).collect()
    }
}

/// One topic.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: TopicName,
    pub(super) max_message_bytes: usize,
    pub(super) partitions: Vec<Arc<PartitionLog>>,
    /// Deals out records that have neither partition nor key.
    turn: AtomicU32,
}

impl Topic {
    /// A topic whose partitions have these bounds.
    pub(super) fn new(
        id: u32,
        name: TopicName,
        max_message_bytes: usize,
        bounds: Vec<Bounds>,
    ) -> Self {
        let partition = |(number, bounds): (usize, Bounds)| {
            let number = u32::try_from(number).expect("the number of partitions is a u32");
            let place = TopicPartition::new(name.clone(), Partition(number));
            Arc::new(PartitionLog::new((id, number), place, bounds))
        };
        let partitions = bounds.into_iter().enumerate().map(partition).collect();
        Self { name, max_message_bytes, partitions, turn: AtomicU32::new(0) }
    }

    /// The partition of a record that names none: by its key, else each in turn.
    pub(super) fn choose(&self, key: Option<&[u8]>) -> &Arc<PartitionLog> {
        let count = self.partitions.len() as u32;
        let number = match key {
            Some(key) => partition_of(key, count).0,
            None => self.turn.fetch_add(1, Ordering::Relaxed) % count,
        };
        &self.partitions[number as usize]
    }

    pub(super) fn info(&self) -> TopicInfo {
        TopicInfo {
            name: self.name.clone(),
            partitions: self.partitions.len() as u32,
            max_message_bytes: self.max_message_bytes,
        }
    }
}

/// Where a partition begins and ends, and its newest timestamp so far (`i64::MIN`: none).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) newest: i64,
}

impl Bounds {
    /// Of a partition that never held anything.
    pub(super) const EMPTY: Self = Self { start: 0, end: 0, newest: i64::MIN };

    pub(super) fn watermarks(&self) -> Watermarks {
        Watermarks { start: Offset(self.start), end: Offset(self.end) }
    }
}

/// One partition: its bounds, its newest records, and who waits for more.
#[derive(Debug)]
pub(super) struct PartitionLog {
    pub(super) key: Place,
    pub(super) place: TopicPartition,
    state: Mutex<State>,
    watchers: Mutex<Vec<Arc<Notify>>>,
}

#[derive(Debug)]
struct State {
    bounds: Bounds,
    tail: Tail,
}

/// What memory knows about a read.
#[derive(Debug)]
pub(super) enum TailRead {
    /// These follow; where to read on is with them. None: `from` is the end, or only a gap follows.
    Known { records: Vec<Record>, next: Offset, watermarks: Watermarks },
    /// The file must be read.
    Older(Watermarks),
    /// Outside of the log.
    OutOfRange(Watermarks),
}

impl PartitionLog {
    fn new(key: Place, place: TopicPartition, bounds: Bounds) -> Self {
        let state = State { bounds, tail: Tail::new(Offset(bounds.end)) };
        Self { key, place, state: Mutex::new(state), watchers: Mutex::default() }
    }

    pub(super) fn bounds(&self) -> Bounds {
        lock(&self.state).bounds
    }

    pub(super) fn watermarks(&self) -> Watermarks {
        self.bounds().watermarks()
    }

    /// Reads from memory, if memory reaches back so far.
    pub(super) fn read_tail(&self, from: Offset, limit: &FetchLimit) -> TailRead {
        let state = lock(&self.state);
        let watermarks = state.bounds.watermarks();
        if from < watermarks.start || from > watermarks.end {
            return TailRead::OutOfRange(watermarks);
        }
        let Some(records) = state.tail.read(from, limit) else {
            return TailRead::Older(watermarks);
        };
        let behind = records.last().map_or(from, |r| r.offset.next());
        let next = if state.tail.holds_after(behind) { behind } else { watermarks.end };
        TailRead::Known { records, next, watermarks }
    }

    /// Takes note of what was written durably; wakes who waits for it.
    pub(super) fn appended(&self, bounds: Bounds, records: Vec<Record>, share: usize) {
        {
            let mut state = lock(&self.state);
            state.bounds = bounds;
            state.tail.append(records, share);
        }
        self.wake();
    }

    /// Takes note of bounds that moved without records.
    pub(super) fn moved(&self, bounds: Bounds) {
        {
            let mut state = lock(&self.state);
            state.bounds = bounds;
            state.tail.delete_before(Offset(bounds.start));
        }
        self.wake();
    }

    /// Takes the file's word for the bounds after it was opened again.
    pub(super) fn reloaded(&self, bounds: Bounds) {
        let mut state = lock(&self.state);
        if state.bounds != bounds {
            *state = State { bounds, tail: Tail::new(Offset(bounds.end)) };
        }
        drop(state);
        self.wake();
    }

    /// Notifies `waker` of every change until the watch is dropped.
    pub(super) fn watch(self: &Arc<Self>, waker: Arc<Notify>) -> Watch {
        lock(&self.watchers).push(waker.clone());
        Watch { partition: self.clone(), waker }
    }

    pub(super) fn wake(&self) {
        for waker in lock(&self.watchers).iter() {
            waker.notify_one();
        }
    }
}

/// A registration with a partition; ends when dropped.
#[derive(Debug)]
pub(super) struct Watch {
    partition: Arc<PartitionLog>,
    waker: Arc<Notify>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watchers = lock(&self.partition.watchers);
        if let Some(at) = watchers.iter().position(|w| Arc::ptr_eq(w, &self.waker)) {
            watchers.swap_remove(at);
        }
    }
}
