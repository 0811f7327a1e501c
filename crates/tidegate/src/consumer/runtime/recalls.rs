//! Records that leave memory for the schedule, and come back.

use std::sync::Arc;

use tokio::task::JoinError;

use crate::companion::entry::Entry;
use crate::consumer::core::{
    Delivered, Event, Hold, LocalEpoch, Postponed, Recalled, Stopped, WorkId,
};
use crate::consumer::runtime::companions::News;
use crate::consumer::runtime::driver::Driver;
use crate::consumer::runtime::held::Held;
use crate::consumer::runtime::intake::hash;
use crate::consumer::runtime::shelf::ROOM;
use crate::consumer::runtime::tenure::Tenure;
use crate::delivery::Identified;
use crate::error::Error;
use crate::events::RuntimeEvent;
use crate::message::{Offset, Record, TopicPartition};
use crate::text;

impl Driver {
    /// Brings a record: off the shelf, or out of the companion.
    pub(super) fn recall(
        &mut self,
        partition: &TopicPartition,
        epoch: LocalEpoch,
        (origin, at): (Offset, Offset),
    ) {
        match self.held.unshelve(partition, epoch, origin) {
            Some((record, postponed)) => {
                let partition = partition.clone();
                let found = Ok(self.bring((&partition, epoch), origin, record, *postponed));
                self.events.push_back(Event::Recalled { partition, epoch, origin, found });
            }
            None => {
                if let Some(tenure) = self.held.tenure(partition, epoch) {
                    self.companions.recall(&self.shop, &tenure, origin, at);
                }
            }
        }
    }

    /// Takes in what the readers of companions bring.
    pub(super) fn companion(
        &mut self,
        news: Result<News, JoinError>,
    ) -> Result<Option<Stopped>, Error> {
        // rule 15
        let internal = |ended: JoinError| Error::Internal { reason: text::of_task(ended) };
        match news.map_err(internal)? {
            News::Noted { tenure, notes, next, caught_up } => {
                self.held.read(&tenure, caught_up);
                let (partition, epoch) = (tenure.partition.clone(), tenure.epoch);
                self.tell_core(Event::Noted { partition, epoch, notes, next, caught_up })
            }
            News::VoidStruck { tenure, entries } => {
                self.held.read(&tenure, true);
                let (partition, epoch) = (tenure.partition.clone(), tenure.epoch);
                self.tell_core(Event::VoidStruck { partition, epoch, entries })
            }
            News::Unread { tenure, message } => {
                self.unread(&tenure, message);
                Ok(None)
            }
            News::Recalled { tenure, origin, found } => {
                let found = found.map(|entry| self.unpack(&tenure, *entry));
                let (partition, epoch) = (tenure.partition.clone(), tenure.epoch);
                self.tell_core(Event::Recalled { partition, epoch, origin, found })
            }
            News::Broken { reason } => Err(Error::Stopped { reason }),
        }
    }

    /// While it is restored that keeps the partition from being processed; later only foreign entries are heard of later.
    fn unread(&mut self, tenure: &Tenure, message: String) {
        let partition = tenure.partition.clone();
        if self.held.note_unread(tenure) {
            self.tell(&RuntimeEvent::RestoreFailed { partition, message });
        } else {
            tracing::debug!(%partition, message, "the schedule cannot be read on now");
        }
    }

    fn unpack(&mut self, tenure: &Tenure, entry: Entry) -> Box<Recalled> {
        let Entry { id, unknown, due, delay, active, history, hold, topic_id, record } = entry;
        let stamp = id.stamp;
        let postponed = Postponed { stamp, unknown, due, delay, active, history, hold, topic_id };
        self.bring((&tenure.partition, tenure.epoch), id.origin, record, postponed)
    }

    /// A record is held again.
    fn bring(
        &mut self,
        (partition, epoch): (&TopicPartition, LocalEpoch),
        origin: Offset,
        record: Record,
        postponed: Postponed,
    ) -> Box<Recalled> {
        let routed = self.shop.endpoint.route(&record);
        let item = Arc::new(Identified::new(record, routed, self.shop.identity.group.clone()));
        let found = Box::new(recalled(&item, origin, postponed));
        if let Some(ownership) = self.held.of_mut(partition, epoch) {
            ownership.hold(item, origin);
        }
        found
    }
}

fn recalled(item: &Identified, origin: Offset, postponed: Postponed) -> Recalled {
    let Postponed { stamp, unknown, delay, active, mut history, hold, .. } = postponed;
    let dead = hold == Hold::Dead;
    if dead {
        history.pop(); // the last attempt is made again
    }
    let record = Delivered {
        offset: origin,
        size: item.record.footprint(),
        policy: item.policy,
        key: item.record.key.as_deref().map(hash),
    };
    // The wait that was drawn counts for the age; time without an owner does not (rule 19).
    let attempts = stamp.attempt.saturating_sub(u32::from(dead));
    Recalled { record, attempts, unknown, active: active + delay, history, dead }
}

impl Held {
    /// The companion is being read for this ownership.
    pub(super) fn restore(
        &mut self,
        partition: &TopicPartition,
        epoch: LocalEpoch,
    ) -> Option<Arc<Tenure>> {
        self.own(partition.clone(), epoch, Vec::new());
        let ownership = self.of_mut(partition, epoch)?;
        ownership.restoring = true;
        Some(ownership.tenure.handle())
    }

    /// The companion can be read; `caught_up`: it is, to its end.
    fn read(&mut self, tenure: &Tenure, caught_up: bool) {
        if let Some(ownership) = self.of_mut(&tenure.partition, tenure.epoch) {
            ownership.restoring &= !caught_up;
            ownership.unread = false;
        }
    }

    /// The companion could not be read; whether that holds its partition up.
    fn note_unread(&mut self, tenure: &Tenure) -> bool {
        let ownership = self.of_mut(&tenure.partition, tenure.epoch);
        ownership.is_some_and(|ownership| {
            ownership.unread = true;
            ownership.next.is_none()
        })
    }

    /// An entry is to be written for a record.
    pub(super) fn postpone(&mut self, work: &WorkId, postponed: Box<Postponed>) {
        let ownership = self.of_mut(&work.partition, work.epoch);
        if let Some(held) = ownership.and_then(|o| o.works.get_mut(work.offset)) {
            held.postponed = Some(postponed);
        }
    }

    /// A record waits in the schedule.
    pub(super) fn shelve(&mut self, partition: &TopicPartition, epoch: LocalEpoch, offset: Offset) {
        let room = ROOM.saturating_sub(self.shelved());
        let Some(ownership) = self.of_mut(partition, epoch) else { return };
        let Some(work) = ownership.works.remove(offset) else { return };
        if let Some(postponed) = work.postponed {
            ownership.shelf.put(offset, (&work.item.record, postponed), room);
        }
    }

    fn unshelve(
        &mut self,
        partition: &TopicPartition,
        epoch: LocalEpoch,
        origin: Offset,
    ) -> Option<(Record, Box<Postponed>)> {
        self.of_mut(partition, epoch)?.shelf.take(origin)
    }
}
