//! The end of a membership.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Poller;

/// How long helpers may take to end before the group is left without them.
const HELPERS: Duration = Duration::from_millis(250);
/// How long leaving may take before the client is let go.
const LEAVE: Duration = Duration::from_secs(3);

impl Poller {
    /// Leaves the group. The client does so when it is closed, and only if it was not told to unsubscribe before: then it
    /// may close while partitions are still being stopped, and forgets to leave (librdkafka 2.12.1,
    /// `rd_kafka_cgrp_incr_unassign_done`; test `a_member_that_closes_has_left`).
    ///
    /// Whoever drops the client last closes it. A helper that waits for an answer would keep the membership alive for as
    /// long: then it is closed here, and rebalances are served until it is. What is polled now is not kept (rule 16).
    pub(super) fn leave(&self, helpers: &[JoinHandle<()>]) {
        let deadline = Instant::now() + HELPERS;
        while !helpers.iter().all(JoinHandle::is_finished) {
            if Instant::now() >= deadline {
                return self.close();
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn close(&self) {
        if let Err(error) = self.client.close_queue() {
            return tracing::debug!(%error, "the client cannot be closed yet");
        }
        let deadline = Instant::now() + LEAVE;
        while !self.client.closed() && Instant::now() < deadline {
            drop(self.client.poll(Duration::from_millis(10)));
        }
    }
}
