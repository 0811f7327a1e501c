//! The ownership lease: between processes nothing fences a plain produce, so a member trusts its ownership only for a
//! while after the group last accepted a commit of it (rule 10).
//!
//! ```text
//!   commit sent ─▶ accepted                  renewal due                        lease over
//!   |◀─────────────── session timeout / 6 ──────▶|                                   |
//!   |◀───────────────────────── 0.8 x session timeout ────────────────────────────▶|   nothing starts, nothing settles
//! ```
//!
//! It counts from when the commit was *sent*: the group cannot have given the partition away before that.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::consumer::core::Command;
use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::Partition;
use crate::events::RuntimeEvent;
use crate::message::Offset;
use crate::planted::planted;

/// How long this member may act on its ownership of one partition.
#[derive(Debug, Default)]
pub(super) struct Lease {
    /// Nothing starts or settles from here on.
    until: Duration,
    /// When a commit is to be sent although nothing has changed.
    renew: Duration,
    /// Whether it was told that the lease is over.
    told: bool,
    /// Steps of settling that wait for it.
    waiting: BTreeSet<Offset>,
}

impl Lease {
    pub(super) fn holds(&self, now: Duration) -> bool {
        now < self.until || planted!(NoLease)
    }

    /// Whether it is over, and somebody was told.
    pub(super) fn is_over(&self) -> bool {
        self.told
    }

    pub(super) fn renewal(&self) -> Duration {
        self.renew
    }

    /// When it is over, as long as nobody was told.
    pub(super) fn deadline(&self) -> Option<Duration> {
        (!self.told && !planted!(NoLease)).then_some(self.until)
    }

    pub(super) fn wait_for(&mut self, offset: Offset) {
        self.waiting.insert(offset);
    }
}

impl Partition {
    /// A commit that was sent at this time was accepted.
    pub(super) fn extend_lease(&mut self, sent: Duration, cx: &mut Cx<'_>) {
        let session = cx.config.session_timeout;
        let until = sent.saturating_add(session.mul_f64(0.8));
        if !self.running() || until <= self.lease.until {
            return;
        }
        self.lease.until = until;
        self.lease.renew = sent.saturating_add(session / 6);
        cx.push(Command::Lease { partition: self.id.clone(), epoch: self.epoch, until });
        if !self.lease.holds(cx.now.elapsed) {
            return;
        }
        if std::mem::take(&mut self.lease.told) {
            self.tell(RuntimeEvent::LeaseRenewed { partition: self.id.clone() }, cx);
        }
        for offset in std::mem::take(&mut self.lease.waiting) {
            self.repeat_step(offset, cx);
        }
    }

    /// Says once that the lease is over.
    pub(super) fn tend_lease(&mut self, cx: &mut Cx<'_>) {
        if self.running() && !self.lease.told && !self.lease.holds(cx.now.elapsed) {
            self.lease.told = true;
            self.tell(RuntimeEvent::LeaseExpired { partition: self.id.clone() }, cx);
        }
    }
}
