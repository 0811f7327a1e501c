//! Sees what the service is given and what it says became of it; keeps its own books.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::consumer::core::{Counts, End};
use crate::consumer::runtime::{Observer, Subject};
use crate::events::RuntimeEvent;
use crate::message::{Offset, Record, TopicPartition};
use crate::testing::test_service::Saw;

/// What one life of a service has seen.
#[derive(Debug, Default)]
pub(super) struct Witness(Mutex<Seen>);

#[derive(Debug, Default)]
pub(super) struct Seen {
    /// One for each time that a partition was taken over, in order.
    pub(super) tenures: Vec<Tenure>,
    /// What is owned, and delivered from: its schedule is known.
    started: BTreeSet<TopicPartition>,
    /// In order: key and event id of the record, and what was seen.
    sightings: Vec<Sighting>,
}

/// One ownership of one partition.
#[derive(Debug)]
pub(super) struct Tenure {
    pub(super) partition: TopicPartition,
    pub(super) delivered: BTreeSet<Offset>,
    pub(super) ended: BTreeMap<Offset, End>,
    /// Records that came with the schedule.
    restored: usize,
    /// Those of them that have ended.
    restored_ended: usize,
    /// What must not happen.
    pub(super) defects: Vec<String>,
    pub(super) over: bool,
}

#[derive(Debug)]
struct Sighting {
    /// As text; what is not UTF-8 in it is replaced.
    key: Option<String>,
    event_id: String,
    saw: Saw,
}

impl Witness {
    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was seen of records with this key or event id, in order.
    pub(super) fn outcomes(&self, key_or_id: &str) -> Vec<Saw> {
        let seen = self.seen();
        let is_meant =
            |s: &&Sighting| s.event_id == key_or_id || s.key.as_deref() == Some(key_or_id);
        seen.sightings.iter().filter(is_meant).map(|s| s.saw).collect()
    }
}

impl Seen {
    /// The present ownership of a partition.
    fn tenure(&mut self, partition: &TopicPartition) -> &mut Tenure {
        let present = |t: &Tenure| !t.over && t.partition == *partition;
        let place = self.tenures.iter().rposition(present).unwrap_or_else(|| {
            self.tenures.push(Tenure::new(partition.clone()));
            self.tenures.len() - 1
        });
        &mut self.tenures[place]
    }

    /// Whether all of these are delivered from.
    pub(super) fn has_started<'a>(
        &self,
        mut partitions: impl Iterator<Item = &'a TopicPartition>,
    ) -> bool {
        partitions.all(|partition| self.started.contains(partition))
    }

    /// What the ledger should say of each partition.
    pub(super) fn counts(&self) -> BTreeMap<TopicPartition, Counts> {
        let mut all: BTreeMap<TopicPartition, Counts> = BTreeMap::new();
        for tenure in &self.tenures {
            tenure.add_to(all.entry(tenure.partition.clone()).or_default());
        }
        all
    }
}

impl Tenure {
    fn new(partition: TopicPartition) -> Self {
        let (delivered, ended) = (BTreeSet::new(), BTreeMap::new());
        let (defects, over) = (Vec::new(), false);
        Self { partition, delivered, ended, restored: 0, restored_ended: 0, defects, over }
    }

    fn deliver(&mut self, offset: Offset) {
        if !self.delivered.insert(offset) {
            self.defects.push(format!("offset {offset} was delivered twice"));
        }
    }

    fn end(&mut self, offset: Offset, end: End) {
        self.restored_ended += usize::from(!self.delivered.contains(&offset));
        if self.restored_ended > self.restored {
            self.defects.push(format!("offset {offset} ended as {end:?}, and was never delivered"));
        }
        if let Some(earlier) = self.ended.insert(offset, end) {
            self.defects.push(format!("offset {offset} ended as {earlier:?} and as {end:?}"));
        }
    }

    fn add_to(&self, counts: &mut Counts) {
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let ended_as = |end: End| number(self.ended.values().filter(|e| **e == end).count());
        counts.delivered += number(self.delivered.len());
        counts.restored += number(self.restored);
        counts.done += ended_as(End::Done);
        counts.duplicate += ended_as(End::Duplicate);
        counts.skipped += ended_as(End::Skipped);
        counts.dead += ended_as(End::Dead);
        let open = number(self.delivered.len() + self.restored - self.ended.len());
        *if self.over { &mut counts.cut_off } else { &mut counts.pending } += open;
    }
}

impl Observer for Witness {
    fn delivered(&self, record: &Record) {
        self.seen().tenure(&record.topic_partition()).deliver(record.offset);
    }

    fn event(&self, event: &RuntimeEvent, subject: Option<Subject<'_>>) {
        let mut seen = self.seen();
        match event {
            RuntimeEvent::Settled { partition, offset, end } => {
                seen.tenure(partition).end(*offset, *end);
            }
            RuntimeEvent::Restored { partition, entries } => {
                seen.tenure(partition).restored += entries;
            }
            RuntimeEvent::Started { partition, .. } => drop(seen.started.insert(partition.clone())),
            RuntimeEvent::Ended { partition, .. } => {
                seen.started.remove(partition);
                seen.tenure(partition).over = true;
            }
            _ => {}
        }
        if let (Some(saw), Some(subject)) = (saw(event), subject) {
            seen.sightings.push(Sighting {
                key: subject.record.key.as_ref().map(|key| String::from_utf8_lossy(key).into()),
                event_id: subject.event_id.as_str().to_owned(),
                saw,
            });
        }
    }
}

fn saw(event: &RuntimeEvent) -> Option<Saw> {
    match event {
        RuntimeEvent::Settled { end, .. } => Some(match end {
            End::Done => Saw::Done,
            End::Duplicate => Saw::Duplicate,
            End::Skipped => Saw::Skipped,
            End::Dead => Saw::Dead,
        }),
        RuntimeEvent::Retrying { .. } => Some(Saw::Retried),
        RuntimeEvent::OutagePaused { .. } => Some(Saw::Paused),
        _ => None,
    }
}
