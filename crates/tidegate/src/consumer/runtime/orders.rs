//! Carries out what the core orders.

use std::sync::Arc;

use crate::broker::CommitEntry;
use crate::consumer::core::{Command, Event, LocalEpoch, OwnFailure, Step, Stopped, WorkId};
use crate::consumer::runtime::driver::Driver;
use crate::consumer::runtime::job::{Answer, Job, Left, Site};
use crate::consumer::runtime::shop::Shop;
use crate::consumer::runtime::{attempt, settle};
use crate::events::RuntimeEvent;
use crate::message::TopicPartition;

impl Driver {
    /// In order. Finished records are forgotten last, so that what is told about them can name them.
    pub(super) fn carry_out(&mut self, commands: &mut Vec<Command>) -> Option<Stopped> {
        let mut finished = Vec::new();
        let mut stopped = None;
        for command in commands.drain(..) {
            match command {
                Command::Forget { work, .. } => finished.push(work),
                Command::Stopped(how) => stopped = Some(how),
                other => self.order(other),
            }
        }
        for work in finished {
            self.held.forget(&work);
        }
        stopped
    }

    fn order(&mut self, command: Command) {
        match command {
            Command::Own { partition, epoch } => self.own(partition, epoch),
            Command::Start { partition, epoch, from } => {
                self.held.start(&partition, epoch, from);
                self.consumer.start(&partition, from);
            }
            Command::Run { work, attempt } => self.attempt(&work, attempt),
            Command::Step { work, step } => self.settle(&work, step),
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
            // Taken out in `carry_out`.
            Command::Forget { .. } | Command::Stopped(_) => {}
        }
    }

    fn own(&mut self, partition: TopicPartition, epoch: LocalEpoch) {
        if self.shop.stores.is_empty() {
            self.held.own(partition.clone(), epoch, Vec::new());
            self.events.push_back(Event::Owned { partition, epoch, result: Ok(()) });
        } else {
            self.tasks.spawn(own(Arc::clone(&self.shop), partition, epoch));
        }
    }

    fn attempt(&mut self, work: &WorkId, number: u32) {
        if let Some(job) = self.job(work) {
            self.health.attempted();
            let task = self.tasks.spawn(attempt::run(job, number));
            self.held.set_running(work, task);
        }
    }

    fn settle(&mut self, work: &WorkId, step: Step) {
        if let Some(job) = self.job(work) {
            let task = self.tasks.spawn(settle::run(job, step));
            self.held.set_running(work, task);
        }
    }

    fn job(&mut self, work: &WorkId) -> Option<Job> {
        let item = Arc::clone(&self.held.get(work)?.item);
        let store = self.shop.store(item.routed.policy).map(|(place, _)| place);
        let site = Site {
            shop: Arc::clone(&self.shop),
            owner_epoch: store.and_then(|place| self.held.owner_epoch(work, place)),
            work: work.clone(),
            item,
        };
        Some(Job { site, carry: self.held.take_carry(work)? })
    }

    fn commit(&mut self, entries: Vec<CommitEntry>) {
        debug_assert!(self.commit.is_none(), "the core sends one commit at a time (rule 2)");
        let sent = self.consumer.commit(entries.clone());
        self.commit = Some(Box::pin(async move { entries.into_iter().zip(sent.await).collect() }));
    }

    /// Tells all who listen.
    pub(super) fn tell(&self, event: &RuntimeEvent) {
        let place = event.record();
        let work = place.and_then(|(partition, offset)| self.held.at(partition, offset));
        self.observers.event(event, work.map(|work| work.item.subject()));
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
                let event = Event::Owned { partition, epoch, result: Err(OwnFailure { message }) };
                return Answer { left: Left::Nothing, event, told: None };
            }
        }
    }
    let event = Event::Owned { partition: partition.clone(), epoch, result: Ok(()) };
    Answer { left: Left::Owners(partition, epoch, owners), event, told: None }
}
