//! Asks the cluster what the poll thread must not wait for: commits and bounds of new grants, bounds before a start.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::{ANSWER, Client, Shared};
use crate::broker::kafka::{error, ffi, record};
use crate::broker::{Assignment, BrokerError, Committed, Watermarks};
use crate::message::TopicPartition;

/// How long it takes until a question that failed is asked again.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// What is to be found out.
#[derive(Debug)]
pub(super) enum Ask {
    /// What these grants start with.
    Describe(Vec<(TopicPartition, u64)>),
    /// Whether a start lies within the log.
    Bounds(TopicPartition, u64),
    /// Which of these the client could not read on: it does not say (rule 7).
    Suspects(Vec<(TopicPartition, u64)>),
    /// Nothing more will be asked. The client's context holds a sender as well: the channel does not close by itself.
    End,
}

/// Answers one after the other, each until it is answered or does not matter any more.
pub(super) fn thread(
    client: Arc<Client>,
    shared: Arc<Shared>,
    asked: Receiver<Ask>,
) -> impl FnOnce() + Send {
    move || {
        let asker = Asker { client, shared };
        for ask in asked {
            match ask {
                Ask::Describe(grants) => asker.describe(&grants),
                Ask::Bounds(partition, grant) => {
                    if let Some(bounds) = asker.bounds(&partition, grant) {
                        asker.tell(&partition, grant, bounds, false);
                    }
                }
                Ask::Suspects(suspects) => asker.find(&suspects),
                Ask::End => break,
            }
        }
    }
}

struct Asker {
    client: Arc<Client>,
    shared: Arc<Shared>,
}

impl Asker {
    fn stands(&self, (partition, grant): &(TopicPartition, u64)) -> bool {
        let state = self.shared.state();
        !state.closing && !state.has_failed() && state.stands(partition, *grant)
    }

    /// Asks until there is an answer, or nobody wants it any more.
    fn until_answered<T>(
        &self,
        wanted: impl Fn() -> bool,
        ask: impl Fn() -> Result<T, BrokerError>,
    ) -> Option<T> {
        let mut failed = false;
        while wanted() {
            match ask() {
                Ok(answer) => return Some(answer),
                Err(error) if !std::mem::replace(&mut failed, true) => {
                    tracing::warn!(%error, "what a partition starts with cannot be asked: trying again");
                }
                Err(_) => {}
            }
            std::thread::sleep(TRY_AGAIN);
        }
        None
    }

    fn describe(&self, grants: &[(TopicPartition, u64)]) {
        let wanted = || grants.iter().any(|grant| self.stands(grant));
        let committed = self.until_answered(wanted, || {
            let list = list(grants.iter().map(|(partition, _)| partition));
            let list = self.client.committed_offsets(list, ANSWER);
            list.and_then(|list| committed(&list)).map_err(|error| self.failed(&error))
        });
        let Some(mut committed) = committed else { return };
        for (partition, grant) in grants {
            let Some(watermarks) = self.bounds(partition, *grant) else { continue };
            let (partition, committed) = (partition.clone(), committed.remove(partition));
            let assignment = Assignment { partition, committed, watermarks };
            self.shared.tell(|state| state.described(*grant, assignment));
        }
    }

    /// Asked by another client: behind this one's reads, which wait for records, an answer would wait too.
    fn bounds(&self, partition: &TopicPartition, grant: u64) -> Option<Watermarks> {
        let wanted = || self.stands(&(partition.clone(), grant));
        self.until_answered(wanted, || self.client.context().cluster.watermarks(partition))
    }

    /// What asking again does not heal ends the membership.
    fn failed(&self, error: &KafkaError) -> BrokerError {
        let cluster = &self.client.context().cluster;
        let answer = cluster.question(error);
        if error::code(error).and_then(error::denied).is_some() {
            self.shared.fail(answer.clone());
        }
        answer
    }

    fn tell(
        &self,
        partition: &TopicPartition,
        grant: u64,
        bounds: Watermarks,
        given_up: bool,
    ) -> bool {
        let outside = self.shared.tell(|s| s.bounded(partition, grant, bounds, given_up));
        self.shared.bell.ring();
        outside
    }

    /// If none is outside, the client stopped for another reason, and only joining anew makes it read again.
    fn find(&self, suspects: &[(TopicPartition, u64)]) {
        let mut found = false;
        for (partition, grant) in suspects {
            if let Some(bounds) = self.bounds(partition, *grant) {
                found |= self.tell(partition, *grant, bounds, true);
            }
        }
        if !found {
            tracing::warn!("a partition cannot be read on, and none is out of range: joining anew");
            self.shared.ask(super::state::State::ask_to_join_anew);
        }
    }
}

pub(super) fn list<'a>(
    partitions: impl IntoIterator<Item = &'a TopicPartition>,
) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(partition.topic.as_str(), record::number(partition));
    }
    list
}

/// What the list says is committed. Metadata that is not text was not written by us, and says nothing to us.
fn committed(list: &TopicPartitionList) -> Result<BTreeMap<TopicPartition, Committed>, KafkaError> {
    let mut committed = BTreeMap::new();
    for entry in ffi::offsets(list) {
        let code = RDKafkaErrorCode::from(entry.error);
        if code != RDKafkaErrorCode::NoError {
            return Err(KafkaError::OffsetFetch(code));
        }
        let Ok(topic) = entry.topic.as_str().try_into() else { continue };
        if entry.offset >= 0 {
            let partition = TopicPartition::new(topic, record::partition(entry.partition));
            let metadata = String::from_utf8_lossy(&entry.metadata).into_owned();
            let offset = record::offset(entry.offset);
            committed.insert(partition, Committed { offset, metadata });
        }
    }
    Ok(committed)
}
