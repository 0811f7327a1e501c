//! What librdkafka tells of itself every few seconds, added up by the kind of client.
//!
//! Format: librdkafka's STATISTICS.md. Its counters begin anew with each client, and clients come and go: here they only grow.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::broker::sync::lock;
use crate::broker::{BrokerConnection, ClientStatistics};

/// How often a client tells, in milliseconds.
pub(super) const EVERY_MS: &str = "5000";

/// What a client said that was silent for so long is not true of now.
const STALE: Duration = Duration::from_secs(30);

/// One that was silent for so long is gone: it will not count on from where it was.
const GONE: Duration = Duration::from_secs(3_600);

/// What the clients of one broker have told. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Statistics(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// By the client's name.
    clients: HashMap<String, (Instant, Told)>,
    /// Bytes sent and received, by kind: also of clients that are gone.
    totals: BTreeMap<String, (u64, u64)>,
}

/// The part of it that is used.
#[derive(Debug, Deserialize)]
struct Told {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    msg_cnt: u64,
    msg_size: u64,
    tx_bytes: u64,
    rx_bytes: u64,
    #[serde(default)]
    brokers: HashMap<String, Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    /// Below 0: an address, or a role, and no broker of the cluster.
    nodeid: i32,
    state: String,
    #[serde(default)]
    rtt: Window,
}

/// In microseconds.
#[derive(Debug, Default, Deserialize)]
struct Window {
    p99: u64,
}

impl Statistics {
    /// Takes in what a client tells. What cannot be read is left out: it is told again.
    pub(super) fn hear(&self, json: &[u8]) {
        match serde_json::from_slice(json) {
            Ok(told) => lock(&self.0).take(told),
            Err(error) => tracing::debug!(%error, "the client's statistics cannot be read"),
        }
    }

    /// All kinds of clients.
    pub(super) fn read(&self) -> Vec<ClientStatistics> {
        let state = lock(&self.0);
        state.totals.iter().map(|(kind, bytes)| state.sum(kind, *bytes)).collect()
    }
}

impl State {
    fn take(&mut self, told: Told) {
        let before =
            self.clients.get(&told.name).map_or((0, 0), |(_, old)| (old.tx_bytes, old.rx_bytes));
        let (sent, received) = self.totals.entry(told.kind.clone()).or_default();
        *sent += told.tx_bytes.saturating_sub(before.0);
        *received += told.rx_bytes.saturating_sub(before.1);
        self.clients.retain(|_, (at, _)| at.elapsed() < GONE);
        self.clients.insert(told.name.clone(), (Instant::now(), told));
    }

    fn sum(&self, kind: &str, (sent_bytes, received_bytes): (u64, u64)) -> ClientStatistics {
        let mut nodes: BTreeMap<i32, BrokerConnection> = BTreeMap::new();
        let (mut queued_records, mut queued_bytes) = (0, 0);
        let now = |(at, told): &&(Instant, Told)| told.kind == kind && at.elapsed() < STALE;
        for (_, told) in self.clients.values().filter(now) {
            queued_records += told.msg_cnt;
            queued_bytes += told.msg_size;
            for node in told.brokers.values().filter(|node| node.nodeid >= 0) {
                let known = nodes.entry(node.nodeid);
                let known =
                    known.or_insert(BrokerConnection::new(node.nodeid, false, Duration::ZERO));
                // One of the clients that is connected shows that the broker is there.
                known.up |= node.state == "UP";
                known.round_trip = known.round_trip.max(Duration::from_micros(node.rtt.p99));
            }
        }
        ClientStatistics {
            client: kind.to_owned(),
            queued_records,
            queued_bytes,
            sent_bytes,
            received_bytes,
            brokers: nodes.into_values().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, sent: u64, state: &str) -> Vec<u8> {
        serde_json::to_vec(&serde_json::json!({
            "name": name, "type": "producer", "msg_cnt": 3, "msg_size": 300, "tx_bytes": sent, "rx_bytes": 10,
            "brokers": {
                "h:1/1": {"nodeid": 1, "state": state, "rtt": {"p99": 1500, "avg": 3}},
                "h:1/bootstrap": {"nodeid": -1, "state": "UP"},
            },
        }))
        .unwrap()
    }

    /// A client that is made anew counts from 0: what was counted before stays.
    #[test]
    fn counters_only_grow_whatever_clients_do() {
        let statistics = Statistics::default();
        statistics.hear(&told("producer-1", 100, "UP"));
        statistics.hear(&told("producer-1", 150, "DOWN"));
        statistics.hear(&told("producer-2", 7, "DOWN"));
        statistics.hear(b"{\"name\": 3}");
        let [of] = &statistics.read()[..] else { panic!("one kind of client") };
        assert_eq!((of.sent_bytes, of.received_bytes), (157, 20));
        assert_eq!((of.queued_records, of.queued_bytes), (6, 600));
        let expected = BrokerConnection::new(1, false, Duration::from_micros(1500));
        assert_eq!(of.brokers, [expected], "an address is no broker");
        statistics.hear(&told("producer-2", 7, "UP"));
        assert!(statistics.read()[0].brokers[0].up);
    }
}
