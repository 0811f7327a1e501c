//! The steps of settling that concern the schedule: a record's next entry, and the end of those before (rules 20, 22).

use crate::broker::PublishError;
use crate::companion::entry::{Entry, EntryId, Scribe};
use crate::consumer::core::{Postponed, StepFailure};
use crate::consumer::runtime::job::{Job, Site};
use crate::headers::names;
use crate::message::{NewRecord, Offset};

/// Writes the entry of a record's next attempt, and remembers where it stands.
pub(super) async fn schedule(job: &mut Job, postponed: &Postponed) -> Result<(), StepFailure> {
    let scribe = scribe(&job.site)?;
    let mut entry = entry(&job.site, postponed);
    loop {
        match publish(&job.site, vec![scribe.entry(&entry)]).await {
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

/// Strikes attempts of a record, the lowest first: the highest stands for the record, and must not go before the others.
pub(super) async fn unschedule(site: &Site, from: u32, to: u32) -> Result<(), StepFailure> {
    let scribe = scribe(site)?;
    let partition = site.tenure.partition.partition;
    let strike = |attempt| scribe.tombstone(partition, EntryId { origin: site.offset, attempt });
    let strikes = (from..=to).map(strike).collect();
    let result = publish(site, strikes).await;
    result.map_err(|error| StepFailure::Again(error.to_string()))?;
    Ok(())
}

/// Publishes what this ownership writes; where the last record stands.
async fn publish(site: &Site, mut records: Vec<NewRecord>) -> Result<Option<Offset>, PublishError> {
    for record in &mut records {
        record.headers.push(names::RETRY_WRITER, site.tenure.writer().to_owned());
    }
    let mut last = None;
    for ack in site.shop.broker.publish(records).await {
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
    let Postponed { attempts, unknown, due, delay, active, history } = postponed.clone();
    let id = EntryId { origin: site.offset, attempt: attempts };
    let record = site.item.record.as_ref().clone();
    Entry { id, unknown, due, delay, active, history, record }
}
