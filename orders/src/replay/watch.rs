//! The dead letters as `/metrics` shows them: looked at beside the scrapes, every 15 s.
//!
//! ```text
//!  every 15 s ─▶ bounds of each partition ─▶ size
//!                ├─ its first letter, when that is another one ─▶ oldest
//!                └─ what is new since the last look ─▶ classes of the newest 10,000
//! ```
//!
//! Each letter is read once, however often it is looked and whoever asks. The size comes from the log's bounds and the oldest
//! from the log's first letters, so both hold however many there are; the classes are those of the newest only.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use tidegate::broker::{Broker, BrokerError, FetchLimit, Watermarks};
use tidegate::message::{Offset, Record, TopicName, TopicPartition};
use tokio::time::MissedTickBehavior;

use super::case::Case;
use super::gauges::{Gauges, Picture, class};

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(15);
/// How long a look may take. What it has read by then stays read, and the next one goes on from there.
const PATIENCE: Duration = Duration::from_secs(10);
/// Letters whose class is counted, over all partitions.
const MOST: u64 = 10_000;

/// Looks, and remembers what it has seen.
#[derive(Debug)]
pub(super) struct Watch {
    broker: Broker,
    topic: TopicName,
    most: u64,
    seen: BTreeMap<TopicPartition, Seen>,
    gauges: Gauges,
}

impl Watch {
    /// `limit`: what the service scans at most; no more are counted.
    pub(super) fn new(broker: Broker, topic: TopicName, limit: u64, gauges: Gauges) -> Self {
        Self { broker, topic, most: MOST.min(limit), seen: BTreeMap::new(), gauges }
    }

    /// Looks for as long as it is polled.
    pub(super) async fn run(mut self) {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match tokio::time::timeout(PATIENCE, self.look()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "the dead letters were not counted"),
                Err(_) => tracing::debug!("the dead letters were not counted in time"),
            }
        }
    }

    /// One look. A failed one changes nothing of what is shown.
    pub(super) async fn look(&mut self) -> Result<(), BrokerError> {
        let partitions = tidegate::replay::partitions(&self.broker, &self.topic).await?;
        self.seen.retain(|partition, _| partitions.contains(partition));
        let most = self.most / partitions.len().max(1) as u64;
        for partition in partitions {
            let seen = self.seen.entry(partition.clone()).or_default();
            seen.look(&self.broker, &partition, most).await?;
        }
        self.gauges.show(self.picture());
        Ok(())
    }

    fn picture(&self) -> Picture {
        let mut by_class = BTreeMap::new();
        for (_, class) in self.seen.values().flat_map(|seen| &seen.classes) {
            *by_class.entry(*class).or_default() += 1;
        }
        Picture {
            letters: self.seen.values().map(|seen| seen.bounds.end.0 - seen.bounds.start.0).sum(),
            oldest: self.seen.values().filter_map(|seen| seen.oldest).min(),
            by_class,
        }
    }
}

/// One partition.
#[derive(Debug, Default)]
struct Seen {
    bounds: Watermarks,
    /// The first letter's time, and the begin of the log that it was read for.
    oldest: Option<Timestamp>,
    oldest_from: Option<Offset>,
    /// Where reading goes on.
    next: Offset,
    /// Of the newest letters, oldest first.
    classes: VecDeque<(Offset, &'static str)>,
}

impl Seen {
    async fn look(
        &mut self,
        broker: &Broker,
        partition: &TopicPartition,
        most: u64,
    ) -> Result<(), BrokerError> {
        let bounds = broker.watermarks(partition.clone()).await?;
        if bounds.end < self.next {
            // It is another topic of this name.
            *self = Self::default();
        }
        self.bounds = bounds;
        while self.classes.front().is_some_and(|(offset, _)| *offset < bounds.start) {
            self.classes.pop_front();
        }
        self.find_oldest(broker, partition).await?;
        let newest = Offset(bounds.end.0.saturating_sub(most));
        self.next = self.next.max(bounds.start).max(newest);
        self.read_on(broker, partition).await?;
        let surplus = self.classes.len().saturating_sub(most as usize);
        self.classes.drain(..surplus);
        Ok(())
    }

    /// Asks only when the log begins elsewhere, or had no letter.
    async fn find_oldest(
        &mut self,
        broker: &Broker,
        partition: &TopicPartition,
    ) -> Result<(), BrokerError> {
        let start = self.bounds.start;
        if self.oldest_from == Some(start) && self.oldest.is_some() {
            return Ok(());
        }
        let limit = FetchLimit { records: 1, ..FetchLimit::default() };
        let first = match start < self.bounds.end {
            true => fetch(broker, partition, start, limit).await?.0.into_iter().next(),
            false => None,
        };
        self.oldest = first.map(|record| Case::of(record).created_at());
        self.oldest_from = Some(start);
        Ok(())
    }

    async fn read_on(
        &mut self,
        broker: &Broker,
        partition: &TopicPartition,
    ) -> Result<(), BrokerError> {
        while self.next < self.bounds.end {
            let read = fetch(broker, partition, self.next, FetchLimit::default()).await?;
            let (records, next) = read;
            let classes =
                records.into_iter().map(|record| (record.offset, class(&Case::of(record))));
            self.classes.extend(classes);
            if next <= self.next {
                break;
            }
            self.next = next;
        }
        Ok(())
    }
}

/// What was deleted since the bounds were asked for is nothing: the next look asks anew.
async fn fetch(
    broker: &Broker,
    partition: &TopicPartition,
    from: Offset,
    limit: FetchLimit,
) -> Result<(Vec<Record>, Offset), BrokerError> {
    match broker.fetch(partition.clone(), from, limit).await {
        Ok(fetched) => Ok((fetched.records, fetched.next)),
        Err(BrokerError::OutOfRange { .. }) => Ok((Vec::new(), from)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
