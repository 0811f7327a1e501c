//! A core on its own, for examples: hand an event in, look at what comes out.

use std::time::Duration;

use tidegate::broker::{Assignment, CommitEntry, CommitError, Committed, RevokeTicket, Watermarks};
use tidegate::class::{Cause, Class, Failure};
use tidegate::consumer::core::{
    Command, Core, CoreConfig, Delivered, End, Event, LocalEpoch, Now, Recalled, Start, Step,
    StepFailure, StepKind, Stopped, Verdict, WorkId,
};
use tidegate::events::RuntimeEvent;
use tidegate::message::{Offset, Timestamp, TopicId};
use tidegate::policy::{Order, PolicyId, Retry, RoutePolicy, StartFrom};

use crate::world::tp;

pub(crate) const END: u64 = 1_000;
pub(crate) const DONE: Verdict = Verdict::Done { emits: false };

pub(crate) struct Rig {
    pub(crate) core: Core,
    pub(crate) elapsed: Duration,
    pub(crate) wall: i64,
    pub(crate) entropy: u64,
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn config(policies: Vec<RoutePolicy>) -> CoreConfig {
    let mut config = CoreConfig::new("g", "c", policies, StartFrom::Earliest);
    config.commit_interval = Duration::ZERO;
    config.chain = 1; // one by one: `lanes.rs` is about chains
    config.session_timeout = Duration::from_secs(1_000_000); // `leases.rs` is about leases
    config.stuck_after = Duration::from_secs(1_000_000);
    config
}

/// The partition's order, 3 attempts, 1 s to 30 s.
pub(crate) fn ordered() -> RoutePolicy {
    RoutePolicy { order: Order::Partition, ..RoutePolicy::default() }
}

/// In the order of keys: offsets that are equal modulo 3 have the same key.
pub(crate) fn keyed() -> RoutePolicy {
    RoutePolicy { order: Order::Key, ..RoutePolicy::default() }
}

pub(crate) fn unordered() -> RoutePolicy {
    RoutePolicy { order: Order::None, ..RoutePolicy::default() }
}

pub(crate) fn retrying(route: RoutePolicy, attempts: u32) -> RoutePolicy {
    RoutePolicy { retry: Retry::exponential(ms(1_000), ms(30_000)).attempts(attempts), ..route }
}

pub(crate) fn failed(class: Class) -> Verdict {
    failed_by(class, Cause::Error)
}

pub(crate) fn failed_by(class: Class, cause: Cause) -> Verdict {
    let failure = Box::new(Failure { class, message: "no".into(), cause });
    Verdict::Failed { failure, took: ms(5) }
}

pub(crate) fn again() -> Result<bool, StepFailure> {
    Err(StepFailure::Again("down".into()))
}

impl Rig {
    pub(crate) fn new(policies: Vec<RoutePolicy>) -> Self {
        Self::with(config(policies))
    }

    pub(crate) fn with(config: CoreConfig) -> Self {
        Self { core: Core::new(config), elapsed: ms(0), wall: 1_700_000_000_000, entropy: 1 << 63 }
    }

    pub(crate) fn send(&mut self, event: Event) -> Vec<Command> {
        let mut out = Vec::new();
        let wall = Timestamp(self.wall + self.elapsed.as_millis() as i64);
        let now = Now { elapsed: self.elapsed, wall, entropy: self.entropy };
        self.core.step(event, now, &mut out);
        out
    }

    pub(crate) fn assign(&mut self, partition: u32, committed: Option<Committed>) -> Vec<Command> {
        self.assign_of(None, partition, committed)
    }

    /// The same, of this topic among those of its name.
    pub(crate) fn assign_of(
        &mut self,
        topic_id: Option<TopicId>,
        partition: u32,
        committed: Option<Committed>,
    ) -> Vec<Command> {
        let watermarks = Watermarks { start: Offset(0), end: Offset(END) };
        let partition = tp(partition);
        self.send(Event::Assigned(vec![Assignment { partition, committed, watermarks, topic_id }]))
    }

    /// Assigned, its first commit accepted, and started. Gives the epoch.
    pub(crate) fn own(&mut self, partition: u32) -> LocalEpoch {
        self.own_from(partition, None)
    }

    pub(crate) fn own_from(&mut self, partition: u32, committed: Option<Committed>) -> LocalEpoch {
        let mut out = self.assign(partition, committed);
        if let Some(epoch) = owning(&out) {
            out = self.send(Event::Owned { partition: tp(partition), epoch, result: Ok(()) });
        }
        let out = self.accept(&out);
        let start = out.iter().find_map(|c| match c {
            Command::Start { epoch, .. } => Some(*epoch),
            _ => None,
        });
        start.expect("started")
    }

    pub(crate) fn accept(&mut self, out: &[Command]) -> Vec<Command> {
        self.answer(out, Ok(()))
    }

    /// Answers the commit that is among these commands.
    pub(crate) fn answer(
        &mut self,
        out: &[Command],
        result: Result<(), CommitError>,
    ) -> Vec<Command> {
        let entries = commit(out).expect("a commit");
        self.send(Event::Committed(entries.into_iter().map(|e| (e, result.clone())).collect()))
    }

    pub(crate) fn deliver(&mut self, partition: u32, offsets: &[u64]) -> Vec<Command> {
        self.deliver_to(partition, 0, offsets)
    }

    pub(crate) fn deliver_to(
        &mut self,
        partition: u32,
        policy: usize,
        offsets: &[u64],
    ) -> Vec<Command> {
        let record = |offset: &u64| Delivered {
            offset: Offset(*offset),
            size: 100,
            policy: PolicyId(policy),
            key: Some(*offset % 3),
        };
        let records = offsets.iter().map(record).collect();
        self.send(Event::Delivered { partition: tp(partition), records })
    }

    pub(crate) fn deliver_keyless(&mut self, partition: u32, offsets: &[u64]) -> Vec<Command> {
        let policy = PolicyId(0);
        let record =
            |offset: &u64| Delivered { offset: Offset(*offset), size: 100, policy, key: None };
        let records = offsets.iter().map(record).collect();
        self.send(Event::Delivered { partition: tp(partition), records })
    }

    pub(crate) fn finish(&mut self, work: &WorkId, verdict: Verdict) -> Vec<Command> {
        self.ran(work, vec![(work.offset, verdict)])
    }

    /// A lane answers for several records of one ownership; `work` says which ownership.
    pub(crate) fn ran(&mut self, work: &WorkId, answers: Vec<(Offset, Verdict)>) -> Vec<Command> {
        let (partition, epoch) = (work.partition.clone(), work.epoch);
        self.send(Event::Ran { partition, epoch, answers })
    }

    pub(crate) fn stepped(
        &mut self,
        work: &WorkId,
        step: StepKind,
        result: Result<bool, StepFailure>,
    ) -> Vec<Command> {
        self.send(Event::Stepped { work: work.clone(), step, result })
    }

    pub(crate) fn revoke(
        &mut self,
        partitions: &[u32],
        within: Duration,
        ticket: u64,
    ) -> Vec<Command> {
        let partitions = partitions.iter().map(|p| tp(*p)).collect();
        self.send(Event::Revoking { partitions, within, ticket: RevokeTicket(ticket) })
    }

    /// Waits until the core's own deadline.
    pub(crate) fn wait(&mut self) -> Vec<Command> {
        self.elapsed = self.core.deadline().expect("something waits");
        self.send(Event::Timer)
    }
}

/// A rig with a schedule that owns partition 0, in whose schedule nothing waits.
pub(crate) fn restored(config: CoreConfig) -> (Rig, LocalEpoch) {
    let mut rig = Rig::with(config);
    let mut out = rig.assign(0, None);
    if let Some(epoch) = owning(&out) {
        out = rig.send(Event::Owned { partition: tp(0), epoch, result: Ok(()) });
    }
    let (epoch, notes) = (restore_of(&out), Vec::new());
    let partition = tp(0);
    let out = rig.send(Event::Noted { partition, epoch, notes, next: Offset(0), caught_up: true });
    rig.accept(&out);
    (rig, epoch)
}

/// The ownership whose companion is to be read.
pub(crate) fn restore_of(out: &[Command]) -> LocalEpoch {
    let restore = |c: &Command| match c {
        Command::Restore { epoch, .. } => Some(*epoch),
        _ => None,
    };
    out.iter().find_map(restore).expect("to be read")
}

pub(crate) fn work(partition: u32, epoch: LocalEpoch, offset: u64) -> WorkId {
    WorkId { partition: tp(partition), epoch, offset: Offset(offset) }
}

/// What begins: offsets and attempts, those that follow another one left out.
pub(crate) fn runs(out: &[Command]) -> Vec<(u64, u32)> {
    let heads = starts(out).into_iter().filter(|start| !start.follows);
    heads.map(|start| (start.offset.0, start.attempt)).collect()
}

pub(crate) fn starts(out: &[Command]) -> Vec<Start> {
    let run = |c: &Command| match c {
        Command::Run { starts, .. } => starts.clone(),
        _ => Vec::new(),
    };
    out.iter().flat_map(run).collect()
}

/// What is finished, and how.
pub(crate) fn ended(out: &[Command]) -> Vec<(u64, End)> {
    let forgotten = |c: &Command| match c {
        Command::Forget { ended, .. } => ended.clone(),
        _ => Vec::new(),
    };
    out.iter().flat_map(forgotten).map(|(offset, end)| (offset.0, end)).collect()
}

pub(crate) fn steps(out: &[Command]) -> Vec<StepKind> {
    let step = |c: &Command| match c {
        Command::Step { step, .. } => Some(step.kind()),
        _ => None,
    };
    out.iter().filter_map(step).collect()
}

pub(crate) fn letter(out: &[Command]) -> Option<Step> {
    out.iter().find_map(|c| match c {
        Command::Step { step, .. } => Some(step.clone()),
        _ => None,
    })
}

pub(crate) fn commit(out: &[Command]) -> Option<Vec<CommitEntry>> {
    out.iter().find_map(|c| match c {
        Command::Commit(entries) => Some(entries.clone()),
        _ => None,
    })
}

/// The committed offset of the one partition that a commit is about.
pub(crate) fn committed(out: &[Command]) -> Option<u64> {
    commit(out).map(|entries| {
        assert_eq!(entries.len(), 1);
        entries[0].committed.offset.0
    })
}

pub(crate) fn owning(out: &[Command]) -> Option<LocalEpoch> {
    out.iter().find_map(|c| match c {
        Command::Own { epoch, .. } => Some(*epoch),
        _ => None,
    })
}

pub(crate) fn told(out: &[Command], which: impl Fn(&RuntimeEvent) -> bool) -> bool {
    out.iter().any(|c| matches!(c, Command::Tell(event) if which(event)))
}

pub(crate) fn position(out: &[Command], which: impl Fn(&Command) -> bool) -> usize {
    out.iter().position(which).unwrap_or_else(|| panic!("missing in {out:?}"))
}

pub(crate) fn started(out: &[Command]) -> Option<u64> {
    out.iter().find_map(|c| match c {
        Command::Start { from, .. } => Some(from.0),
        _ => None,
    })
}

pub(crate) fn stopped(out: &[Command]) -> Option<Stopped> {
    out.iter().find_map(|c| match c {
        Command::Stopped(how) => Some(how.clone()),
        _ => None,
    })
}

/// The entry of a record that waits was read, after so many failed attempts.
pub(crate) fn recalled(epoch: LocalEpoch, record: Delivered, attempts: u32) -> Event {
    let origin = record.offset;
    let found =
        Recalled { record, attempts, unknown: 0, active: ms(0), history: Vec::new(), dead: false };
    Event::Recalled { partition: tp(0), epoch, origin, found: Ok(Box::new(found)) }
}
