//! Sending chosen letters back, in the order of their origins.

use std::collections::HashSet;

use tidegate::broker::BrokerError;
use tidegate::dead_letter::Letter;
use tidegate::headers::names;
use tidegate::message::{NewRecord, Timestamp, TopicPartition};
use tidegate::telemetry::w3c;

use super::letters::Letters;
use super::select::{Chosen, Left, Unit};
use crate::audit::LetterSet;
use crate::traces;

/// Records in flight at once.
const BATCH: usize = 100;
/// Bytes in flight at once; one record may be larger.
const BATCH_BYTES: usize = 8 << 20;

/// What became of the chosen letters.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Acknowledged by the broker.
    pub(super) letters: LetterSet,
    pub(super) event_ids: Vec<String>,
    pub(super) failed: Vec<Left>,
}

/// Sends letters. One key's letters are never in flight together, and none is sent after one that failed (rule 38).
#[derive(Debug)]
pub(super) struct Sender<'a> {
    letters: &'a Letters,
    job: &'a str,
    batch: Vec<(Chosen, NewRecord)>,
    bytes: usize,
    /// Units with a record in flight.
    busy: HashSet<Unit>,
    /// Units whose order would break.
    broken: HashSet<Unit>,
    sent: Sent,
}

impl<'a> Sender<'a> {
    pub(super) fn new(letters: &'a Letters, job: &'a str) -> Self {
        let (busy, broken) = (HashSet::new(), HashSet::new());
        Self { letters, job, batch: Vec::new(), bytes: 0, busy, broken, sent: Sent::default() }
    }

    /// Sends all of them, and waits for every acknowledgement.
    pub(super) async fn send(mut self, chosen: &[Chosen]) -> Sent {
        for chosen in chosen {
            match self.record(chosen).await {
                Ok(record) => self.add(chosen.clone(), record).await,
                Err(reason) => self.fail(chosen, reason),
            }
        }
        self.flush().await;
        self.sent
    }

    /// The letter as it stands now, made into a replay.
    async fn record(&self, chosen: &Chosen) -> Result<NewRecord, String> {
        let read = self.letters.read(&chosen.partition, chosen.offset).await;
        let record = read.map_err(|error: BrokerError| error.to_string())?;
        let letter = record.as_ref().and_then(Letter::parse).ok_or("it is gone: it was cleared")?;
        letter.replay(self.job, now()).map_err(|error| error.to_string())
    }

    async fn add(&mut self, chosen: Chosen, record: NewRecord) {
        if self.is_full(&record) || holds(&self.busy, &chosen) {
            self.flush().await;
        }
        if holds(&self.broken, &chosen) {
            return self.fail(&chosen, "an older letter of the same key was not sent");
        }
        self.busy.extend(chosen.unit.clone());
        self.bytes += record.size();
        self.batch.push((chosen, record));
    }

    fn is_full(&self, record: &NewRecord) -> bool {
        self.batch.len() >= BATCH || self.bytes + record.size() > BATCH_BYTES
    }

    async fn flush(&mut self) {
        self.busy.clear();
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        let (chosen, records): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let stories: Vec<_> = records.iter().map(Story::of).collect();
        let acks = traces::publish(&self.letters.broker, records).await;
        for ((chosen, story), ack) in chosen.iter().zip(stories).zip(acks) {
            let error = ack.err().map(|error| error.to_string());
            story.tell(chosen, self.job, error.as_deref());
            match error {
                None => self.sent.acknowledged(chosen),
                Some(error) => self.fail(chosen, error),
            }
        }
    }

    fn fail(&mut self, chosen: &Chosen, reason: impl Into<String>) {
        self.broken.extend(chosen.unit.clone());
        self.sent.failed.push(chosen.left(reason));
    }
}

impl Sent {
    /// For a dry run: what would be sent, as if all of it were acknowledged.
    pub(super) fn would_be(chosen: &[Chosen]) -> Self {
        let mut sent = Self::default();
        chosen.iter().for_each(|chosen| sent.acknowledged(chosen));
        sent
    }

    fn acknowledged(&mut self, chosen: &Chosen) {
        self.letters.add(&chosen.partition, chosen.offset);
        self.event_ids.push(chosen.event_id.clone());
    }
}

fn holds(units: &HashSet<Unit>, chosen: &Chosen) -> bool {
    chosen.unit.as_ref().is_some_and(|unit| units.contains(unit))
}

/// Whose story the replay goes on with: that of the request that began it all, which is not the operator's.
struct Story {
    correlation_id: Option<String>,
    /// Trace and span that the letter says it comes from.
    comes_from: Option<(String, String)>,
}

impl Story {
    fn of(record: &NewRecord) -> Self {
        let text = |name: &str| record.headers.text(name);
        let span = text(names::TRACEPARENT).and_then(|from| w3c::read(from, None));
        Self {
            correlation_id: text(names::CORRELATION_ID).map(str::to_owned),
            comes_from: span.map(|s| (s.trace_id().to_string(), s.span_id().to_string())),
        }
    }

    /// A line for each letter: replays are few, and asked for.
    fn tell(&self, chosen: &Chosen, job: &str, error: Option<&str>) {
        let (trace_id, span_id) = self.comes_from.clone().unzip();
        let TopicPartition { topic, partition } = &chosen.partition;
        let (topic, partition, offset) = (topic.as_str(), partition.0, chosen.offset.0);
        let (correlation_id, event_id) = (self.correlation_id.as_deref(), &chosen.event_id);
        macro_rules! line {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    correlation_id,
                    event_id,
                    trace_id,
                    span_id,
                    topic,
                    partition,
                    offset,
                    job,
                    error,
                    $message
                )
            };
        }
        match error {
            None => line!(info, "replayed"),
            Some(_) => line!(warn, "not replayed"),
        }
    }
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
