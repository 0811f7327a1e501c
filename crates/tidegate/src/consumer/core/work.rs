//! One unfinished record, and where it stands.

use std::time::Duration;

use crate::consumer::core::metadata::RetryState;
use crate::consumer::core::settle::Settling;
use crate::consumer::core::{Attempt, Delivered};
use crate::message::Offset;
use crate::planted::planted;
use crate::policy::retry::Tried;
use crate::policy::{Order, PolicyId};

/// Where an unfinished record stands.
#[derive(Debug)]
pub(super) enum State {
    /// May be started, when it is its turn.
    Queued,
    /// With a lane: its attempt runs, or is next after that of the record before it.
    Running,
    /// Its next attempt is not due yet.
    Waiting,
    /// Something that it depends on is down.
    Parked,
    /// Being settled.
    Settling(Box<Settling>),
}

impl State {
    pub(super) fn busy(&self) -> bool {
        matches!(self, Self::Running | Self::Settling(_))
    }
}

/// Which records a record waits for (rule 23): the unit of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// All ordered records of the partition before it.
    Partition,
    /// Those before it whose key has this hash. Keys that share a hash share their order, which costs time and nothing else.
    Key(u64),
    /// Nobody.
    Free,
}

impl Unit {
    /// A record without a key counts as `Order::None`.
    pub(super) fn of(record: &Delivered, order: Order) -> Self {
        match (order, record.key) {
            (Order::Key, Some(_)) if planted!(KeyOrder) => Self::Free,
            (Order::Partition, _) => Self::Partition,
            (Order::Key, Some(hash)) => Self::Key(hash),
            (Order::Key, None) | (Order::None, _) => Self::Free,
        }
    }
}

/// One unfinished record.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) size: usize,
    pub(super) policy: PolicyId,
    pub(super) unit: Unit,
    pub(super) state: State,
    /// The next record of its key.
    pub(super) next: Option<Offset>,
    /// How much it takes of the places for what runs side by side.
    pub(super) placed: usize,
    /// Most records have none.
    pub(super) past: Option<Box<Past>>,
}

/// What is known of a record's earlier attempts.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// Failed attempts that count; `active` holds what earlier owners have spent.
    pub(super) tried: Tried,
    /// What the commit metadata says of it.
    pub(super) retry: Option<RetryState>,
    /// Not to be started before (a retry that was taken over).
    pub(super) not_before: Option<Duration>,
    /// When its first attempt here began, on the partition's active clock.
    pub(super) began: Option<Duration>,
    pub(super) history: Vec<Attempt>,
    /// Its dead letter is written already; perhaps no more than that.
    pub(super) dead: bool,
}

impl Past {
    /// What an earlier owner has left about a record, and when it is due by that.
    pub(super) fn restored(retry: RetryState, due: Duration) -> Self {
        let RetryState { attempts, unknown, active, .. } = retry;
        let tried = Tried { attempts, unknown, active };
        Self { tried, retry: Some(retry), not_before: Some(due), ..Self::default() }
    }

    pub(super) fn forget(&mut self) {
        self.tried = Tried::default();
    }
}

impl Work {
    /// As it arrives.
    pub(super) fn new(record: &Delivered, order: Order, past: Option<Past>) -> Self {
        Self {
            size: record.size,
            policy: record.policy,
            unit: Unit::of(record, order),
            state: State::Queued,
            next: None,
            placed: 0,
            past: past.map(Box::new),
        }
    }

    /// Failed attempts that count.
    pub(super) fn attempts(&self) -> u32 {
        self.past.as_ref().map_or(0, |past| past.tried.attempts)
    }

    pub(super) fn retry(&self) -> Option<RetryState> {
        self.past.as_ref()?.retry
    }

    pub(super) fn past_mut(&mut self) -> &mut Past {
        self.past.get_or_insert_default()
    }
}
