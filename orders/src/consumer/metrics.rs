//! `GET /api/v1/metrics`: what the consumer has done and has to do.

use serde::Serialize;
use tidegate::broker::{Broker, BrokerError};
use tidegate::consumer::core::Ledger;
use tidegate::health::{Health, Outcomes, Snapshot};
use tidegate::message::TopicName;

use super::lag::{self, Lag};

/// Everything at one moment.
#[derive(Debug, Serialize)]
pub(super) struct Metrics {
    group: String,
    phase: String,
    outcomes: Counts,
    /// Calls of handlers that ended: successes, failures that were tried again, last failures.
    attempts: u64,
    in_flight: u64,
    lag: Vec<Lag>,
    /// Records behind, over all partitions.
    total_lag: u64,
    assigned: Vec<String>,
    ledger: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Counts {
    done: u64,
    duplicate: u64,
    skipped: u64,
    dead: u64,
    retried: u64,
}

/// One partition's ledger. `holes` is 0, or records were lost: every delivered record ends once or is pending (I5).
#[derive(Debug, Serialize)]
struct Line {
    partition: String,
    delivered: u64,
    done: u64,
    duplicate: u64,
    skipped: u64,
    dead: u64,
    pending: u64,
    cut_off: u64,
    holes: u64,
}

impl Metrics {
    pub(super) async fn of(
        health: &Health,
        broker: &Broker,
        group: &str,
        topic: &TopicName,
    ) -> Result<Self, BrokerError> {
        let lag = lag::of(broker, group, topic).await?;
        Ok(Self::at(health.snapshot(), group, lag))
    }

    fn at(now: Snapshot, group: &str, lag: Vec<Lag>) -> Self {
        let Outcomes { done, duplicate, skipped, dead, retried } = now.outcomes;
        Self {
            group: group.to_owned(),
            phase: format!("{:?}", now.phase).to_lowercase(),
            outcomes: Counts { done, duplicate, skipped, dead, retried },
            attempts: done + dead + retried,
            in_flight: now.in_flight,
            total_lag: lag.iter().map(|lag| lag.lag).sum(),
            lag,
            assigned: now.assigned.iter().map(ToString::to_string).collect(),
            ledger: lines(&now.ledger),
        }
    }
}

fn lines(ledger: &Ledger) -> Vec<Line> {
    let line = |(partition, counts): (&tidegate::message::TopicPartition, &_)| {
        let tidegate::consumer::core::Counts {
            delivered,
            restored: _,
            done,
            duplicate,
            skipped,
            dead,
            cut_off,
            pending,
        } = *counts;
        let holes = counts.holes();
        let partition = partition.to_string();
        Line { partition, delivered, done, duplicate, skipped, dead, pending, cut_off, holes }
    };
    ledger.iter().map(line).collect()
}
