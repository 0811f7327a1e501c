//! The records that the driver holds for the core, by partition and offset.
//!
//! The core knows a record by its place; the bytes, the route and what an attempt left are here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::consumer::core::{LocalEpoch, Start, Window, WorkId};
use crate::consumer::runtime::job::{Carry, Item};
use crate::consumer::runtime::lane::Starts;
use crate::consumer::runtime::tenure::Tenure;
use crate::message::{Offset, TopicPartition};
use crate::planted::planted;

/// All partitions that are owned, or were lately.
#[derive(Debug, Default)]
pub(super) struct Held(HashMap<TopicPartition, Ownership>);

/// One ownership of one partition.
#[derive(Debug)]
struct Ownership {
    tenure: Arc<Tenure>,
    /// The offset that is delivered next; `None` until delivery starts.
    next: Option<Offset>,
    paused: bool,
    works: Window<Work>,
}

/// One record.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) item: Arc<Item>,
    carry: Option<Box<Carry>>,
}

impl Held {
    /// A new ownership begins: nothing of the old one is left. The answer of an older one changes nothing (rule 10).
    pub(super) fn own(&mut self, partition: TopicPartition, epoch: LocalEpoch, owners: Vec<i64>) {
        if self.0.get(&partition).is_none_or(|present| present.tenure.epoch < epoch) {
            let tenure = Arc::new(Tenure::new(partition.clone(), epoch, owners));
            let works = Window::default();
            self.0.insert(partition, Ownership { tenure, next: None, paused: false, works });
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
            ownership.works.insert(offset, Work { item, carry: None });
        }
    }

    fn of(&self, partition: &TopicPartition, epoch: LocalEpoch) -> Option<&Ownership> {
        self.0.get(partition).filter(|ownership| ownership.tenure.epoch == epoch)
    }

    fn of_mut(&mut self, partition: &TopicPartition, epoch: LocalEpoch) -> Option<&mut Ownership> {
        self.0.get_mut(partition).filter(|ownership| ownership.tenure.epoch == epoch)
    }

    /// What lanes need to know of these records.
    pub(super) fn run(
        &mut self,
        partition: &TopicPartition,
        epoch: LocalEpoch,
        starts: Vec<Start>,
    ) -> Option<(Arc<Tenure>, Starts)> {
        let ownership = self.of_mut(partition, epoch)?;
        let of = |start: Start| {
            let work = ownership.works.get_mut(start.offset)?;
            work.carry = None; // what an earlier attempt left was rolled back
            Some((start, work.item.clone()))
        };
        let items = starts.into_iter().filter_map(of).collect();
        Some((ownership.tenure.clone(), items))
    }

    /// What a step of settling needs: also what the last one left.
    pub(super) fn step(&mut self, work: &WorkId) -> Option<(Arc<Tenure>, Arc<Item>, Carry)> {
        let ownership = self.of_mut(&work.partition, work.epoch)?;
        let held = ownership.works.get_mut(work.offset)?;
        let carry = held.carry.take().map(|carry| *carry).unwrap_or_default();
        Some((ownership.tenure.clone(), held.item.clone(), carry))
    }

    /// The ownership that an answer counts for.
    pub(super) fn epoch_of(&self, tenure: &Tenure) -> LocalEpoch {
        let present = self.0.get(&tenure.partition).filter(|_| planted!(LateCompletion));
        present.map_or(tenure.epoch, |present| present.tenure.epoch)
    }

    /// The record at a place, whichever ownership it belongs to.
    pub(super) fn at(&self, partition: &TopicPartition, offset: Offset) -> Option<&Work> {
        self.0.get(partition)?.works.get(offset)
    }

    /// What a lane left for the record's next step. It is dropped when the ownership has ended meanwhile: an open
    /// transaction rolls back.
    pub(super) fn put_back(&mut self, tenure: &Tenure, offset: Offset, carry: Carry) {
        let ownership = self.of_mut(&tenure.partition, tenure.epoch);
        if let Some(held) = ownership.and_then(|o| o.works.get_mut(offset)) {
            held.carry = Some(Box::new(carry));
        }
    }

    /// The record is finished.
    pub(super) fn forget(&mut self, partition: &TopicPartition, epoch: LocalEpoch, offset: Offset) {
        if let Some(ownership) = self.of_mut(partition, epoch) {
            ownership.works.remove(offset);
        }
    }

    pub(super) fn hold(&self, partition: &TopicPartition, epoch: LocalEpoch) {
        if let Some(ownership) = self.of(partition, epoch) {
            ownership.tenure.hold();
        }
    }

    pub(super) fn set_lease(&self, partition: &TopicPartition, epoch: LocalEpoch, until: Duration) {
        if let Some(ownership) = self.of(partition, epoch) {
            ownership.tenure.set_lease(until);
        }
    }

    /// The ownership has ended: what runs for it is cut off, its records forgotten.
    pub(super) fn cancel(&mut self, partition: &TopicPartition, epoch: LocalEpoch) {
        if self.of(partition, epoch).is_some()
            && let Some(ended) = self.0.remove(partition)
            && !planted!(LateCompletion)
        {
            ended.tenure.over.cancel();
        }
    }

    /// Where each partition goes on that may deliver now.
    #[cfg(feature = "testing")]
    pub(super) fn open_positions(&self) -> Vec<(TopicPartition, Offset)> {
        let open = self.0.iter().filter(|(_, ownership)| !ownership.paused);
        open.filter_map(|(partition, o)| Some((partition.clone(), o.next?))).collect()
    }
}
