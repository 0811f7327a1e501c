//! One unfinished record, and where it stands.

use std::time::Duration;

use crate::consumer::core::metadata::RetryState;
use crate::consumer::core::settle::Settling;
use crate::consumer::core::{Attempt, Delivered};
use crate::policy::retry::Tried;
use crate::policy::{Order, PolicyId};

/// Where an unfinished record stands.
#[derive(Debug)]
pub(super) enum State {
    /// May be started, when it is its turn.
    Queued,
    /// An attempt runs.
    Running,
    /// Its next attempt is not due yet.
    Waiting,
    /// Something that it depends on is down.
    Parked,
    /// Being settled.
    Settling(Settling),
}

impl State {
    pub(super) fn busy(&self) -> bool {
        matches!(self, Self::Running | Self::Settling(_))
    }
}

/// One unfinished record.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) size: usize,
    pub(super) policy: PolicyId,
    pub(super) order: Order,
    pub(super) state: State,
    /// Failed attempts that count; `active` holds what earlier owners have spent.
    pub(super) tried: Tried,
    /// What the commit metadata says of it.
    pub(super) retry: Option<RetryState>,
    /// Not to be started before (a retry that was taken over).
    pub(super) not_before: Option<Duration>,
    /// When its first attempt here began, on the partition's active clock.
    pub(super) began: Option<Duration>,
    pub(super) history: Vec<Attempt>,
}

impl Work {
    /// As it arrives; with what an earlier owner has left about it, and when it is due by that.
    pub(super) fn new(
        record: Delivered,
        order: Order,
        restored: Option<(RetryState, Duration)>,
    ) -> Self {
        let (retry, not_before) = restored.unzip();
        let tried = retry.map(|RetryState { attempts, unknown, active, .. }| Tried {
            attempts,
            unknown,
            active,
        });
        Self {
            size: record.size,
            policy: record.policy,
            order,
            state: State::Queued,
            tried: tried.unwrap_or_default(),
            retry,
            not_before,
            began: None,
            history: Vec::new(),
        }
    }
}
