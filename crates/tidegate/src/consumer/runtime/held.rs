//! The records that the driver holds for the core, by partition and offset.
//!
//! The core knows a record by its place; the bytes, the route and what an attempt left are here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::consumer::core::{LocalEpoch, Postponed, Start, Window, WorkId};
use crate::consumer::runtime::job::Carry;
use crate::consumer::runtime::lane::Starts;
use crate::consumer::runtime::observer::Subject;
use crate::consumer::runtime::shelf::Shelf;
use crate::consumer::runtime::tenure::Tenure;
use crate::consumer::runtime::writes::{Calls, Writes};
use crate::delivery::Identified;
use crate::message::{Offset, TopicPartition};
use crate::planted::planted;

/// All partitions that are owned, or were lately.
#[derive(Debug)]
pub(super) struct Held {
    owned: HashMap<TopicPartition, Ownership>,
    pub(super) calls: Calls,
    clock: Clock,
}

/// One ownership of one partition.
#[derive(Debug)]
pub(super) struct Ownership {
    pub(super) tenure: Arc<Tenure>,
    /// The offset that is delivered next; `None` until delivery starts.
    pub(super) next: Option<Offset>,
    paused: bool,
    /// What waits in the schedule is being read.
    pub(super) restoring: bool,
    /// That did not succeed, and is tried again after a pause.
    pub(super) unread: bool,
    pub(super) works: Window<Work>,
    pub(super) shelf: Shelf,
    pub(super) writes: Writes,
}

/// One record.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) item: Arc<Identified>,
    carry: Option<Box<Carry>>,
    /// What its entry in the schedule says, where one was ordered.
    pub(super) postponed: Option<Box<Postponed>>,
}

impl Held {
    pub(super) fn new(clock: Clock) -> Self {
        Self { owned: HashMap::new(), calls: Calls::default(), clock }
    }

    /// A new ownership begins: nothing of the old one is left. The answer of an older one changes nothing (rule 10).
    pub(super) fn own(&mut self, partition: TopicPartition, epoch: LocalEpoch, owners: Vec<i64>) {
        if self.owned.get(&partition).is_none_or(|present| present.tenure.epoch < epoch) {
            let tenure =
                Arc::new(Tenure::new(partition.clone(), epoch, owners, self.clock.clone()));
            self.owned.insert(partition, Ownership::new(tenure));
        }
    }

    /// Delivery starts from here.
    pub(super) fn start(&mut self, partition: &TopicPartition, epoch: LocalEpoch, from: Offset) {
        self.own(partition.clone(), epoch, Vec::new());
        if let Some(ownership) = self.owned.get_mut(partition) {
            ownership.next = Some(from);
            ownership.paused = false;
        }
    }

    pub(super) fn set_paused(&mut self, partition: &TopicPartition, paused: bool) {
        if let Some(ownership) = self.owned.get_mut(partition) {
            ownership.paused = paused;
        }
    }

    /// The ownership that delivered records belong to.
    pub(super) fn present(&mut self, partition: &TopicPartition) -> Option<&mut Ownership> {
        self.owned.get_mut(partition)
    }

    pub(super) fn of(&self, partition: &TopicPartition, epoch: LocalEpoch) -> Option<&Ownership> {
        self.owned.get(partition).filter(|ownership| ownership.tenure.epoch == epoch)
    }

    pub(super) fn of_mut(
        &mut self,
        partition: &TopicPartition,
        epoch: LocalEpoch,
    ) -> Option<&mut Ownership> {
        self.owned.get_mut(partition).filter(|ownership| ownership.tenure.epoch == epoch)
    }

    /// The ownership, as long as it lasts.
    pub(super) fn tenure(
        &self,
        partition: &TopicPartition,
        epoch: LocalEpoch,
    ) -> Option<Arc<Tenure>> {
        self.of(partition, epoch).map(|ownership| ownership.tenure.handle())
    }

    /// Whether a companion is being read from its start.
    #[cfg(feature = "testing")]
    pub(super) fn restores(&self) -> bool {
        self.owned.values().any(|ownership| ownership.restoring && !ownership.unread)
    }

    /// Whether a companion could not be read when it was asked last.
    #[cfg(feature = "testing")]
    pub(super) fn is_unread(&self) -> bool {
        self.owned.values().any(|ownership| ownership.unread)
    }

    /// Bytes of records that wait in the schedule, and are kept.
    pub(super) fn shelved(&self) -> usize {
        self.owned.values().map(|ownership| ownership.shelf.bytes()).sum()
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
    pub(super) fn step(&mut self, work: &WorkId) -> Option<(Arc<Tenure>, Arc<Identified>, Carry)> {
        let ownership = self.of_mut(&work.partition, work.epoch)?;
        let (item, carry) = ownership.take_along(work.offset)?;
        Some((ownership.tenure.handle(), item, carry))
    }

    /// The ownership that an answer counts for.
    pub(super) fn epoch_of(&self, tenure: &Tenure) -> LocalEpoch {
        let present = self.owned.get(&tenure.partition).filter(|_| planted!(LateCompletion));
        present.map_or(tenure.epoch, |present| present.tenure.epoch)
    }

    /// The record at a place, whichever ownership it belongs to.
    pub(super) fn at(&self, partition: &TopicPartition, offset: Offset) -> Option<Subject<'_>> {
        Some(&self.owned.get(partition)?.works.get(offset)?.item)
    }

    /// What a lane left for the record's next step. It is dropped when the ownership has ended meanwhile: an open
    /// transaction rolls back.
    pub(super) fn put_back(&mut self, tenure: &Tenure, offset: Offset, carry: Carry) {
        let ownership = self.of_mut(&tenure.partition, tenure.epoch);
        if let Some(held) = ownership.and_then(|o| o.works.get_mut(offset)) {
            held.carry = Some(Box::new(carry));
        }
    }

    /// Records are finished: a last look at each that is held.
    pub(super) fn forget(
        &mut self,
        partition: &TopicPartition,
        epoch: LocalEpoch,
        ended: impl Iterator<Item = Offset>,
        look: impl Fn(Subject<'_>),
    ) {
        let Some(ownership) = self.of_mut(partition, epoch) else { return };
        for offset in ended {
            if let Some(work) = ownership.works.remove(offset) {
                look(&work.item);
            }
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
            && let Some(ended) = self.owned.remove(partition)
            && !planted!(LateCompletion)
        {
            ended.tenure.end();
        }
    }

    /// Where each partition goes on that may deliver now.
    #[cfg(feature = "testing")]
    pub(super) fn open_positions(&self) -> Vec<(TopicPartition, Offset)> {
        let open = self.owned.iter().filter(|(_, ownership)| !ownership.paused);
        open.filter_map(|(partition, o)| Some((partition.clone(), o.next?))).collect()
    }
}

impl Ownership {
    fn new(tenure: Arc<Tenure>) -> Self {
        let (works, shelf, writes) = Default::default();
        Self {
            tenure,
            next: None,
            paused: false,
            restoring: false,
            unread: false,
            works,
            shelf,
            writes,
        }
    }

    /// A record, and what its last attempt or step has left.
    pub(super) fn take_along(&mut self, offset: Offset) -> Option<(Arc<Identified>, Carry)> {
        let held = self.works.get_mut(offset)?;
        let carry = held.carry.take().map(|carry| *carry).unwrap_or_default();
        Some((held.item.clone(), carry))
    }

    pub(super) fn hold(&mut self, item: Arc<Identified>, offset: Offset) {
        self.works.insert(offset, Work { item, carry: None, postponed: None });
    }

    /// Keeps a delivered record. One that comes twice is not kept: the core says so, and ignores it.
    pub(super) fn keep(&mut self, item: Identified) {
        let offset = item.record.offset;
        if self.next.is_some_and(|next| offset >= next) {
            self.next = Some(offset.next());
            self.hold(Arc::new(item), offset);
        }
    }
}
