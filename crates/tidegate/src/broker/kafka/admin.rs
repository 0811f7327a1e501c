//! Topics: created, listed, shortened.

use std::collections::{HashMap, HashSet};

use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminOptions, NewTopic as ClientTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::catalogue::{Known, Limit};
use super::cluster::{Cluster, not_yet, only_offset, partitions};
use super::settings::{Shown, Wanted, limit};
use super::waiting::{QUESTION, until, wait};
use super::{error, limits, record};
use crate::broker::{AdminError, BrokerError, Cleanup, NewTopic, TopicInfo};
use crate::message::{Offset, TopicName, TopicPartition};

/// Topics of Kafka itself: no user's records are in them.
const INTERNAL: [&str; 4] =
    ["__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"];

/// So many topics are described in one request.
const DESCRIBED_AT_ONCE: usize = 500;

type Created = Result<(), AdminError>;

impl Cluster {
    /// Creates topics, and waits until they can be written.
    pub(super) fn create_topics(&self, topics: &[NewTopic]) -> Vec<Created> {
        let mut seen = HashSet::new();
        let mut results: Vec<Option<Created>> = topics
            .iter()
            .map(|topic| match legal(topic) {
                Err(refused) => Some(Err(refused)),
                Ok(()) if !seen.insert(&topic.name) => {
                    Some(Err(AdminError::TopicExists(topic.name.clone())))
                }
                Ok(()) => None,
            })
            .collect();
        let asked: Vec<_> =
            topics.iter().zip(&results).filter(|(_, r)| r.is_none()).map(|(t, _)| t).collect();
        let mut answers = self.ask_to_create(&asked).into_iter();
        for result in &mut results {
            if result.is_none() {
                *result = answers.next();
            }
        }
        let silent = || Err(BrokerError::Unavailable("no answer for the topic".into()).into());
        results.into_iter().map(|result| result.unwrap_or_else(silent)).collect()
    }

    fn ask_to_create(&self, topics: &[&NewTopic]) -> Vec<Created> {
        if topics.is_empty() {
            return Vec::new();
        }
        let settings: Vec<_> = topics.iter().map(|topic| Wanted::of(topic)).collect();
        let wanted: Vec<_> =
            topics.iter().zip(&settings).map(|(topic, all)| all.set(plain(topic))).collect();
        match wait(self.admin.create_topics(&wanted, &options())) {
            Err(e) => vec![Err(AdminError::Broker(self.question(&e))); topics.len()],
            Ok(answers) => {
                let refused: HashMap<_, _> = answers.into_iter().filter_map(Result::err).collect();
                let created = |t: &&NewTopic| match refused.get(t.name.as_str()) {
                    Some(code) => Err(self.not_created(t, *code)),
                    None => Ok(self.until_led(t)?),
                };
                topics.iter().map(created).collect()
            }
        }
    }

    fn not_created(&self, topic: &NewTopic, code: Code) -> AdminError {
        let reason = match code {
            Code::TopicAlreadyExists => return AdminError::TopicExists(topic.name.clone()),
            Code::InvalidReplicationFactor => {
                let brokers = self.asking.fetch_metadata(Some(topic.name.as_str()), QUESTION);
                let brokers =
                    brokers.map_or(String::new(), |m| format!(" ({})", m.brokers().len()));
                format!(
                    "{} copies are more than the cluster has brokers{brokers}",
                    topic.replication
                )
            }
            Code::InvalidPartitions => format!("{} partitions are not legal", topic.partitions),
            Code::InvalidTopic | Code::InvalidConfig | Code::PolicyViolation => {
                format!("the cluster refuses it: {code}")
            }
            code => {
                let about = error::About::topic(&topic.name);
                return self.question_about(&KafkaError::AdminOp(code), about).into();
            }
        };
        AdminError::InvalidTopic { topic: topic.name.clone(), reason }
    }

    /// A topic is there before its partitions have leaders, and before every broker knows of it.
    fn until_led(&self, topic: &NewTopic) -> Result<(), BrokerError> {
        let name = topic.name.as_str();
        let led = until(not_yet, |left| {
            let metadata = self.asking.fetch_metadata(Some(name), left)?;
            let all = metadata.topics().iter().find(|t| t.name() == name).is_some_and(|t| {
                t.error().is_none()
                    && t.partitions().len() == topic.partitions as usize
                    && t.partitions().iter().all(|p| p.error().is_none() && p.leader() >= 0)
            });
            if all { Ok(()) } else { Err(KafkaError::MetadataFetch(Code::LeaderNotAvailable)) }
        });
        led.map_err(|e| self.question(&e))?;
        let compacts = topic.cleanup == Cleanup::Compact;
        self.catalogue.put(&topic.name, topic.partitions, Limit::known(limit(topic)), compacts);
        Ok(())
    }

    /// What a publish needs to know of a topic, asked of the cluster and kept.
    pub(super) fn describe(&self, topic: &TopicName) -> Result<Known, BrokerError> {
        let partitions = self.look_up(topic)?;
        let shown = self.settings(&[topic])?.remove(topic);
        let limit = shown.map_or(Limit::assumed(), |shown| Limit::known(shown.limit));
        Ok(self.catalogue.put(topic, partitions, limit, shown.is_some_and(Shown::compacts)))
    }

    /// All topics but Kafka's own, by name.
    pub(super) fn topics(&self) -> Result<Vec<TopicInfo>, BrokerError> {
        let counts = self.counts()?;
        let settings = self.settings(&counts.iter().map(|(name, _)| name).collect::<Vec<_>>())?;
        let info = |(name, partitions): (TopicName, u32)| {
            let shown = settings.get(&name);
            TopicInfo {
                max_message_bytes: shown.map_or(Limit::assumed().record, |shown| shown.limit),
                cleanup: shown.and_then(|shown| shown.cleanup),
                retention: shown.and_then(|shown| shown.retention),
                name,
                partitions,
            }
        };
        Ok(counts.into_iter().map(info).collect())
    }

    /// All topics but Kafka's own with their partitions, by name.
    pub(super) fn counts(&self) -> Result<Vec<(TopicName, u32)>, BrokerError> {
        let metadata = until(not_yet, |left| self.asking.fetch_metadata(None, left));
        let metadata = metadata.map_err(|e| self.question(&e))?;
        let mut topics = Vec::new();
        for topic in metadata.topics().iter().filter(|t| !INTERNAL.contains(&t.name())) {
            let count = partitions(topic).map_err(|e| self.question(&e))?;
            // A name that is not legal cannot have come from a cluster.
            if let (Ok(name), 1..) = (TopicName::new(topic.name()), count) {
                topics.push((name, count));
            }
        }
        topics.sort();
        Ok(topics)
    }

    /// The settings of topics, in one answer. A topic whose settings this user may not see is left out.
    fn settings(&self, topics: &[&TopicName]) -> Result<HashMap<TopicName, Shown>, BrokerError> {
        let mut settings = HashMap::with_capacity(topics.len());
        for some in topics.chunks(DESCRIBED_AT_ONCE) {
            let asked: Vec<_> = some.iter().map(|t| ResourceSpecifier::Topic(t.as_str())).collect();
            let answers = wait(self.admin.describe_configs(&asked, &options()));
            match answers {
                Ok(all) => settings.extend(all.iter().flatten().filter_map(Shown::of)),
                Err(e) if error::code(&e).is_some_and(error::is_denied) => {}
                Err(e) => return Err(self.question(&e)),
            }
        }
        if settings.len() < topics.len() {
            self.assumed.call_once(|| tracing::warn!(
                "the size limit of some topics is not shown to this user, who lacks the ACL DescribeConfigs: \
                 {} bytes are assumed",
                limits::of_config(limits::BROKER_DEFAULT)
            ));
        }
        Ok(settings)
    }

    pub(super) fn delete_records(
        &self,
        partition: &TopicPartition,
        before: Offset,
    ) -> Result<Offset, BrokerError> {
        let bounds = self.watermarks(partition)?;
        if before > bounds.end {
            return Err(bounds.out_of_range(partition, before));
        }
        if before <= bounds.start {
            return Ok(bounds.start);
        }
        let deleted = until(
            |e| self.passes(e, partition),
            |_| {
                let mut list = TopicPartitionList::new();
                let (topic, number) = (partition.topic.as_str(), record::number(partition));
                list.add_partition_offset(topic, number, record::raw(before))?;
                only_offset(&wait(self.admin.delete_records(&list, &options()))?)
            },
        );
        deleted.map(record::offset).map_err(|e| self.gone(&e, partition))
    }
}

pub(super) fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(QUESTION)).operation_timeout(Some(QUESTION))
}

/// What no cluster takes is refused without asking it.
fn legal(topic: &NewTopic) -> Created {
    let fits = |number: usize| i32::try_from(number).is_ok();
    let reason = if topic.partitions == 0 {
        "it needs at least one partition"
    } else if !fits(topic.partitions as usize) {
        "more partitions than Kafka can count"
    } else if i16::try_from(topic.replication).is_err() {
        "more copies than Kafka can count"
    } else if !fits(limits::to_config(limit(topic))) {
        "records of more than 2 GiB"
    } else {
        return Ok(());
    };
    Err(AdminError::InvalidTopic { topic: topic.name.clone(), reason: reason.into() })
}

/// Without its settings.
fn plain(topic: &NewTopic) -> ClientTopic<'_> {
    // Checked by `legal`.
    let partitions = i32::try_from(topic.partitions).unwrap_or(i32::MAX);
    // The client's way to say "the cluster's default".
    let copies = if topic.replication == 0 { -1 } else { topic.replication.into() };
    ClientTopic::new(topic.name.as_str(), partitions, TopicReplication::Fixed(copies))
}
