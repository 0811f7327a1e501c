//! What operators did: one record before anything is done, one after it, in a topic that is kept (rule 39).
//!
//! ```text
//!  request ─▶ Begun (selection, who) acked ─▶ replay or clear ─▶ Ended (counts, what was sent) acked ─▶ answer
//!         └─▶ Refused (why) ─▶ 400
//! ```
//!
//! `Begun` without `Ended`: the process died in between, and any part of it may have been done.
//! `Ended` is also the memory of the service: which letters were sent back, by whom and when.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tidegate::broker::{Broker, PublishError};
use tidegate::headers::names;
use tidegate::message::{NewRecord, Offset, TopicName, TopicPartition};

use super::operator::Operator;
use crate::http::Correlation;

/// Version of the audit records.
const VERSION: u32 = 1;
/// Bytes of a request that are written down; of a larger one, its size.
const MOST_OF_REQUEST: usize = 256 << 10;

/// Letters by partition, as `{"orders_dlq/0": [4, 7]}`: small, and readable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct LetterSet(BTreeMap<String, Vec<u64>>);

impl LetterSet {
    pub(super) fn add(&mut self, partition: &TopicPartition, offset: Offset) {
        self.0.entry(partition.to_string()).or_default().push(offset.0);
    }

    /// Each letter, as `topic/partition/offset`.
    pub(super) fn iter(&self) -> impl Iterator<Item = String> {
        let all = self.0.iter();
        all.flat_map(|(partition, offsets)| offsets.iter().map(move |o| format!("{partition}/{o}")))
    }
}

/// One record of the audit topic; its key is the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AuditRecord {
    pub(super) version: u32,
    /// Names what was done: both records of it carry the same one.
    pub(super) job: String,
    pub(super) action: Action,
    pub(super) phase: Phase,
    pub(super) at: Timestamp,
    pub(super) who: String,
    pub(super) correlation_id: String,
    /// What was asked for, as it came.
    pub(super) request: serde_json::Value,
    #[serde(flatten)]
    pub(super) detail: Detail,
}

/// What was to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    Replay,
    DryRun,
    Clear,
}

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    /// About to be done; nothing was changed yet.
    Begun,
    /// Done, as the counts say.
    Ended,
    /// Not done.
    Refused,
}

/// What there is to say; what does not apply is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Detail {
    /// `Begun`: what was selected; `Ended`: what was acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) letters: Option<LetterSet>,
    /// SHA-256 over the selection: both records of a job name the same set (rule 36).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) selection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) counts: Option<Counts>,
    /// Clear: the end of each partition, up to which records are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ends: Option<BTreeMap<String, u64>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<String>,
}

/// How many letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    pub(super) replayed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    pub(super) cleared: u64,
}

/// Who asks for what: what all records of one job share.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) job: String,
    pub(super) action: Action,
    pub(super) who: Operator,
    pub(super) correlation: Correlation,
    pub(super) request: serde_json::Value,
}

impl Task {
    /// A new job.
    pub(super) fn new(
        action: Action,
        who: &Operator,
        correlation: &Correlation,
        request: serde_json::Value,
    ) -> Self {
        let job = uuid::Uuid::now_v7().to_string();
        let request = bounded(request);
        Self { job, action, who: who.clone(), correlation: correlation.clone(), request }
    }
}

/// The record must fit into its topic beside the selection.
fn bounded(request: serde_json::Value) -> serde_json::Value {
    let size = request.to_string().len();
    if size <= MOST_OF_REQUEST { request } else { serde_json::json!({ "too_large": size }) }
}

/// Writes the audit topic.
#[derive(Debug, Clone)]
pub(super) struct Audit {
    pub(super) broker: Broker,
    pub(super) topic: TopicName,
}

impl Audit {
    /// Writes one record, and waits for its acknowledgement.
    pub(super) async fn write(
        &self,
        task: &Task,
        phase: Phase,
        detail: Detail,
    ) -> Result<(), PublishError> {
        let record = AuditRecord {
            version: VERSION,
            job: task.job.clone(),
            action: task.action,
            phase,
            at: Timestamp::now(),
            who: task.who.0.clone(),
            correlation_id: task.correlation.as_str().to_owned(),
            request: task.request.clone(),
            detail,
        };
        let body = serde_json::to_vec(&record).expect("text, numbers and finished JSON");
        let record = NewRecord::new(self.topic.clone())
            .key(task.job.clone())
            .value(body)
            .header(names::CORRELATION_ID, task.correlation.as_str().to_owned());
        let mut acks = self.broker.publish(vec![record]).await;
        acks.pop().unwrap_or(Err(PublishError::Closed)).map(drop)
    }
}
