//! Taking records in: appended at once, in order; the future only carries the answer.

use super::driver::SimBroker;
use super::faults::{Call, Injection, Site, answer};
use crate::broker::{Acks, Placed, PublishError};
use crate::message::{NewRecord, Partition, TopicPartition};

type Results = Vec<Result<Placed, PublishError>>;

impl SimBroker {
    pub(super) fn take_in(&self, records: Vec<NewRecord>) -> Acks {
        let about = records.first().map(|r| TopicPartition::new(r.topic.clone(), Partition(0)));
        let site = Site { process: self.process, call: Call::Publish, partition: about.as_ref() };
        let injection = match self.inner.check_open() {
            Ok(()) => self.inner.injection(&site),
            Err(_) => {
                let closed = vec![Err(PublishError::Closed); records.len()];
                return Box::pin(std::future::ready(closed));
            }
        };
        let count = records.len();
        let mut results = if injection.acts() { self.append(records) } else { Vec::new() };
        match injection {
            Injection::Refuse => {
                let refused = PublishError::Unavailable("injected: refused".to_owned());
                results = vec![Err(refused); count];
            }
            Injection::LoseReply(_) => {
                let lost = || PublishError::Unknown("injected: the answer was lost".to_owned());
                results.iter_mut().filter(|r| r.is_ok()).for_each(|result| *result = Err(lost()));
            }
            _ => {}
        }
        Box::pin(async move {
            answer(injection).await;
            results
        })
    }

    fn append(&self, records: Vec<NewRecord>) -> Results {
        let now = self.inner.wall();
        let mut state = self.inner.state();
        let mut appended = Vec::with_capacity(records.len());
        let one = |record: NewRecord| {
            let place = state.place(&record)?;
            let record = state.append(&place, record, now);
            let placed = Placed { partition: place.partition, offset: record.offset };
            appended.push(record);
            Ok(placed)
        };
        let results = records.into_iter().map(one).collect();
        drop(state);
        for record in &appended {
            self.inner.tell(|faults| faults.appended(self.process, record));
        }
        self.inner.wake();
        results
    }
}
