//! Carries out what the core orders.

use std::sync::Arc;

use crate::broker::CommitEntry;
use crate::consumer::core::{
    Command, End, Event, LocalEpoch, OwnFailure, Start, Step, Stopped, WorkId,
};
use crate::consumer::runtime::driver::{Answer, Driver};
use crate::consumer::runtime::lane::Task;
use crate::consumer::runtime::shop::Shop;
use crate::consumer::runtime::writes::What;
use crate::events::RuntimeEvent;
use crate::message::{Offset, TopicPartition};

impl Driver {
    /// In order.
    pub(super) fn carry_out(&mut self, commands: &mut Vec<Command>) -> Option<Stopped> {
        let mut stopped = None;
        for command in commands.drain(..) {
            match command {
                Command::Stopped(how) => stopped = Some(how),
                other => self.order(other),
            }
        }
        self.begin_writes();
        stopped
    }

    fn order(&mut self, command: Command) {
        match command {
            Command::Own { partition, epoch } => self.own(partition, epoch),
            Command::Start { partition, epoch, from } => {
                self.held.start(&partition, epoch, from);
                self.consumer.start(&partition, from);
            }
            Command::Run { partition, epoch, starts } => self.run_all(&partition, epoch, starts),
            Command::Step { work, step } => self.settle(&work, step),
            Command::Forget { partition, epoch, ended } => self.forget(&partition, epoch, ended),
            Command::Hold { partition, epoch } => self.held.hold(&partition, epoch),
            Command::Lease { partition, epoch, until } => {
                self.held.set_lease(&partition, epoch, until);
            }
            Command::Restore { partition, epoch } => {
                if let Some(tenure) = self.held.restore(&partition, epoch) {
                    self.tell(&RuntimeEvent::Restoring { partition });
                    self.companions.restore(&self.shop, &tenure);
                }
            }
            Command::StrikeVoid { partition, epoch, entries } => {
                if let Some(tenure) = self.held.tenure(&partition, epoch) {
                    self.companions.strike_void(&self.shop, &tenure, entries);
                }
            }
            Command::Recall { partition, epoch, origin, at } => {
                self.recall(&partition, epoch, (origin, at));
            }
            Command::Shelve { partition, epoch, offset } => {
                self.held.shelve(&partition, epoch, offset);
            }
            Command::Cancel { partition, epoch } => self.held.cancel(&partition, epoch),
            Command::Pause(partition) => {
                self.held.set_paused(&partition, true);
                self.consumer.pause(&[partition]);
            }
            Command::Resume(partition) => {
                self.held.set_paused(&partition, false);
                self.consumer.resume(&[partition]);
            }
            Command::Commit(entries) => self.commit(entries),
            Command::Release(ticket) => self.consumer.revoked(ticket),
            Command::Tell(event) => self.tell(&event),
            Command::Stopped(_) => {} // taken out in `carry_out`
        }
    }

    fn own(&mut self, partition: TopicPartition, epoch: LocalEpoch) {
        if self.shop.stores.is_empty() {
            self.held.own(partition.clone(), epoch, Vec::new());
            self.events.push_back(Event::Owned { partition, epoch, result: Ok(()) });
        } else {
            let asked = own(Arc::clone(&self.shop), partition, epoch);
            self.tasks.spawn(self.shop.clock.gated(asked));
        }
    }

    fn run_all(&mut self, partition: &TopicPartition, epoch: LocalEpoch, starts: Vec<Start>) {
        if let Some((tenure, starts)) = self.held.run(partition, epoch, starts) {
            self.lanes.run(&tenure, starts, self.shop.clock.elapsed());
        }
    }

    fn settle(&mut self, work: &WorkId, step: Step) {
        let step = match What::of(step) {
            Ok(what) => return self.held.write(work, what),
            Err(step) => step,
        };
        if let Some((tenure, item, carry)) = self.held.step(work) {
            self.lanes.step(Task::Step { tenure, offset: work.offset, item, carry, step });
        }
    }

    /// What was ordered together is written together.
    pub(super) fn begin_writes(&mut self) {
        for call in self.held.begin_calls(self.shop.clock.elapsed()) {
            self.lanes.step(call);
        }
    }

    /// Says how records have ended, then forgets them: what is told can name them.
    fn forget(&mut self, id: &TopicPartition, epoch: LocalEpoch, ended: Vec<(Offset, End)>) {
        self.observers.settled(id, &ended, &|offset| self.held.at(id, offset));
        let ended = ended.into_iter().map(|(offset, _)| offset);
        let Some(ages) = self.shop.meters.as_ref().and_then(|meters| meters.ages(&id.topic)) else {
            return self.held.forget(id, epoch, ended, |_| {});
        };
        let now = self.shop.clock.wall();
        self.held.forget(id, epoch, ended, |item| {
            let at = item.record.timestamp;
            if at.is_known() {
                ages.add(at.until(now));
            }
        });
    }

    fn commit(&mut self, entries: Vec<CommitEntry>) {
        debug_assert!(self.commit.is_none(), "the core sends one commit at a time (rule 2)");
        let sent = self.consumer.commit(entries.clone());
        self.commit = Some(Box::pin(async move { entries.into_iter().zip(sent.await).collect() }));
    }

    /// Tells all who listen.
    pub(super) fn tell(&self, event: &RuntimeEvent) {
        let place = event.record();
        let subject = place.and_then(|(partition, offset)| self.held.at(partition, offset));
        self.observers.event(event, subject);
    }
}

/// Raises the owner row in every store (rule 10).
async fn own(shop: Arc<Shop>, partition: TopicPartition, epoch: LocalEpoch) -> Answer {
    let mut owners = Vec::with_capacity(shop.stores.len());
    for named in &shop.stores {
        match named.store.own(&shop.identity.group, &partition).await {
            Ok(owner) => owners.push(owner),
            Err(error) => {
                let message = format!("{}: {error}", named.name);
                return Answer { partition, epoch, owners: Err(OwnFailure { message }) };
            }
        }
    }
    Answer { partition, epoch, owners: Ok(owners) }
}
