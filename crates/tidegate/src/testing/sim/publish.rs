//! Taking records in: placed at once, in order, and appended when they arrive; the future only carries the answer.

use tokio::time::Instant;

use super::Inner;
use super::driver::SimBroker;
use super::fate::{Answer, Fate};
use super::faults::{Call, Process, Site};
use super::late::arrived;
use crate::broker::sync::lock;
use crate::broker::{Acks, Placed, PublishError};
use crate::message::{NewRecord, TopicPartition};

type Results = Vec<Result<Placed, PublishError>>;
/// What is wrong with a record before it is sent.
type Known = Vec<Option<PublishError>>;
type Batch = Vec<Result<(TopicPartition, NewRecord), PublishError>>;

impl SimBroker {
    pub(super) fn take_in(&self, records: Vec<NewRecord>) -> Acks {
        if self.inner.check_open().is_err() {
            let closed = vec![Err(PublishError::Closed); records.len()];
            return Box::pin(std::future::ready(closed));
        }
        let (batch, fate) = self.send(records);
        let known: Known = batch.iter().map(|record| record.as_ref().err().cloned()).collect();
        let (inner, process) = (self.inner.clone(), self.life.process);
        let now = Instant::now();
        match fate.acts {
            Some(at) if at > now => {
                let result =
                    inner.later(Call::Publish, at, move |inner| inner.append(process, batch));
                inner.publishes_at(process, at);
                Box::pin(async move {
                    let results = arrived(&inner, result).await;
                    heard(fate.told(&inner).await, results, &known)
                })
            }
            acts => {
                let results = acts.map(|_| inner.append(process, batch));
                Box::pin(async move { heard(fate.told(&inner).await, results, &known) })
            }
        }
    }

    /// Chooses the partitions, and asks what becomes of the batch.
    fn send(&self, records: Vec<NewRecord>) -> (Batch, Fate) {
        let mut state = self.inner.state();
        let place = |record| Ok((state.place(&record)?, record));
        let batch: Batch = records.into_iter().map(place).collect();
        drop(state);
        let placed = || batch.iter().flatten().map(|(at, _)| at);
        let (process, call) = (self.life.process, Call::Publish);
        let site = Site { process, call, partition: placed().next(), group: None };
        let mut fate = self.inner.fate(&self.life, &site);
        let (outages, now) = (lock(&self.inner.outages), Instant::now());
        placed().filter_map(|at| outages.leader_back(at, now)).for_each(|back| fate.follow(back));
        drop(outages);
        self.inner.publishes_after(process).into_iter().for_each(|earlier| fate.follow(earlier));
        (batch, fate)
    }
}

/// What the caller hears.
fn heard(answer: Answer, results: Option<Results>, known: &[Option<PublishError>]) -> Results {
    let unknown = || PublishError::Unknown("injected: the answer was lost".to_owned());
    let but = |otherwise: &dyn Fn() -> PublishError| {
        known.iter().map(|known| Err(known.clone().unwrap_or_else(otherwise))).collect()
    };
    match answer {
        Answer::Refused(why) => but(&|| PublishError::Unavailable(why.to_string())),
        Answer::Doubt => but(&unknown),
        Answer::Result | Answer::Never => results.unwrap_or_else(|| but(&unknown)),
    }
}

impl Inner {
    /// The batch arrives.
    fn append(&self, process: Process, batch: Batch) -> Results {
        let now = self.wall();
        let mut state = self.state();
        let mut appended = Vec::with_capacity(batch.len());
        let one = |record| {
            let (place, record) = record?;
            let record = state.append(&place, record, now)?;
            let placed = Placed { partition: place.partition, offset: record.offset };
            appended.push(record);
            Ok(placed)
        };
        let results = batch.into_iter().map(one).collect();
        drop(state);
        for record in &appended {
            self.tell(|faults| faults.appended(process, record));
        }
        results
    }
}
