//! Why delivery of a partition is stopped: each reason ends for itself.

/// One reason. They are kept apart: the end of one does not resume what another has stopped.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Reason {
    /// A long wait for a retry, under `Order::Partition`.
    Retry = 1,
    /// Something is down.
    Outage = 2,
    /// Too much is held in memory.
    Budget = 4,
    /// Nothing new is wanted: revoke or shutdown.
    Drain = 8,
    /// Too much of one key is parked behind its first record.
    Parked = 16,
}

/// As metrics name them.
const NAMES: [(Reason, &str); 5] = [
    (Reason::Retry, "retry"),
    (Reason::Outage, "outage"),
    (Reason::Budget, "budget"),
    (Reason::Drain, "drain"),
    (Reason::Parked, "parked"),
];

/// The reasons at this moment, and what the driver was told.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    reasons: u8,
    told: bool,
}

impl Pauses {
    pub(super) fn set(&mut self, reason: Reason, on: bool) {
        if on {
            self.reasons |= reason as u8;
        } else {
            self.reasons &= !(reason as u8);
        }
    }

    /// The names of those that count now.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        NAMES
            .into_iter()
            .filter(|(reason, _)| self.reasons & *reason as u8 != 0)
            .map(|(_, name)| name)
    }

    /// Delivery ends whatever the reasons are: whether the driver does not know it yet.
    pub(super) fn end(&mut self) -> bool {
        !std::mem::replace(&mut self.told, true)
    }

    /// What to tell the driver, if it does not know it yet: `true` is a pause.
    pub(super) fn news(&mut self) -> Option<bool> {
        let paused = self.reasons != 0;
        (paused != self.told).then(|| {
            self.told = paused;
            paused
        })
    }
}
