//! Publishing while settling: nothing counts until it is acknowledged (rule 4).

use crate::broker::{Placed, PublishError};
use crate::consumer::core::StepFailure;
use crate::consumer::runtime::job::{Job, Site};
use crate::inbox::{OutboxRow, StoreError};
use crate::message::NewRecord;

/// Publishes the records in order; a result for each.
async fn publish(site: &Site, records: Vec<NewRecord>) -> Vec<Result<Placed, PublishError>> {
    let expected = records.len();
    let acks = site.item.trace.publish(&site.shop.broker, records).await;
    debug_assert_eq!(acks.len(), expected, "the contract: a result for each record");
    acks
}

/// Publishes what the outcome emits. What was not acknowledged stays in `emits`, in order, for the next try.
pub(super) async fn publish_emits(job: &mut Job) -> Result<(), StepFailure> {
    let acks = publish(&job.site, job.carry.emits.clone()).await;
    let failed = first_error(&acks);
    let mut acks = acks.into_iter();
    job.carry.emits.retain(|_| acks.next().is_none_or(|ack| ack.is_err()));
    failed.map_or(Ok(()), |error| Err(StepFailure::Again(error)))
}

/// Publishes what the marker owes, and strikes what was acknowledged (rule 28).
pub(super) async fn dispatch(site: &Site) -> Result<(), StepFailure> {
    let Some(store) = site.store() else { return Ok(()) };
    let claim = site.claim();
    let owed = store.store.owed(&claim).await.map_err(again)?;
    if owed.is_empty() {
        return Ok(());
    }
    let (ordinals, records): (Vec<_>, Vec<_>) =
        owed.into_iter().map(|OutboxRow { ordinal, record }| (ordinal, record)).unzip();
    let acks = publish(site, records).await;
    let acked: Vec<u32> =
        ordinals.iter().zip(&acks).filter(|(_, ack)| ack.is_ok()).map(|(o, _)| *o).collect();
    store.store.strike(&claim, &acked).await.map_err(again)?;
    first_error(&acks).map_or(Ok(()), |error| Err(StepFailure::Again(error)))
}

fn first_error(acks: &[Result<Placed, PublishError>]) -> Option<String> {
    acks.iter().find_map(|ack| ack.as_ref().err()).map(ToString::to_string)
}

/// Reading and striking what is owed can be tried again: it changes nothing else.
fn again(error: StoreError) -> StepFailure {
    match error {
        StoreError::Fenced => StepFailure::Fenced,
        other => StepFailure::Again(other.to_string()),
    }
}
