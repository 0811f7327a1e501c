//! The records that the driver holds for the core, by partition and offset.
//!
//! The core knows a record by its [`WorkId`]; the bytes, the route and what an attempt left are here.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::task::AbortHandle;

use crate::consumer::core::{LocalEpoch, WorkId};
use crate::consumer::runtime::job::{Carry, Item};
use crate::message::{Offset, TopicPartition};

/// All partitions that are owned, or were lately.
#[derive(Debug, Default)]
pub(super) struct Held(HashMap<TopicPartition, Ownership>);

/// One ownership of one partition.
#[derive(Debug, Default)]
pub(super) struct Ownership {
    epoch: LocalEpoch,
    /// The owner epochs that the stores gave, by the store's place.
    owners: Vec<i64>,
    /// The offset that is delivered next; `None` until delivery starts.
    next: Option<Offset>,
    paused: bool,
    works: BTreeMap<Offset, Work>,
}

/// One record.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) item: Arc<Item>,
    carry: Carry,
    running: Option<AbortHandle>,
}

impl Held {
    /// A new ownership begins: nothing of the old one is left. The answer of an older one changes nothing (rule 10).
    pub(super) fn own(&mut self, partition: TopicPartition, epoch: LocalEpoch, owners: Vec<i64>) {
        if self.0.get(&partition).is_none_or(|present| present.epoch < epoch) {
            self.0.insert(partition, Ownership { epoch, owners, ..Ownership::default() });
        }
    }

    /// Delivery starts from here.
    pub(super) fn start(&mut self, partition: &TopicPartition, epoch: LocalEpoch, from: Offset) {
        self.own(partition.clone(), epoch, Vec::new());
        if let Some(ownership) = self.0.get_mut(partition) {
            ownership.next = Some(from);
            ownership.paused = false;
        }
    }

    pub(super) fn set_paused(&mut self, partition: &TopicPartition, paused: bool) {
        if let Some(ownership) = self.0.get_mut(partition) {
            ownership.paused = paused;
        }
    }

    /// Keeps a delivered record. One that comes twice is not kept: the core says so, and ignores it.
    pub(super) fn keep(&mut self, partition: &TopicPartition, offset: Offset, item: Arc<Item>) {
        let Some(ownership) = self.0.get_mut(partition) else { return };
        if ownership.next.is_some_and(|next| offset >= next) {
            ownership.next = Some(offset.next());
            let work = Work { item, carry: Carry::default(), running: None };
            ownership.works.insert(offset, work);
        }
    }

    fn of(&self, work: &WorkId) -> Option<&Ownership> {
        self.0.get(&work.partition).filter(|ownership| ownership.epoch == work.epoch)
    }

    fn of_mut(&mut self, work: &WorkId) -> Option<&mut Ownership> {
        self.0.get_mut(&work.partition).filter(|ownership| ownership.epoch == work.epoch)
    }

    pub(super) fn get(&self, work: &WorkId) -> Option<&Work> {
        self.of(work)?.works.get(&work.offset)
    }

    /// The record at a place, whichever ownership it belongs to.
    pub(super) fn at(&self, partition: &TopicPartition, offset: Offset) -> Option<&Work> {
        self.0.get(partition)?.works.get(&offset)
    }

    /// Takes what the last task left, to hand it to the next one.
    pub(super) fn take_carry(&mut self, work: &WorkId) -> Option<Carry> {
        let work = self.of_mut(work)?.works.get_mut(&work.offset)?;
        Some(std::mem::take(&mut work.carry))
    }

    /// A task runs for the record.
    pub(super) fn set_running(&mut self, work: &WorkId, task: AbortHandle) {
        if let Some(held) = self.of_mut(work).and_then(|o| o.works.get_mut(&work.offset)) {
            held.running = Some(task);
        }
    }

    /// The record's task has ended. What it left is dropped when the ownership has ended meanwhile: an open
    /// transaction rolls back.
    pub(super) fn put_back(&mut self, work: &WorkId, carry: Carry) {
        if let Some(held) = self.of_mut(work).and_then(|o| o.works.get_mut(&work.offset)) {
            held.carry = carry;
            held.running = None;
        }
    }

    pub(super) fn owner_epoch(&self, work: &WorkId, store: usize) -> Option<i64> {
        self.of(work)?.owners.get(store).copied()
    }

    /// The record is finished.
    pub(super) fn forget(&mut self, work: &WorkId) {
        if let Some(ownership) = self.of_mut(work) {
            ownership.works.remove(&work.offset);
        }
    }

    /// The ownership has ended: its tasks are cut off, its records forgotten.
    pub(super) fn cancel(&mut self, partition: &TopicPartition, epoch: LocalEpoch) {
        if self.0.get(partition).is_none_or(|ownership| ownership.epoch != epoch) {
            return;
        }
        let ended = self.0.remove(partition).unwrap_or_default();
        for task in ended.works.into_values().filter_map(|work| work.running) {
            task.abort();
        }
    }

    /// Where each partition goes on that may deliver now.
    #[cfg(feature = "testing")]
    pub(super) fn open_positions(&self) -> Vec<(TopicPartition, Offset)> {
        let open = self.0.iter().filter(|(_, ownership)| !ownership.paused);
        open.filter_map(|(partition, o)| Some((partition.clone(), o.next?))).collect()
    }
}
