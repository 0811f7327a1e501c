//! What the core is made with.

use std::time::Duration;

use crate::policy::{Backoff, RoutePolicy, StartFrom};

/// Policies, limits and waits of one consumer.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreConfig {
    /// One for each route, indexed by [`PolicyId`](crate::policy::PolicyId).
    pub policies: Vec<RoutePolicy>,
    /// Where to begin in a partition without a commit (rule 7).
    pub start_from: StartFrom,
    /// The consumer group, for messages to operators.
    pub group: String,
    /// Which log's progress is noted in commit metadata (rule 8).
    pub cluster_id: String,
    /// Delivery pauses when so many bytes are held in memory, and goes on at half. 64 MiB.
    pub max_buffered_bytes: usize,
    /// Delivery pauses when so many records are held in memory, and goes on at half. 50,000.
    pub max_buffered_records: usize,
    /// At most so many records of `Order::Key` and `Order::None` run side by side, or hold more than themselves while they settle, over all
    /// partitions. 64.
    pub max_in_flight: usize,
    /// So many times as many are handed over of those that hold nothing when they have run: whoever runs them keeps to
    /// `max_in_flight`, and never waits for the next. 1.
    pub ahead: usize,
    /// Or as many as are answered within this time, where that is more and none of the routes holds a transaction. 10 ms.
    pub handed_for: Duration,
    /// At most so many records of one unit of order are handed to a lane at once, to run one after the other. 256.
    pub chain: usize,
    /// The group puts a member out that is not heard of for so long: the measure of the ownership lease (rule 10). 45 s.
    pub session_timeout: Duration,
    /// A partition that has work, and gets no further for so long, is told of. 1 min.
    pub stuck_after: Duration,
    /// At least so long between two commits that nothing urgent asks for. 50 ms.
    pub commit_interval: Duration,
    /// A later retry under `Order::Partition` that waits longer than this pauses delivery. 250 ms.
    pub pause_over: Duration,
    /// Between probes of an outage, and between tries to take ownership. 1 s to 30 s.
    pub outage_backoff: Backoff,
    /// Between tries of a step of settling (rule 5). 200 ms to 30 s.
    pub settle_backoff: Backoff,
    /// Between tries of a refused commit. 50 ms to 2 s.
    pub commit_backoff: Backoff,
    /// An outage that lasts so long raises an alarm. 15 min.
    pub alarm_after: Duration,
    /// How retries wait outside of the source; `None`: all of them wait in memory, and hold the watermark.
    pub schedule: Option<Scheduling>,
}

/// How retries wait in the companion (rule 22).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheduling {
    /// A delay longer than this is written at once, also where the route would wait in memory. 5 s.
    pub in_place_within: Duration,
    /// So many bytes of one key wait behind its first record; more stay in the source, and the partition pauses (rule 23). 1 MiB.
    pub parked_bytes_per_key: usize,
    /// So many records of a partition are brought back side by side. 64.
    pub recalls: usize,
}

impl Default for Scheduling {
    fn default() -> Self {
        Self { in_place_within: Duration::from_secs(5), parked_bytes_per_key: 1 << 20, recalls: 64 }
    }
}

impl CoreConfig {
    /// With the defaults that the fields name.
    #[must_use]
    pub fn new(
        group: impl Into<String>,
        cluster_id: impl Into<String>,
        policies: Vec<RoutePolicy>,
        start_from: StartFrom,
    ) -> Self {
        let backoff =
            |from, to| Backoff::new(Duration::from_millis(from), Duration::from_millis(to));
        Self {
            policies,
            start_from,
            group: group.into(),
            cluster_id: cluster_id.into(),
            max_buffered_bytes: 64 << 20,
            max_buffered_records: 50_000,
            max_in_flight: 64,
            ahead: 1,
            handed_for: Duration::from_millis(10),
            chain: 256,
            session_timeout: Duration::from_secs(45),
            stuck_after: Duration::from_secs(60),
            commit_interval: Duration::from_millis(50),
            pause_over: Duration::from_millis(250),
            outage_backoff: backoff(1_000, 30_000),
            settle_backoff: backoff(200, 30_000),
            commit_backoff: backoff(50, 2_000),
            alarm_after: Duration::from_secs(15 * 60),
            schedule: None,
        }
    }
}
