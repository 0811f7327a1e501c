//! The steps of settling that concern the schedule: a record's next entry, and the end of those before (rules 20, 22).

use crate::broker::PublishError;
use crate::companion::entry::{Entry, EntryId, Scribe};
use crate::consumer::core::{Postponed, Stamp, StepFailure};
use crate::consumer::runtime::job::{Job, Site};
use crate::consumer::runtime::shop::Shop;
use crate::consumer::runtime::tenure::Tenure;
use crate::headers::names;
use crate::message::{NewRecord, Offset};

/// Writes the entry of a record's next attempt, and remembers where it stands.
pub(super) async fn schedule(job: &mut Job, postponed: &Postponed) -> Result<(), StepFailure> {
    let scribe = scribe(&job.site)?;
    let mut entry = entry(&job.site, postponed);
    loop {
        match publish(&job.site.shop, &job.site.tenure, vec![scribe.entry(&entry)]).await {
            Ok(at) => {
                job.carry.entry = at;
                return Ok(());
            }
            // Rule 5: what is too large says less about itself.
            Err(PublishError::TooLarge { .. }) if !entry.history.is_empty() => {
                entry.history.clear();
            }
            Err(error) => return Err(StepFailure::Again(error.to_string())),
        }
    }
}

/// Strikes entries of a record, in this order: the last stands for the record, and must not go before the others.
pub(super) async fn unschedule(site: &Site, stamps: Vec<Stamp>) -> Result<(), StepFailure> {
    let scribe = scribe(site)?;
    let strikes = stamps.into_iter().map(|stamp| (site.offset, stamp));
    let result = strike(&site.shop, &site.tenure, scribe, strikes).await;
    result.map_err(|error| StepFailure::Again(error.to_string()))
}

/// Strikes entries, whosever they are.
pub(super) async fn strike(
    shop: &Shop,
    tenure: &Tenure,
    scribe: &Scribe,
    entries: impl Iterator<Item = (Offset, Stamp)>,
) -> Result<(), PublishError> {
    let partition = tenure.partition.partition;
    let tombstone = |(origin, stamp)| scribe.tombstone(partition, EntryId { origin, stamp });
    publish(shop, tenure, entries.map(tombstone).collect()).await.map(drop)
}

/// Publishes what this ownership writes; where the last record stands.
async fn publish(
    shop: &Shop,
    tenure: &Tenure,
    mut records: Vec<NewRecord>,
) -> Result<Option<Offset>, PublishError> {
    for record in &mut records {
        record.headers.push(names::RETRY_WRITER, tenure.writer().to_owned());
    }
    let mut last = None;
    for ack in shop.broker.publish(records).await {
        last = Some(ack?.offset);
    }
    Ok(last)
}

fn scribe(site: &Site) -> Result<&Scribe, StepFailure> {
    let topic = &site.item.record.topic;
    let scribe = site.shop.schedules.get(topic);
    scribe.ok_or_else(|| StepFailure::Again(format!("{topic} has no retry topic")))
}

fn entry(site: &Site, postponed: &Postponed) -> Entry {
    let Postponed { stamp, unknown, due, delay, active, history, hold } = postponed.clone();
    let id = EntryId { origin: site.offset, stamp };
    let record = site.item.record.as_ref().clone();
    Entry { id, unknown, due, delay, active, history, hold, record }
}
