//! `GET /api/v1/metrics`: what the consumer has done and has to do.

use serde::Serialize;
use tidegate::broker::BrokerError;
use tidegate::consumer::core::Ledger;
use tidegate::health::{Outcomes, Snapshot};
use tidegate::message::TopicPartition;

use super::http::View;
use super::lag::{self, Lag};

/// Everything at one moment.
#[derive(Debug, Serialize)]
pub(super) struct Metrics {
    group: String,
    phase: String,
    outcomes: Counts,
    /// Calls of handlers that ended: successes, failures that were tried again, last failures.
    attempts: u64,
    /// Records that are queued, running, settling or waiting, in the retry topic too.
    in_flight: u64,
    lag: Vec<Lag>,
    /// What waits in the retry topic, by partition of this member: it is behind no longer.
    scheduled: Vec<Scheduled>,
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

/// What waits in the retry topic for one partition: for its time, or behind another event of its order.
#[derive(Debug, Serialize)]
struct Scheduled {
    partition: String,
    records: usize,
    /// Until the next of them is due; absent when none waits for its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_due: Option<String>,
}

impl From<tidegate::metrics::Scheduled> for Scheduled {
    fn from(from: tidegate::metrics::Scheduled) -> Self {
        let next_due = from.next_due.map(|left| format!("{left:?}"));
        Self { partition: from.partition.to_string(), records: from.records, next_due }
    }
}

/// One partition's ledger. `holes` is 0, or records were lost: every delivered record ends once or is pending (I5).
#[derive(Debug, Serialize)]
struct Line {
    partition: String,
    delivered: u64,
    /// Records that an earlier owner had put into the retry topic: they count like delivered ones.
    restored: u64,
    done: u64,
    duplicate: u64,
    skipped: u64,
    dead: u64,
    pending: u64,
    cut_off: u64,
    holes: u64,
}

impl Metrics {
    pub(super) async fn of(view: &View) -> Result<Self, BrokerError> {
        let lag = lag::of(&view.broker, &view.group, &view.topic).await?;
        let scheduled = view.framework.scheduled(&view.group);
        Ok(Self::at(view.health.snapshot(), &view.group, lag, scheduled))
    }

    fn at(
        now: Snapshot,
        group: &str,
        lag: Vec<Lag>,
        scheduled: Vec<tidegate::metrics::Scheduled>,
    ) -> Self {
        let Outcomes { done, duplicate, skipped, dead, retried } = now.outcomes;
        Self {
            group: group.to_owned(),
            phase: format!("{:?}", now.phase).to_lowercase(),
            outcomes: Counts { done, duplicate, skipped, dead, retried },
            attempts: done + dead + retried,
            in_flight: now.in_flight,
            total_lag: lag.iter().map(|lag| lag.lag).sum(),
            lag,
            scheduled: scheduled.into_iter().map(Scheduled::from).collect(),
            assigned: now.assigned.iter().map(ToString::to_string).collect(),
            ledger: lines(&now.ledger),
        }
    }
}

fn lines(ledger: &Ledger) -> Vec<Line> {
    let line = |(partition, counts): (&TopicPartition, &_)| {
        let tidegate::consumer::core::Counts {
            delivered,
            restored,
            done,
            duplicate,
            skipped,
            dead,
            cut_off,
            pending,
        } = *counts;
        let holes = counts.holes();
        let partition = partition.to_string();
        Line {
            partition,
            delivered,
            restored,
            done,
            duplicate,
            skipped,
            dead,
            pending,
            cut_off,
            holes,
        }
    };
    ledger.iter().map(line).collect()
}
