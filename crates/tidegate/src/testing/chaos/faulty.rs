//! Which of the planned faults are due.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::moment::{Kind, Moment};
use super::plan::Planned;

/// Counts moments, and gives out faults when theirs has come.
#[derive(Debug)]
pub(super) struct Planner {
    waiting: Vec<Planned>,
    seen: BTreeMap<Moment, u32>,
    hits: Vec<(Kind, Moment)>,
    /// What is away, and until when.
    away: BTreeMap<Kind, Instant>,
    /// Nothing goes wrong any more, but at a shutdown.
    healed: bool,
}

impl Planner {
    pub(super) fn new(faults: &[Planned]) -> Self {
        Self {
            waiting: faults.to_vec(),
            seen: BTreeMap::new(),
            hits: Vec::new(),
            away: BTreeMap::new(),
            healed: false,
        }
    }

    /// The fault that is due at this moment, if one is; and whether what the caller asks is away.
    pub(super) fn at(&mut self, moment: Moment, call: bool) -> (Option<Planned>, bool) {
        let seen = self.seen.entry(moment).or_default();
        *seen += 1;
        let (seen, healed) = (*seen, self.healed && moment != Moment::Shutdown);
        let asks = |kind| matches!(kind, Kind::Refused | Kind::ReplyLost);
        let due = |fault: &Planned| {
            fault.moment == moment && fault.nth <= seen && (call || !asks(fault.kind)) && !healed
        };
        let fault = self.waiting.iter().position(due).map(|place| self.waiting.remove(place));
        self.hits.extend(fault.map(|fault| (fault.kind, fault.moment)));
        let away = match moment {
            Moment::Effect | Moment::DeadMark => self.is_away(Kind::StoreAway),
            Moment::Marked | Moment::TakeOver => {
                self.is_away(Kind::BrokerAway) || self.is_away(Kind::CoordinatorMoves)
            }
            _ => self.is_away(Kind::BrokerAway),
        };
        (fault, away)
    }

    pub(super) fn away(&mut self, kind: Kind, until: Instant) {
        self.away.insert(kind, until);
    }

    pub(super) fn is_away(&self, kind: Kind) -> bool {
        !self.healed && self.away.get(&kind).is_some_and(|back| Instant::now() < *back)
    }

    /// Whether every planned fault has hit, but those of the shutdown, which comes at the end.
    pub(super) fn is_spent(&self) -> bool {
        self.waiting.iter().all(|fault| fault.moment == Moment::Shutdown)
            && !self.away.keys().any(|kind| self.is_away(*kind))
    }

    /// Nothing goes wrong any more.
    pub(super) fn heal(&mut self) {
        self.healed = true;
    }

    pub(super) fn is_healed(&self) -> bool {
        self.healed
    }

    /// Whether no call has failed or hung so far.
    pub(super) fn is_smooth(&self) -> bool {
        let smooth = |(kind, _): &(Kind, Moment)| {
            matches!(
                kind,
                Kind::Crash
                    | Kind::Zombie
                    | Kind::Restart
                    | Kind::Rebalance
                    | Kind::ClockJump
                    | Kind::Grow
            )
        };
        self.hits.iter().all(smooth)
    }

    /// What hit so far.
    pub(super) fn hits(&self) -> &[(Kind, Moment)] {
        &self.hits
    }
}
