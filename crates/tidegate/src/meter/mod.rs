//! What a service counts of itself, beside [`Health`](crate::health::Health), where somebody wants to know.
//!
//! ```text
//!   lane 0 ──▶ LaneMeter ─┐   attempts by route and result, how long, how long they waited
//!   lane 1 ──▶ LaneMeter ─┤
//!   driver ──▶ ages, board, events, rebalances ─┴──▶ read, and added up, when metrics are asked for
//! ```
//!
//! Each part has one writer: counting costs a few plain stores, and no lane waits for another.

#![cfg_attr(
    not(feature = "metrics"),
    allow(dead_code, unused_imports, reason = "only metrics are made of it")
)]

mod board;
mod lane;
mod times;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::broker::sync::lock;
use crate::clock::Clock;
use crate::consumer::core::End;
use crate::consumer::runtime::{Identity, NamedStore, Observer, Subject};
use crate::events::RuntimeEvent;
use crate::message::{Offset, TopicName, TopicPartition};

pub(crate) use board::{Board, Fact};
pub(crate) use lane::{LaneMeter, RESULTS};
pub(crate) use times::{BOUNDS, Counted, Times};

/// The counts of one service.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    /// Known when it starts.
    plan: OnceLock<Plan>,
    pub(crate) board: Board,
    /// By kind.
    events: Mutex<BTreeMap<&'static str, u64>>,
    ended: [AtomicU64; ENDS.len()],
    rebalances: AtomicU64,
}

/// How an ownership may end.
pub(crate) const ENDS: [&str; 3] = ["given_back", "lost", "fenced"];

/// What a running service consists of.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) identity: Identity,
    pub(crate) clock: Clock,
    pub(crate) stores: Vec<NamedStore>,
    /// The handler of each policy.
    pub(crate) handlers: Vec<Arc<str>>,
    pub(crate) lanes: Vec<Arc<LaneMeter>>,
    /// From a record's timestamp to its end, by topic. The driver writes.
    pub(crate) ages: Vec<(TopicName, Times)>,
}

impl Plan {
    /// Nothing is counted yet.
    pub(crate) fn new(
        (identity, clock, stores): (Identity, Clock, Vec<NamedStore>),
        handlers: Vec<Arc<str>>,
        topics: Vec<TopicName>,
        lanes: usize,
    ) -> Self {
        let lanes = (0..lanes.max(1)).map(|_| LaneMeter::new(handlers.len())).collect();
        let ages = topics.into_iter().map(|topic| (topic, Times::default())).collect();
        Self { identity, clock, stores, handlers, lanes, ages }
    }
}

impl Meters {
    /// The service starts, once.
    pub(crate) fn start(&self, plan: Plan) {
        let started = self.plan.set(plan).is_ok();
        debug_assert!(started, "a service starts once");
    }

    pub(crate) fn plan(&self) -> Option<&Plan> {
        self.plan.get()
    }

    /// The meter of one lane.
    pub(crate) fn lane(&self, place: usize) -> Option<Arc<LaneMeter>> {
        self.plan()?.lanes.get(place).cloned()
    }

    /// Where the ages of a topic's records are counted.
    pub(crate) fn ages(&self, topic: &TopicName) -> Option<&Times> {
        let mut known = self.plan()?.ages.iter();
        Some(&known.find(|(name, _)| name == topic)?.1)
    }

    /// The group has changed what this member owns.
    pub(crate) fn rebalanced(&self) {
        self.rebalances.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn rebalances(&self) -> u64 {
        self.rebalances.load(Ordering::Relaxed)
    }

    /// What happened, by kind.
    pub(crate) fn events(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.events).clone()
    }

    /// Ownerships that have ended, in the order of [`ENDS`].
    pub(crate) fn ended(&self) -> [u64; ENDS.len()] {
        std::array::from_fn(|at| self.ended[at].load(Ordering::Relaxed))
    }
}

impl Observer for Meters {
    /// Records are counted elsewhere: in the ledger.
    fn settled<'a>(
        &self,
        _: &TopicPartition,
        _: &[(Offset, End)],
        _: &dyn Fn(Offset) -> Option<Subject<'a>>,
    ) {
    }

    fn event(&self, event: &RuntimeEvent, _: Option<Subject<'_>>) {
        *lock(&self.events).entry(event.kind()).or_default() += 1;
        let end = match event {
            RuntimeEvent::Ended { lost: false, .. } => 0,
            RuntimeEvent::Ended { lost: true, .. } => 1,
            RuntimeEvent::Fenced { .. } => 2,
            _ => return,
        };
        self.ended[end].fetch_add(1, Ordering::Relaxed);
    }
}
