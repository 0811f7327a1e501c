//! The steps of settling. Each is durable before the next begins (rule 4); none is ever given up (rule 5).
//!
//! ```text
//!   at least once:   Publish ─▶ (offset)              DeadLetter ─▶ [DeadHandler ─▶ Publish] ─▶ (offset)
//!   transactional:   Mark ─▶ Dispatch ─▶ (offset)     DeadLetter ─▶ [DeadHandler] ─▶ MarkDead ─▶ Dispatch ─▶ (offset)
//! ```

use crate::consumer::core::{Step, StepFailure};
use crate::consumer::runtime::job::{Carry, Job};
use crate::consumer::runtime::{dead, dispatch};
use crate::events::RuntimeEvent;
use crate::inbox::{InboxSession, Marker, OutboxRow, StoreError};
use crate::planted::planted;

/// Does the step: its result, what it leaves for the next, and what it has to tell.
pub(super) async fn run(
    mut job: Job,
    step: Step,
) -> (Result<bool, StepFailure>, Carry, Option<RuntimeEvent>) {
    let mut told = None;
    let result = one(&mut job, step, &mut told).await;
    (result, job.carry, told)
}

async fn one(
    job: &mut Job,
    step: Step,
    told: &mut Option<RuntimeEvent>,
) -> Result<bool, StepFailure> {
    match step {
        Step::Dispatch if planted!(EmitAfterMarker) => {
            dispatch::publish_emits(job).await.map(|()| false)
        }
        Step::Publish => dispatch::publish_emits(job).await.map(|()| false),
        Step::Mark => mark(job).await.map(|()| false),
        Step::Dispatch => dispatch::dispatch(&job.site).await.map(|()| false),
        Step::DeadLetter { failure, attempts, history } => {
            let death = crate::dead_letter::Death { failure, attempts, history };
            dead::letter(job, death).await.map(|()| false)
        }
        Step::DeadHandler => dead::handler(job, told).await,
        Step::MarkDead => dead::mark(job).await.map(|()| false),
        Step::Schedule(_) | Step::Unschedule(_) => unreachable!("`Held::write` has them"),
    }
}

/// Effect, marker and outbox rows: all of it, or nothing.
async fn mark(job: &mut Job) -> Result<(), StepFailure> {
    let Some(session) = job.carry.session.take() else {
        return Err(StepFailure::Rerun("the effect's transaction is gone".to_owned()));
    };
    let result = commit(session, Marker::Done, &mut job.carry).await;
    result.map_err(|error| match error {
        StoreError::Duplicate => StepFailure::Duplicate,
        StoreError::Fenced => StepFailure::Fenced,
        // The transaction is spent either way: only the handler can make the effect again.
        other => StepFailure::Rerun(other.to_string()),
    })
}

/// Commits the session with a marker and what the carry emits.
pub(super) async fn commit(
    session: Box<dyn InboxSession>,
    marker: Marker,
    carry: &mut Carry,
) -> Result<(), StoreError> {
    if planted!(EmitAfterMarker) {
        return session.commit(marker, Vec::new()).await;
    }
    let rows = std::mem::take(&mut carry.emits);
    let rows = (0..).zip(rows).map(|(ordinal, record)| OutboxRow { ordinal, record }).collect();
    session.commit(marker, rows).await
}
