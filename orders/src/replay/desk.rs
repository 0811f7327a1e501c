//! What operators do: replays and clearings, one at a time, each written down before and after.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;
use tidegate::broker::{AdminError, Watermarks};
use tidegate::message::TopicPartition;
use tidegate::replay::partitions;
use tokio::sync::Mutex;

use super::letters::{Letters, ReplayError};
use super::request::ReplayRequest;
use super::select::{Left, Selection};
use super::send::{Sender, Sent};
use crate::audit::{Audit, Counts, Detail, Phase, Task};

/// At most so many skipped letters are listed; all are counted.
const MOST_LISTED: usize = 10_000;

/// Does what operators ask for.
///
/// One thing at a time: the second of two replays of a letter sees what the first has sent, and skips it. Between
/// processes the owner of the partition decides (rule 31).
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) letters: Letters,
    pub(super) audit: Audit,
    pub(super) turn: Mutex<()>,
}

/// What a replay did, or would do.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    job: String,
    dry_run: bool,
    total_messages: usize,
    replayed_messages: usize,
    failed_messages: usize,
    skipped_messages: usize,
    replayed_event_ids: Vec<String>,
    failed_event_ids: Vec<String>,
    skipped_event_ids: Vec<String>,
    /// Why letters were not sent.
    failed: Vec<Left>,
    skipped: Vec<Left>,
    /// Not all letters were looked at.
    truncated: bool,
    duration: String,
}

impl Report {
    /// How many letters were sent back, or would be.
    pub(super) fn replayed(&self) -> usize {
        self.replayed_messages
    }
}

/// What a clearing did.
#[derive(Debug, Serialize)]
pub(super) struct Cleared {
    cleared_messages: u64,
    timestamp: Timestamp,
}

impl Desk {
    /// Sends letters back, or says which it would send.
    pub(super) async fn replay(
        &self,
        task: &Task,
        request: &ReplayRequest,
    ) -> Result<Report, ReplayError> {
        let started = Instant::now();
        let _turn = self.turn.lock().await;
        let selection = Selection::of(&self.letters, &request.filter, request.max_messages).await;
        let selection = selection.inspect_err(|error| self.not_begun(task, error))?;
        let sent = if request.dry_run {
            let sent = Sent::would_be(&selection.chosen);
            self.write(task, Phase::Ended, detail(&selection, &sent)).await?;
            sent
        } else {
            let sent = self.send(task, &selection).await?;
            self.end(task, detail(&selection, &sent)).await?;
            sent
        };
        Ok(report(task, request, selection, sent, started))
    }

    async fn send(&self, task: &Task, selection: &Selection) -> Result<Sent, ReplayError> {
        let letters = Some(selection.letters());
        let begun = Detail { letters, selection: Some(selection.hash()), ..Detail::default() };
        self.write(task, Phase::Begun, begun).await?;
        Ok(Sender::new(&self.letters, &task.job).send(&selection.chosen).await)
    }

    /// Deletes every letter that is there now.
    pub(super) async fn clear(&self, task: &Task) -> Result<Cleared, ReplayError> {
        let _turn = self.turn.lock().await;
        let bounds = self.bounds().await.inspect_err(|error| self.not_begun(task, error))?;
        self.delete(task, bounds).await
    }

    async fn bounds(&self) -> Result<Vec<(TopicPartition, Watermarks)>, ReplayError> {
        let broker = &self.letters.broker;
        let mut bounds = Vec::new();
        for partition in partitions(broker, &self.letters.topic).await? {
            let watermarks = broker.watermarks(partition.clone()).await?;
            bounds.push((partition, watermarks));
        }
        Ok(bounds)
    }

    /// What fails before anything has begun is refused.
    fn not_begun(&self, task: &Task, error: &ReplayError) {
        self.audit.refused_soon(task, vec![error.to_string()]);
    }

    /// Deletes up to these ends. What fails half-way is written down too, with what was deleted by then.
    pub(super) async fn delete(
        &self,
        task: &Task,
        bounds: Vec<(TopicPartition, Watermarks)>,
    ) -> Result<Cleared, ReplayError> {
        let ends: BTreeMap<_, _> = bounds.iter().map(|(p, w)| (p.to_string(), w.end.0)).collect();
        let begun = Detail { ends: Some(ends), ..Detail::default() };
        self.write(task, Phase::Begun, begun).await?;
        let mut cleared = 0;
        let mut failed = Ok(());
        for (partition, watermarks) in bounds {
            match self.letters.broker.delete_records(partition, watermarks.end).await {
                Ok(start) => cleared += start.0.saturating_sub(watermarks.start.0),
                Err(error) => failed = failed.and(Err(read_error(error))),
            }
        }
        let counts = Some(Counts { cleared, ..Counts::default() });
        let errors = failed.as_ref().err().map(ToString::to_string).into_iter().collect();
        let ended = self.end(task, Detail { counts, errors, ..Detail::default() }).await;
        failed.and(ended)?;
        Ok(Cleared { cleared_messages: cleared, timestamp: Timestamp::now() })
    }

    /// Writes down what was done.
    async fn end(&self, task: &Task, detail: Detail) -> Result<(), ReplayError> {
        let written = self.audit.write(task, Phase::Ended, detail).await;
        written.map_err(ReplayError::Unrecorded)
    }

    async fn write(&self, task: &Task, phase: Phase, detail: Detail) -> Result<(), ReplayError> {
        self.audit.write(task, phase, detail).await.map_err(ReplayError::Audit)
    }
}

fn read_error(error: AdminError) -> ReplayError {
    match error {
        AdminError::Broker(error) => error.into(),
        other => tidegate::broker::BrokerError::Unavailable(other.to_string()).into(),
    }
}

fn detail(selection: &Selection, sent: &Sent) -> Detail {
    let counts = Counts {
        replayed: sent.event_ids.len(),
        failed: sent.failed.len(),
        skipped: selection.skipped.len(),
        cleared: 0,
    };
    Detail {
        letters: Some(sent.letters.clone()),
        selection: Some(selection.hash()),
        counts: Some(counts),
        ..Detail::default()
    }
}

fn report(
    task: &Task,
    request: &ReplayRequest,
    selection: Selection,
    sent: Sent,
    started: Instant,
) -> Report {
    let Selection { chosen, mut skipped, truncated } = selection;
    let skipped_messages = skipped.len();
    skipped.truncate(MOST_LISTED);
    let ids = |left: &[Left]| left.iter().map(|left| left.event_id.clone()).collect();
    Report {
        job: task.job.clone(),
        dry_run: request.dry_run,
        total_messages: chosen.len() + skipped_messages,
        replayed_messages: sent.event_ids.len(),
        failed_messages: sent.failed.len(),
        skipped_messages,
        replayed_event_ids: sent.event_ids,
        failed_event_ids: ids(&sent.failed),
        skipped_event_ids: ids(&skipped),
        failed: sent.failed,
        skipped,
        truncated,
        duration: format!("{:?}", started.elapsed()),
    }
}
