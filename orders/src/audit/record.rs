//! One record of the audit topic, as JSON.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tidegate::message::{Offset, TopicPartition};

use super::Operator;
use crate::http::Correlation;

/// Version of the audit records. What is added to them may be missing in older ones.
pub(super) const VERSION: u32 = 1;
/// Bytes of a request that are written down; of a larger one, its size.
const MOST_OF_REQUEST: usize = 256 << 10;

/// Letters by partition, as `{"orders_dlq/0": [4, 7]}`: small, and readable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LetterSet(BTreeMap<String, Vec<u64>>);

impl LetterSet {
    /// Adds a letter.
    pub fn add(&mut self, partition: &TopicPartition, offset: Offset) {
        self.0.entry(partition.to_string()).or_default().push(offset.0);
    }

    /// Each letter, as `topic/partition/offset`.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        let all = self.0.iter();
        all.flat_map(|(partition, offsets)| offsets.iter().map(move |o| format!("{partition}/{o}")))
    }
}

/// One record of the audit topic; its key is the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// The version that the writer had.
    pub version: u32,
    /// Names what was done: both records of it carry the same one.
    pub job: String,
    /// The service that was asked.
    #[serde(default)]
    pub service: String,
    /// What was to be done.
    pub action: Action,
    /// How far it came.
    pub phase: Phase,
    /// When it was written.
    pub at: Timestamp,
    /// [`Operator::who`].
    pub who: String,
    /// The address that the request came from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Of the operator's request.
    pub correlation_id: String,
    /// What was asked for, as it came.
    pub request: serde_json::Value,
    /// The rest.
    #[serde(flatten)]
    pub detail: Detail,
}

/// What was to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// `POST /api/v1/replay`, `POST /api/v1/replay/batch`.
    Replay,
    /// The same, with `dry_run`.
    DryRun,
    /// `DELETE /api/v1/dlq/clear`.
    Clear,
    /// `PUT /api/v1/gateway`.
    Gateway,
    /// `PUT /api/v1/log-level`.
    LogLevel,
}

impl Action {
    /// As the record has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::DryRun => "dry_run",
            Self::Clear => "clear",
            Self::Gateway => "gateway",
            Self::LogLevel => "log_level",
        }
    }
}

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
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
pub struct Detail {
    /// `Begun`: what was selected; `Ended`: what was acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub letters: Option<LetterSet>,
    /// SHA-256 over the selection: both records of a job name the same set (rule 36).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selection: Option<String>,
    /// How many letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// Clear: the end of each partition, up to which records are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<BTreeMap<String, u64>>,
    /// `Ended`: what holds from then on, of settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<serde_json::Value>,
    /// Why it was refused, or what went wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

/// How many letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Acknowledged by the broker.
    pub replayed: usize,
    /// Chosen, and not sent.
    pub failed: usize,
    /// Not chosen.
    pub skipped: usize,
    /// Deleted.
    pub cleared: u64,
}

/// Who asks for what: what all records of one job share.
#[derive(Debug, Clone)]
pub struct Task {
    /// Names the job.
    pub job: String,
    /// What is asked for.
    pub action: Action,
    /// By whom.
    pub who: Operator,
    /// In which request.
    pub correlation: Correlation,
    /// In which words.
    pub request: serde_json::Value,
}

impl Task {
    /// A new job.
    #[must_use]
    pub fn new(
        action: Action,
        who: &Operator,
        correlation: &Correlation,
        request: serde_json::Value,
    ) -> Self {
        let job = uuid::Uuid::now_v7().to_string();
        let request = bounded(request);
        Self { job, action, who: who.clone(), correlation: correlation.clone(), request }
    }

    pub(super) fn record(&self, service: &str, phase: Phase, detail: Detail) -> AuditRecord {
        AuditRecord {
            version: VERSION,
            job: self.job.clone(),
            service: service.to_owned(),
            action: self.action,
            phase,
            at: Timestamp::now(),
            who: self.who.who(),
            peer: self.who.peer.map(|peer| peer.to_string()),
            correlation_id: self.correlation.as_str().to_owned(),
            request: self.request.clone(),
            detail,
        }
    }
}

/// The record must fit into its topic beside the selection.
fn bounded(request: serde_json::Value) -> serde_json::Value {
    let size = request.to_string().len();
    if size <= MOST_OF_REQUEST { request } else { serde_json::json!({ "too_large": size }) }
}
