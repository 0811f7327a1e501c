//! The steps of settling that concern the schedule: a record's next entry, and the end of those before (rules 20, 22).

use std::sync::Arc;

use crate::broker::{Placed, PublishError};
use crate::companion::entry::{Entry, EntryId, Scribe};
use crate::consumer::core::{Postponed, Stamp, StepFailure, StepKind};
use crate::consumer::runtime::beat::Beat;
use crate::consumer::runtime::report::{Report, Stepped};
use crate::consumer::runtime::shop::Shop;
use crate::consumer::runtime::tenure::Tenure;
use crate::consumer::runtime::writes::{What, Write};
use crate::headers::names;
use crate::message::{NewRecord, Offset};

/// One call: a report of each record in it. Rule 10: nothing settles unless the lease holds at this moment.
pub(super) async fn call(
    shop: Arc<Shop>,
    beat: Arc<Beat>,
    tenure: Arc<Tenure>,
    writes: Vec<Write>,
) -> Report {
    let Some(first) = writes.first().map(|write| write.offset) else { return Report::Cut };
    let over = tenure.over.clone();
    let work = async {
        if tenure.is_trusted(shop.clock.elapsed()) {
            together(&shop, &tenure, writes).await
        } else {
            let lapsed = |write: Write| write.answered(&tenure, Err(StepFailure::Lapsed));
            writes.into_iter().map(lapsed).collect()
        }
    };
    let steps = tokio::select! {
        biased;
        () = over.cancelled() => return Report::Cut,
        (steps, _) = beat.watch(&tenure, first, work) => steps,
    };
    Report::Wrote { tenure, steps }
}

/// Writes all of it, and says of each how it went.
async fn together(shop: &Shop, tenure: &Tenure, mut writes: Vec<Write>) -> Vec<Stepped> {
    let topic = &tenure.partition.topic;
    let Some(scribe) = shop.schedules.get(topic) else {
        let none = || Err(StepFailure::Again(format!("{topic} has no retry topic")));
        return writes.into_iter().map(|write| write.answered(tenure, none())).collect();
    };
    let all = writes.iter().map(|write| write.records(tenure, scribe)).collect();
    let mut results = publish(shop, tenure, all).await;
    for (write, result) in writes.iter_mut().zip(&mut results) {
        // Rule 5: what is too large says less about itself.
        if matches!(result, Err(PublishError::TooLarge { .. })) && write.what.shorten() {
            let shorter = vec![write.records(tenure, scribe)];
            *result = publish(shop, tenure, shorter).await.pop().unwrap_or(Ok(None));
        }
    }
    let answers = writes.into_iter().zip(results);
    let again = |error: PublishError| StepFailure::Again(error.to_string());
    answers.map(|(write, result)| write.answered(tenure, result.map_err(again))).collect()
}

/// Publishes what stands for each, in order; of each, where its last record stands.
async fn publish(
    shop: &Shop,
    tenure: &Tenure,
    each: Vec<Vec<NewRecord>>,
) -> Vec<Result<Option<Offset>, PublishError>> {
    let counts: Vec<_> = each.iter().map(Vec::len).collect();
    let records = each.into_iter().flatten().collect();
    let mut acks = send(shop, tenure, records).await.into_iter();
    let of = |count: usize| {
        // Taken before it is looked at: who fails in the middle leaves none of his to the next.
        let own: Vec<_> = acks.by_ref().take(count).collect();
        let all: Result<Vec<_>, _> = own.into_iter().collect();
        all.map(|placed| placed.last().map(|placed| placed.offset))
    };
    counts.into_iter().map(of).collect()
}

impl Write {
    /// What stands for it in the companion.
    fn records(&self, tenure: &Tenure, scribe: &Scribe) -> Vec<NewRecord> {
        match &self.what {
            What::Entry(postponed) => {
                let Postponed { stamp, unknown, due, delay, active, history, hold, topic_id } =
                    (**postponed).clone();
                let id = EntryId { origin: self.offset, stamp };
                let record = self.item.record.as_ref().clone();
                vec![scribe.entry(&Entry {
                    id,
                    unknown,
                    due,
                    delay,
                    active,
                    history,
                    hold,
                    topic_id,
                    record,
                })]
            }
            // In this order: the last stands for the record, and must not go before the others.
            What::Tombstones(stamps) => {
                let of = |stamp: &Stamp| EntryId { origin: self.offset, stamp: *stamp };
                let partition = tenure.partition.partition;
                stamps.iter().map(|stamp| scribe.tombstone(partition, of(stamp))).collect()
            }
        }
    }

    fn answered(mut self, tenure: &Tenure, result: Result<Option<Offset>, StepFailure>) -> Stepped {
        let kind = self.what.kind();
        if let (StepKind::Schedule, Ok(at)) = (kind, &result) {
            self.carry.entry = *at;
        }
        let (tenure, result) = (tenure.handle(), result.map(|_| false));
        Stepped { tenure, offset: self.offset, kind, result, carry: self.carry, told: None }
    }
}

impl What {
    fn kind(&self) -> StepKind {
        match self {
            Self::Entry(_) => StepKind::Schedule,
            Self::Tombstones(_) => StepKind::Unschedule,
        }
    }

    /// Leaves out what can be left out, if there is anything.
    fn shorten(&mut self) -> bool {
        match self {
            Self::Entry(postponed) => !std::mem::take(&mut postponed.history).is_empty(),
            Self::Tombstones(_) => false,
        }
    }
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
    let acks = send(shop, tenure, entries.map(tombstone).collect()).await;
    acks.into_iter().try_for_each(|ack| ack.map(drop))
}

/// Publishes what this ownership writes.
async fn send(
    shop: &Shop,
    tenure: &Tenure,
    mut records: Vec<NewRecord>,
) -> Vec<Result<Placed, PublishError>> {
    for record in &mut records {
        record.headers.push(names::RETRY_WRITER, tenure.writer().to_owned());
    }
    shop.broker.publish(records).await
}
