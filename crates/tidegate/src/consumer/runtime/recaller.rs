//! Reads entries whose time has come out of the companion. What is asked for while a read is under way is gathered, and read in the log's
//! order: entries that stand close together come with one question.
//!
//! ```text
//!   asked    7 90 8 91 12        of one partition, as they are due
//!   runs    [7 8 · 12] [90 91]   two questions; what lies between is read, and dropped
//! ```

use std::collections::{BTreeMap, BTreeSet};

use tokio::task::{JoinError, JoinSet};

use crate::broker::{BrokerError, FetchLimit, Fetched};
use crate::companion::entry::{Entry, Found};
use crate::consumer::runtime::companions::{News, Reader};
use crate::message::{Offset, Record, TopicPartition};

/// So many records may lie between two that are read with one question: another question costs more than they do.
const GAP: u64 = 16;

/// The source record of each entry, by where the entry stands.
type Wants = BTreeMap<Offset, Offset>;

/// What is asked for, and what is being read: of each partition one batch.
#[derive(Default)]
pub(super) struct Recalls {
    asked: BTreeMap<TopicPartition, (Reader, Wants)>,
    reading: BTreeSet<TopicPartition>,
    tasks: JoinSet<TopicPartition>,
}

impl Recalls {
    /// Asks for the entry at `at`, for whoever `reader` reads.
    pub(super) fn ask(&mut self, reader: Reader, at: Offset, origin: Offset) {
        let (asks, wants) = self
            .asked
            .entry(reader.companion.clone())
            .or_insert_with(|| (reader.clone(), Wants::new()));
        if !asks.tenure.is(&reader.tenure) {
            // Its ownership has ended: nobody waits for what it has asked for.
            (*asks, *wants) = (reader, Wants::new());
        }
        wants.insert(at, origin);
    }

    /// Waits for the end of a batch; `None`: there is none. Cancel safe.
    pub(super) async fn ended(&mut self) -> Option<Result<(), JoinError>> {
        let ended = self.tasks.join_next().await?;
        Some(ended.map(|partition| {
            self.reading.remove(&partition);
        }))
    }

    /// Begins with what is asked for, where nothing is being read yet.
    pub(super) fn begin(&mut self) {
        let free = |place: &TopicPartition, _: &mut (Reader, Wants)| !self.reading.contains(place);
        let free: Vec<_> = self.asked.extract_if(.., free).collect();
        for (place, (reader, wants)) in free {
            self.reading.insert(place.clone());
            let clock = reader.shop.clock.clone();
            self.tasks.spawn(clock.gated(async move {
                let over = reader.tenure.over.clone();
                let _ = over.run_until_cancelled(reader.recall(wants)).await;
                place
            }));
        }
    }

    /// Whether nothing is on its way.
    #[cfg(feature = "testing")]
    pub(super) fn is_idle(&self) -> bool {
        self.asked.is_empty() && self.tasks.is_empty()
    }

    pub(super) async fn shutdown(&mut self) {
        self.asked.clear();
        self.tasks.shutdown().await;
    }
}

impl Reader {
    async fn recall(self, wants: Wants) {
        for mut run in runs(wants) {
            while let (Some((first, _)), Some((last, _))) =
                (run.first_key_value(), run.last_key_value())
            {
                let records = usize::try_from(last.0 - first.0 + 1).unwrap_or(usize::MAX);
                let limit = FetchLimit { records, ..FetchLimit::default() };
                let fetched = self.shop.broker.fetch(self.companion.clone(), *first, limit).await;
                let read = read_off(&mut run, &fetched);
                self.hand_out(read, fetched).await;
            }
        }
    }

    async fn hand_out(&self, read: Wants, fetched: Result<Fetched, BrokerError>) {
        let fetched = fetched.map_err(|error| error.to_string());
        for (at, origin) in read {
            let found = match &fetched {
                Ok(fetched) => self.entry(&fetched.records, at, origin),
                Err(message) => Err(message.clone()),
            };
            let tenure = self.tenure.clone();
            let _ = self.news.send(News::Recalled { tenure, origin, found }).await;
        }
    }

    fn entry(&self, records: &[Record], at: Offset, origin: Offset) -> Result<Box<Entry>, String> {
        let Ok(place) = records.binary_search_by_key(&at, |record| record.offset) else {
            return Err(format!("{} has no record at offset {at} any more", self.companion));
        };
        match self.scribe.read(&records[place]).map_err(|error| error.to_string())? {
            Found::Entry(entry) if entry.id.origin == origin => Ok(entry),
            _ => Err(format!("{} has another record at offset {at}", self.companion)),
        }
    }
}

/// Takes off what is answered by that: at least what stands first. A record that is damaged or gone does not stand for the others.
fn read_off(run: &mut Wants, fetched: &Result<Fetched, BrokerError>) -> Wants {
    let first = run.first_key_value().map_or(Offset(0), |(first, _)| first.next());
    let next = match fetched {
        Ok(fetched) => first.max(fetched.next),
        Err(BrokerError::OutOfRange { .. } | BrokerError::Corrupt { .. }) => first,
        Err(_) => return std::mem::take(run),
    };
    let rest = run.split_off(&next);
    std::mem::replace(run, rest)
}

/// What is wanted, cut where too much lies between.
fn runs(wants: Wants) -> Vec<Wants> {
    let mut runs: Vec<Wants> = Vec::new();
    for (at, origin) in wants {
        let close =
            |run: &&mut Wants| run.last_key_value().is_some_and(|(last, _)| at.0 - last.0 <= GAP);
        match runs.last_mut().filter(close) {
            Some(run) => drop(run.insert(at, origin)),
            None => runs.push(Wants::from([(at, origin)])),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Watermarks;
    use crate::message::{Partition, TopicName};

    fn wants(at: &[u64]) -> Wants {
        at.iter().map(|at| (Offset(*at), Offset(0))).collect()
    }

    #[test]
    fn what_stands_close_together_is_read_together() {
        let cut = runs(wants(&[90, 7, 8 + GAP, 91, 8]));
        assert_eq!(cut, [wants(&[7, 8, 8 + GAP]), wants(&[90, 91])]);
        assert!(runs(Wants::new()).is_empty());
    }

    /// Else one entry that cannot be read would keep those that are asked for with it from being read, for ever.
    #[test]
    fn a_record_that_cannot_be_read_does_not_stand_for_the_others() {
        let watermarks = Watermarks { start: Offset(0), end: Offset(10) };
        let came = |next| Ok(Fetched { records: Vec::new(), next: Offset(next), watermarks });
        let place = TopicPartition::new(TopicName::new("orders.retry").unwrap(), Partition(0));
        let damaged = |at| {
            let (partition, offset) = (place.clone(), Offset(at));
            Err(BrokerError::Corrupt { partition, offset, reason: "its sum is wrong".into() })
        };
        let away = Err(BrokerError::Unavailable("no answer".into()));
        for (fetched, read, left) in [
            (came(8), wants(&[3, 7]), wants(&[8])),
            (came(3), wants(&[3]), wants(&[7, 8])),
            (damaged(3), wants(&[3]), wants(&[7, 8])),
            (away, wants(&[3, 7, 8]), wants(&[])),
        ] {
            let mut run = wants(&[3, 7, 8]);
            assert_eq!((read_off(&mut run, &fetched), run), (read, left), "{fetched:?}");
        }
    }
}
