//! What operators did: one record before anything is done, one after it, in a topic that is kept (rule 39).
//!
//! ```text
//!  request ─▶ Begun (who, what) acked ─▶ the work ─▶ Ended (what came of it) acked ─▶ answer
//!         └─▶ Refused (why) ─▶ 4xx
//! ```
//!
//! Nothing is done that cannot be written down: then the answer is 503. `Begun` without `Ended`: the process died in between, or
//! the acknowledgement of `Begun` came too late, and any part of it may have been done. `Ended` is also the memory of the replay
//! service: which letters were sent back, by whom and when.
//!
//! Each record is a log line too, which the log's limit does not hide. A process without a broker (the gateway alone) has that line
//! and no more: there it passes every filter.

mod line;
mod operator;
mod record;

use std::time::Duration;

use axum::http::StatusCode;
use opentelemetry::trace::FutureExt;
use serde_json::Value;
use tidegate::broker::{Broker, PublishError};
use tidegate::headers::names;
use tidegate::message::{NewRecord, TopicName};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

pub(crate) use line::{LINES, RECORDS};
pub use operator::Operator;
pub use record::{Action, AuditRecord, Counts, Detail, LetterSet, Phase, Task};

use crate::http::{FieldError, Reply};
use crate::topics;

/// How long a record may take to be acknowledged: the client behind a broker that is away never gives it up, and somebody waits.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long the end of a process waits for records that nobody else waits for. The whole end takes less than 5 s, without a broker too.
const AT_THE_END: Duration = Duration::from_millis(500);

/// Why a record is not in the audit topic, as far as is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The broker says so.
    #[error("{0}")]
    Refused(#[from] PublishError),
    /// It does not answer. The record may get there later.
    #[error("it was not acknowledged within {} s", PATIENCE.as_secs())]
    Late,
}

impl AuditError {
    /// The answer to whom it concerns.
    pub fn reply(&self) -> Reply {
        Reply::unavailable("audit", format!("the audit record cannot be written: {self}"))
    }
}

/// Writes down what operators do with one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Audit {
    service: &'static str,
    topic: Option<(Broker, TopicName)>,
    /// What goes on when its client has gone away.
    running: TaskTracker,
}

impl Audit {
    /// In the audit topic of this broker; without one, in the log alone.
    #[must_use]
    pub fn of(service: &'static str, broker: Option<Broker>) -> Self {
        let topic = broker.map(|broker| (broker, topics::audit()));
        Self { service, topic, running: TaskTracker::new() }
    }

    /// The same for another service of this process.
    #[must_use]
    pub fn named(&self, service: &'static str) -> Self {
        Self { service, ..self.clone() }
    }

    #[cfg(test)]
    pub(crate) fn to(service: &'static str, broker: Broker, topic: TopicName) -> Self {
        Self { topic: Some((broker, topic)), ..Self::of(service, None) }
    }

    /// Writes one record, and waits for its acknowledgement.
    ///
    /// # Errors
    /// [`AuditError`]: with `Begun` nothing may be done then.
    pub async fn write(&self, task: &Task, phase: Phase, detail: Detail) -> Result<(), AuditError> {
        let record = task.record(self.service, phase, detail);
        let tell = || line::tell(&record, self.topic.is_none());
        if phase != Phase::Begun {
            tell();
        }
        let written = self.publish(&record).await;
        match &written {
            Ok(()) if phase == Phase::Begun => tell(),
            Ok(()) => {}
            Err(error) => {
                tracing::error!(%error, job = record.job, ?phase, "an audit record cannot be written");
            }
        }
        written
    }

    async fn publish(&self, record: &AuditRecord) -> Result<(), AuditError> {
        let Some((broker, topic)) = &self.topic else { return Ok(()) };
        let body = serde_json::to_vec(record).expect("text, numbers and finished JSON");
        let written = NewRecord::new(topic.clone())
            .key(record.job.clone())
            .value(body)
            .header(names::CORRELATION_ID, record.correlation_id.clone());
        let acks = tokio::time::timeout(PATIENCE, broker.publish(vec![written])).await;
        let ack = acks.map_err(|_| AuditError::Late)?.pop();
        Ok(ack.unwrap_or(Err(PublishError::Closed)).map(drop)?)
    }

    /// Refused calls are written down too. When that fails, the refusal stands, and the log has it.
    pub async fn refused(&self, task: &Task, errors: Vec<String>, reply: Reply) -> Reply {
        let detail = Detail { errors, ..Detail::default() };
        // Told by `write`.
        let _ = self.write(task, Phase::Refused, detail).await;
        reply
    }

    /// The same, and nobody waits: for what is refused because the broker, or the database, is away.
    pub fn refused_soon(&self, task: &Task, errors: Vec<String>) {
        let (audit, task) = (self.clone(), task.clone());
        let detail = Detail { errors, ..Detail::default() };
        // Told by `write`, in the log too.
        let work = async move { drop(audit.write(&task, Phase::Refused, detail).await) };
        self.running.spawn(work.in_current_span());
    }

    /// Changes a setting between two records; gives what holds then. It goes on when its client has gone away.
    ///
    /// # Errors
    /// 503 when the change cannot be written down, before it or after it; 500 when it fails.
    pub async fn change(
        &self,
        task: Task,
        apply: impl FnOnce() -> Result<Value, String> + Send + 'static,
    ) -> Result<Value, Reply> {
        let audit = self.clone();
        let work = async move {
            let late = |error: AuditError| error.reply();
            audit.write(&task, Phase::Begun, Detail::default()).await.map_err(late)?;
            let changed = apply();
            let errors = changed.as_ref().err().cloned().into_iter().collect();
            let now = changed.as_ref().ok().cloned();
            let ended = Detail { now, errors, ..Detail::default() };
            audit.write(&task, Phase::Ended, ended).await.map_err(|error| {
                let told = format!("it was done, but that could not be written down: {error}");
                Reply::unavailable("audit", told)
            })?;
            changed.map_err(|why| internal(&why))
        };
        let running = self.running.spawn(work.in_current_span().with_current_context());
        running.await.unwrap_or_else(|_| Err(internal("was stopped")))
    }

    /// Waits for what was begun, at the end and before the broker closes: a refusal that nobody waits for, a change whose client
    /// has gone away. Not for long: a broker that is away takes no record now either.
    pub async fn finish(&self) {
        self.running.close();
        if tokio::time::timeout(AT_THE_END, self.running.wait()).await.is_err() {
            let begun = self.running.len();
            tracing::warn!(begun, "audit records were cut off by the end of the process");
        }
    }
}

fn internal(why: &str) -> Reply {
    Reply::invalid(StatusCode::INTERNAL_SERVER_ERROR, "service", why)
}

/// `field reason`, one for each.
#[must_use]
pub fn lines(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(|error| format!("{} {}", error.field, error.reason)).collect()
}

#[cfg(test)]
mod tests;
