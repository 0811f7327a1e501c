//! A driver and a broker made of nothing but numbers: does what the core commands, when the test says so, and checks
//! every command against the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tidegate::broker::{Assignment, CommitEntry, CommitError, Committed, RevokeTicket, Watermarks};
use tidegate::consumer::core::metadata::{CommitMetadata, DoneAbove};
use tidegate::consumer::core::{
    Core, CoreConfig, Delivered, End, Event, LocalEpoch, Now, StepKind, Stopped, WorkId,
};
use tidegate::message::{Offset, Partition, Timestamp, TopicName, TopicPartition};
use tidegate::policy::{Backoff, Effects, Order, PolicyId, Retry, RoutePolicy, StartFrom};

use crate::model::{Rec, Want, attempts};

pub(crate) const PARTITIONS: u32 = 3;
pub(crate) const SLOTS: usize = 3;

/// One partition, as the broker and the driver see it.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) log: Vec<u64>,
    pub(crate) committed: Option<Committed>,
    pub(crate) epoch: Option<LocalEpoch>,
    pub(crate) accepted: bool,
    pub(crate) started: bool,
    pub(crate) cancelled: bool,
    pub(crate) draining: bool,
    pub(crate) paused: bool,
    /// Index in the log.
    pub(crate) position: usize,
    pub(crate) delivered: Option<u64>,
    pub(crate) start: u64,
    pub(crate) recs: BTreeMap<u64, Rec>,
    pub(crate) finished: BTreeSet<u64>,
    /// Over all ownerships.
    pub(crate) ever_finished: BTreeSet<u64>,
    /// What the commit said is done above it.
    pub(crate) done_above: DoneAbove,
    /// Until when something may begin or settle.
    pub(crate) lease: Duration,
    pub(crate) sent: Option<u64>,
    /// What the commit said that this ownership began with: (failed, unknown, due at the earliest).
    pub(crate) inherited: BTreeMap<u64, (u32, u32, Duration)>,
}

impl Part {
    pub(crate) fn begin_again(&mut self, epoch: LocalEpoch) {
        let next = self.delivered.map_or(self.start, |last| last + 1);
        self.start = self.recs.keys().next().copied().unwrap_or(next);
        for (offset, rec) in std::mem::take(&mut self.recs) {
            if rec.noted.0 > 0 {
                self.inherited.insert(offset, (rec.noted.0, rec.noted.1, Duration::ZERO));
            }
        }
        self.position = self.log.partition_point(|offset| *offset < self.start);
        (self.epoch, self.delivered) = (Some(epoch), None);
        (self.accepted, self.started, self.cancelled, self.paused) = (false, false, false, false);
        self.lease = Duration::ZERO;
        let before = std::mem::take(&mut self.done_above);
        let done = |o: &&u64| self.finished.contains(o) || before.contains(Offset(**o));
        for offset in self.log.iter().filter(done) {
            self.done_above.push(Offset(*offset), Offset(*offset).next());
        }
        self.finished.clear();
    }
}

pub(crate) struct World {
    pub(crate) core: Core,
    pub(crate) config: CoreConfig,
    pub(crate) elapsed: Duration,
    pub(crate) skew: i64,
    pub(crate) random: u64,
    pub(crate) parts: BTreeMap<TopicPartition, Part>,
    pub(crate) owning: Vec<(TopicPartition, LocalEpoch)>,
    pub(crate) runs: BTreeSet<WorkId>,
    /// What a lane begins after a record, if that ends plainly.
    pub(crate) behind: BTreeMap<WorkId, WorkId>,
    pub(crate) steps: BTreeMap<WorkId, StepKind>,
    pub(crate) in_flight: Option<Vec<CommitEntry>>,
    pub(crate) revokes: BTreeMap<RevokeTicket, (BTreeSet<TopicPartition>, Duration)>,
    pub(crate) tickets: u64,
    pub(crate) late: Vec<(WorkId, Option<StepKind>)>,
    pub(crate) stopping: Option<Duration>,
    /// Records that ran, or were in a step, when they were cancelled during a shutdown.
    pub(crate) cut: usize,
    pub(crate) stopped: Option<Stopped>,
    /// For so many turns nothing has happened but that time passed.
    pub(crate) idle: usize,
}

pub(crate) fn config() -> CoreConfig {
    let ms = Duration::from_millis;
    let routes = [
        (Order::Partition, Effects::AtLeastOnce, false),
        (Order::Partition, Effects::Transactional, true),
        (Order::None, Effects::AtLeastOnce, true),
        (Order::None, Effects::Transactional, false),
        (Order::Key, Effects::AtLeastOnce, false),
        (Order::Key, Effects::Transactional, true),
        (Order::Key, Effects::AtLeastOnce, true),
    ];
    let policies = routes.map(|(order, effects, dead_handler)| {
        let route = RoutePolicy { order, effects, dead_handler, ..RoutePolicy::default() };
        let retry = Retry::exponential(ms(100), ms(2_000)).attempts(attempts(&route));
        RoutePolicy { retry, ..route }
    });
    let mut config = CoreConfig::new("g", "c", policies.to_vec(), StartFrom::Earliest);
    config.max_in_flight = SLOTS;
    config.max_buffered_records = 12;
    config.chain = 3;
    config.session_timeout = ms(2_000);
    config.outage_backoff = Backoff::new(ms(1_000), ms(4_000));
    config
}

pub(crate) fn tp(partition: u32) -> TopicPartition {
    TopicPartition::new(TopicName::new("orders").unwrap(), Partition(partition))
}

impl World {
    pub(crate) fn new(gaps: u64) -> Self {
        let config = config();
        let mut world = Self {
            core: Core::new(config.clone()),
            config,
            elapsed: Duration::ZERO,
            skew: 0,
            random: gaps,
            parts: BTreeMap::new(),
            owning: Vec::new(),
            runs: BTreeSet::new(),
            behind: BTreeMap::new(),
            steps: BTreeMap::new(),
            in_flight: None,
            revokes: BTreeMap::new(),
            tickets: 0,
            late: Vec::new(),
            stopping: None,
            cut: 0,
            stopped: None,
            idle: 0,
        };
        for partition in 0..PARTITIONS {
            let mut offset = 0;
            let mut gap = || {
                offset += 1 + if world.draw().is_multiple_of(3) { world.draw() % 5 } else { 0 };
                offset
            };
            let log = (0..20).map(|_| gap()).collect();
            world.parts.insert(tp(partition), Part { log, ..Part::default() });
        }
        world
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.random.rotate_right(29) ^ self.random
    }

    fn now(&mut self) -> Now {
        let wall = 1_700_000_000_000 + self.skew + self.elapsed.as_millis() as i64;
        Now { elapsed: self.elapsed, wall: Timestamp(wall), entropy: self.draw() }
    }

    /// Hands one event in, and checks what comes out.
    pub(crate) fn step(&mut self, event: Event) -> usize {
        let mut out = Vec::new();
        let now = self.now();
        self.core.step(event, now, &mut out);
        let count = out.len();
        for command in out {
            assert!(self.stopped.is_none(), "nothing comes after Stopped: {command:?}");
            self.check(command);
        }
        self.check_at_rest();
        count
    }

    pub(crate) fn assign(&mut self, id: &TopicPartition) {
        let elapsed = self.elapsed;
        let part = self.parts.get_mut(id).unwrap();
        let bounds = Watermarks { start: Offset(0), end: Offset(part.log[part.log.len() - 1] + 1) };
        let committed = part.committed.clone();
        part.start = committed.as_ref().map_or(0, |c| c.offset.0);
        part.inherited = inherited(committed.as_ref(), elapsed);
        part.done_above = done_above(committed.as_ref());
        part.lease = Duration::ZERO;
        part.position = part.log.partition_point(|offset| *offset < part.start);
        (part.epoch, part.sent, part.delivered) = (None, None, None);
        (part.accepted, part.started, part.cancelled) = (false, false, false);
        (part.draining, part.paused) = (false, false);
        part.recs.clear();
        part.finished.clear();
        let assignment =
            Assignment { partition: id.clone(), committed, watermarks: bounds, topic_id: None };
        self.step(Event::Assigned(vec![assignment]));
    }

    pub(crate) fn owned(&self, id: &TopicPartition) -> bool {
        self.parts[id].epoch.is_some()
    }

    /// The partition is not this member's any more.
    pub(crate) fn gone(&mut self, id: &TopicPartition) {
        self.parts.get_mut(id).unwrap().epoch = None;
    }

    pub(crate) fn deliver(&mut self, id: &TopicPartition, count: usize) -> bool {
        let part = self.parts.get_mut(id).unwrap();
        if part.epoch.is_none() || !part.started || part.paused || part.cancelled || part.draining {
            return false;
        }
        let to = (part.position + count).min(part.log.len());
        let offsets = part.log[part.position..to].to_vec();
        part.position = to;
        let mut records = Vec::new();
        for offset in offsets {
            let policy =
                (offset.wrapping_mul(2_654_435_761) >> 7) as usize % self.config.policies.len();
            let (failed, unknown, due) = part.inherited.remove(&offset).unwrap_or_default();
            let mut rec = Rec::new(policy, failed, unknown, due);
            if part.done_above.contains(Offset(offset)) {
                rec.want = Want::Forget(End::Duplicate);
            }
            part.recs.insert(offset, rec);
            part.delivered = Some(offset);
            let (policy, key) = (PolicyId(policy), key(offset));
            records.push(Delivered { offset: Offset(offset), size: 100, policy, key });
        }
        if records.is_empty() {
            return false;
        }
        self.step(Event::Delivered { partition: id.clone(), records });
        true
    }

    /// The broker's side of a commit: applied or not, as told.
    pub(crate) fn answer_commit(
        &mut self,
        mut choose: impl FnMut(&mut Self, &CommitEntry) -> Result<(), CommitError>,
    ) {
        let Some(entries) = self.in_flight.take() else { return };
        let mut answers = Vec::new();
        for entry in entries {
            let result = if self.owned(&entry.partition) {
                choose(self, &entry)
            } else {
                Err(CommitError::NotOwned(entry.partition.clone()))
            };
            let unknown =
                matches!(result, Err(CommitError::Unavailable(_))) && self.draw().is_multiple_of(2);
            let part = self.parts.get_mut(&entry.partition).unwrap();
            if result.is_ok() || unknown {
                part.committed = Some(entry.committed.clone());
            }
            part.accepted |= result.is_ok();
            answers.push((entry, result));
        }
        self.step(Event::Committed(answers));
    }
}

/// Some have none.
pub(crate) fn key(offset: u64) -> Option<u64> {
    Some(offset / 2 % 5).filter(|key| *key != 4)
}

fn done_above(committed: Option<&Committed>) -> DoneAbove {
    let metadata = committed.and_then(|c| CommitMetadata::decode(&c.metadata).ok());
    metadata.map(|m| m.done).unwrap_or_default()
}

fn inherited(
    committed: Option<&Committed>,
    elapsed: Duration,
) -> BTreeMap<u64, (u32, u32, Duration)> {
    let Some(metadata) = committed.and_then(|c| CommitMetadata::decode(&c.metadata).ok()) else {
        return BTreeMap::new();
    };
    let entry = |r: &tidegate::consumer::core::metadata::RetryState| {
        (r.offset.0, (r.attempts, r.unknown, elapsed))
    };
    metadata.retries.iter().map(entry).collect()
}
