//! Places: what takes one from the others, and how much is handed over ahead of its place (rule 14, decision 12).
//!
//! ```text
//!   handed over ─▶ waits for a place ─▶ attempt ─▶ settling ──────────────────────▶ finished
//!   └───── with the lanes: bounded by `limit` ───┘ └─ [only the log is awaited: takes no place; the budget counts it]
//! ```

use std::time::Duration;

use crate::consumer::core::{CoreConfig, Hold, Step};
use crate::policy::{Effects, RoutePolicy};

/// Whether nothing of the record runs any more, and only the log's answer is awaited: then it takes no place from those that run.
/// What it holds is the record, which the budget counts. What a handler has emitted nobody counts: that keeps its place, as
/// do an open transaction, and what a handler or a store is asked for next.
pub(super) fn only_waits(step: &Step, route: &RoutePolicy) -> bool {
    match step {
        // Behind the first entry of a dead letter come its handler and its marker.
        Step::Schedule(entry) => entry.hold != Hold::Dead,
        Step::Unschedule(_) => true,
        Step::DeadLetter { .. } => !route.dead_handler && route.effects == Effects::AtLeastOnce,
        Step::Publish | Step::Mark | Step::Dispatch | Step::DeadHandler | Step::MarkDead => false,
    }
}

/// How much was handed over lately. In the long run as much is answered.
#[derive(Debug, Default)]
pub(super) struct Pace {
    since: Duration,
    handed: usize,
    /// In the time that it may take.
    lately: usize,
}

impl Pace {
    /// How many places may be taken: a few times as many as may run, so that nobody waits for the next hand-over; and where handlers
    /// answer faster than the hand-over itself, as many as are answered within `handed_for`. A record whose retry is due waits
    /// no longer than that behind them.
    pub(super) fn limit(&mut self, now: Duration, config: &CoreConfig) -> usize {
        let span = now.saturating_sub(self.since);
        if span >= config.handed_for {
            self.lately = share(self.handed, config.handed_for, span);
            (self.since, self.handed) = (now, 0);
        }
        let least = config.max_in_flight.saturating_mul(config.ahead);
        let quick = self.lately.saturating_add(config.ahead.saturating_sub(1));
        // An open transaction stays open after its handler has run: it is never ahead of its place.
        let plain = |route: &RoutePolicy| route.effects == Effects::AtLeastOnce;
        if quick > least && config.policies.iter().all(plain) { quick } else { least }
    }

    /// So many more are handed over.
    pub(super) fn hand_over(&mut self, places: usize) {
        self.handed += places;
    }
}

/// Of so many in a span, those of a part of it.
fn share(all: usize, part: Duration, span: Duration) -> usize {
    let share = all as u128 * part.as_nanos() / span.as_nanos().max(1);
    usize::try_from(share).unwrap_or(usize::MAX)
}
