//! A client that has lost all brokers is told the addresses again.
//!
//! The client forgets each broker that an answer about the cluster does not name. A broker that has just started, or that ends alone,
//! may answer that there is none; a client that takes that in knows nobody to ask any more, starts nothing by itself, and stays so for
//! ever ([librdkafka#5301](https://github.com/confluentinc/librdkafka/issues/5301), since 2.10). Such an answer names no controller
//! either, by which it is known here.

use std::ffi::CString;
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::client::Client;

use super::ffi;
use super::options::KafkaOptions;

/// Between two looks, which ask nobody.
const EVERY: Duration = Duration::from_secs(1);

/// The longest pause between two times that it is told: a cluster that is down for days is no reason to go on each second.
const SELDOM: Duration = Duration::from_secs(60);

/// Looks after one client, for whoever serves it.
#[derive(Debug)]
pub(super) struct Rescue {
    addresses: CString,
    due: Instant,
    pause: Duration,
    /// So many looks in a row found nobody.
    lost: u32,
}

impl Rescue {
    pub(super) fn new(options: &KafkaOptions) -> Self {
        // An address that holds a NUL was refused.
        let addresses = CString::new(options.brokers.as_str()).unwrap_or_default();
        Self { addresses, due: Instant::now() + EVERY, pause: EVERY, lost: 0 }
    }

    /// Call it often.
    pub(super) fn tend<C: ClientContext>(&mut self, client: &Client<C>) {
        let now = Instant::now();
        if now < self.due {
            return;
        }
        if ffi::knows_controller(client) {
            (self.due, self.pause, self.lost) = (now + EVERY, EVERY, 0);
            return;
        }
        self.lost = self.lost.saturating_add(1);
        // The first time it may be one that has just been made.
        if self.lost > 1 {
            ffi::add_brokers(client, &self.addresses);
            self.pause = (self.pause * 2).min(SELDOM);
        }
        if self.lost == 2 {
            tracing::debug!("a Kafka client knows no broker: it is told the addresses again");
        }
        self.due = now + self.pause;
    }
}

#[cfg(test)]
mod tests;
