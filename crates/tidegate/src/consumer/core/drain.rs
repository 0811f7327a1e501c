//! Giving partitions back: drain, commit, then let go, each with a deadline (rules 11, 16).
//!
//! ```text
//!  asked ─────────────── soft ──────────── hard
//!   │ nothing new starts; │ nobody is waited │ let go,
//!   │ what runs finishes  │ for; commit      │ committed or not
//!   └─ all finished and committed: let go at once
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use crate::broker::RevokeTicket;
use crate::consumer::core::LocalEpoch;
use crate::consumer::core::commit::Committer;
use crate::consumer::core::partition::Partition;
use crate::message::TopicPartition;

/// The last part of the time is kept for the commit: a quarter, and at most this.
const MARGIN: Duration = Duration::from_secs(1);

/// Some partitions on their way out.
#[derive(Debug)]
pub(super) struct Drain {
    /// `None`: the service stops.
    pub(super) ticket: Option<RevokeTicket>,
    pub(super) partitions: BTreeMap<TopicPartition, LocalEpoch>,
    soft: Duration,
    hard: Duration,
}

impl Drain {
    pub(super) fn new(
        ticket: Option<RevokeTicket>,
        partitions: BTreeMap<TopicPartition, LocalEpoch>,
        within: Duration,
        now: Duration,
    ) -> Self {
        let (soft, hard) = deadlines(within, now);
        Self { ticket, partitions, soft, hard }
    }

    /// A second, shorter time counts; a longer one does not.
    pub(super) fn shorten(&mut self, within: Duration, now: Duration) {
        let (soft, hard) = deadlines(within, now);
        self.soft = self.soft.min(soft);
        self.hard = self.hard.min(hard);
    }

    /// Whether this partition can be let go.
    pub(super) fn over(&self, partition: &Partition, committer: &Committer, now: Duration) -> bool {
        let finished = partition.idle() || now >= self.soft;
        let committed = !committer.carries(partition) && !partition.dirty();
        finished && committed || now >= self.hard
    }

    pub(super) fn expired(&self, now: Duration) -> bool {
        now >= self.hard
    }

    pub(super) fn deadline(&self, last: Duration) -> Duration {
        if self.soft > last { self.soft } else { self.hard }
    }
}

fn deadlines(within: Duration, now: Duration) -> (Duration, Duration) {
    let margin = (within / 4).min(MARGIN);
    let hard = within.saturating_sub(margin / 4);
    (now.saturating_add(within.saturating_sub(margin)), now.saturating_add(hard))
}
