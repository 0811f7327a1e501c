//! Questions to the cluster. All of it blocks, each with a deadline.

use std::sync::Once;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::admin::AdminClient;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::metadata::MetadataTopic;

use super::catalogue::Catalogue;
use super::context::{Told, Troubles};
use super::error::About;
use super::groups::Watcher;
use super::kept::Kept;
use super::options::KafkaOptions;
use super::reader::Reader;
use super::readers::Readers;
use super::statistics::Statistics;
use super::waiting::{QUESTION, until};
use super::{error, ffi, record};
use crate::broker::{BrokerError, Watermarks};
use crate::message::{Offset, Timestamp, TopicName, TopicPartition};

/// How long a broker may take to show that it is there.
const HEALTH: Duration = Duration::from_secs(3);

/// So many readers are kept, as a scan may go on.
const READERS: usize = 8;

/// So many topics are read by a client that is kept.
const FOLLOWERS: usize = 64;

/// So many clients that watch a group are kept.
const WATCHERS: usize = 4;

/// A topic that every cluster has, or says it has not: one small answer, however many topics there are.
const SMALL_QUESTION: &str = "__consumer_offsets";

/// The clients that ask, and what they found out.
pub(super) struct Cluster {
    pub(super) options: KafkaOptions,
    pub(super) troubles: Troubles,
    pub(super) statistics: Statistics,
    pub(super) asking: BaseConsumer<Told>,
    pub(super) admin: AdminClient<Told>,
    pub(super) catalogue: Catalogue,
    pub(super) readers: Kept<Reader>,
    pub(super) followers: Kept<Readers>,
    pub(super) watchers: Kept<Watcher>,
    /// The log says once that limits are assumed.
    pub(super) assumed: Once,
}

impl Cluster {
    pub(super) fn new(options: KafkaOptions) -> Result<Self, BrokerError> {
        let troubles = Troubles::default();
        let statistics = Statistics::default();
        let told = Told {
            troubles: troubles.clone(),
            tokens: options.tokens.clone(),
            statistics: statistics.clone(),
        };
        let asking = BaseConsumer::from_config_and_context(&options.asking(), told.clone());
        let admin = AdminClient::from_config_and_context(&options.administering(), told);
        Ok(Self {
            troubles,
            statistics,
            asking: asking.map_err(error::config)?,
            admin: admin.map_err(error::config)?,
            options,
            catalogue: Catalogue::default(),
            readers: Kept::new(READERS),
            followers: Kept::new(FOLLOWERS),
            watchers: Kept::new(WATCHERS),
            assumed: Once::new(),
        })
    }

    pub(super) fn told(&self) -> Told {
        Told {
            troubles: self.troubles.clone(),
            tokens: self.options.tokens.clone(),
            statistics: self.statistics.clone(),
        }
    }

    pub(super) fn question(&self, error: &KafkaError) -> BrokerError {
        self.question_about(error, About::default())
    }

    /// As [`question`](Self::question), where it is known what was asked about.
    pub(super) fn question_about(&self, error: &KafkaError, about: About<'_>) -> BrokerError {
        error::question(error, about, &self.troubles)
    }

    /// How many partitions a topic has, asked of the cluster.
    pub(super) fn look_up(&self, topic: &TopicName) -> Result<u32, BrokerError> {
        let count = until(not_yet, |left| {
            let metadata = self.asking.fetch_metadata(Some(topic.as_str()), left)?;
            match metadata.topics().iter().find(|t| t.name() == topic.as_str()) {
                None => Ok(0),
                Some(found) => partitions(found),
            }
        });
        match count {
            Ok(0) => Err(BrokerError::UnknownTopic(topic.clone())),
            Ok(count) => {
                self.catalogue.put_count(topic, count);
                Ok(count)
            }
            Err(e) => Err(self.question_about(&e, About::topic(topic))),
        }
    }

    /// Refuses a partition that does not exist.
    pub(super) fn check(&self, partition: &TopicPartition) -> Result<(), BrokerError> {
        let number = partition.partition.0;
        if self.catalogue.count(&partition.topic).is_some_and(|count| number < count)
            || number < self.look_up(&partition.topic)?
        {
            return Ok(());
        }
        Err(BrokerError::UnknownPartition(partition.clone()))
    }

    pub(super) fn watermarks(&self, partition: &TopicPartition) -> Result<Watermarks, BrokerError> {
        self.check(partition)?;
        let (topic, number) = (partition.topic.as_str(), record::number(partition));
        let bounds = until(
            |e| self.passes(e, partition),
            |left| self.asking.fetch_watermarks(topic, number, left),
        );
        let (start, end) = bounds.map_err(|e| self.gone(&e, partition))?;
        Ok(Watermarks { start: record::offset(start), end: record::offset(end) })
    }

    /// Start and end of a partition, asked once, with so much time for the answer.
    pub(super) fn watermarks_within(
        &self,
        partition: &TopicPartition,
        limit: Duration,
    ) -> Result<Watermarks, BrokerError> {
        let (topic, number) = (partition.topic.as_str(), record::number(partition));
        let bounds = self.asking.fetch_watermarks(topic, number, limit);
        let (start, end) = bounds.map_err(|e| self.question(&e))?;
        Ok(Watermarks { start: record::offset(start), end: record::offset(end) })
    }

    /// Which of these topics are there, and which ones they are, asked once with so much time for the answer.
    pub(super) fn identities<'a>(
        &self,
        topics: impl Iterator<Item = &'a str>,
        limit: Duration,
    ) -> Result<Vec<(String, ffi::Identity)>, BrokerError> {
        let answer = ffi::identities(self.admin.inner(), topics, limit);
        answer.map_err(|code| self.question(&KafkaError::AdminOp(code)))
    }

    /// Where a partition ends, if the cluster says so in this time.
    pub(super) fn end_within(&self, partition: &TopicPartition, left: Duration) -> Option<Offset> {
        let (topic, number) = (partition.topic.as_str(), record::number(partition));
        let bounds = self.asking.fetch_watermarks(topic, number, left);
        bounds.ok().map(|(_, end)| record::offset(end))
    }

    pub(super) fn offset_for_time(
        &self,
        partition: &TopicPartition,
        time: Timestamp,
    ) -> Result<Option<Offset>, BrokerError> {
        self.check(partition)?;
        // Negative times mean other things to the client; none is before the epoch.
        let time = rdkafka::Offset::Offset(time.0.max(0));
        let found = until(
            |e| self.passes(e, partition),
            |left| {
                let mut list = TopicPartitionList::new();
                let (topic, number) = (partition.topic.as_str(), record::number(partition));
                list.add_partition_offset(topic, number, time)?;
                let list = self.asking.offsets_for_times(list, left)?;
                only_offset(&list)
            },
        );
        let offset = found.map_err(|e| self.gone(&e, partition))?;
        Ok(u64::try_from(offset).ok().map(Offset))
    }

    /// A question about a partition failed that was there a moment ago.
    pub(super) fn gone(&self, error: &KafkaError, partition: &TopicPartition) -> BrokerError {
        if !matches!(error.rdkafka_error_code(), Some(code) if is_missing(code)) {
            return self.question_about(error, About::topic(&partition.topic));
        }
        self.catalogue.forget(&partition.topic);
        self.check(partition).err().unwrap_or_else(|| self.question(error))
    }

    /// Whether to ask again: there is no leader yet, or a broker that does not know of the partition yet.
    pub(super) fn passes(&self, error: &KafkaError, partition: &TopicPartition) -> bool {
        not_yet(error)
            || error.rdkafka_error_code().is_some_and(is_missing)
                && self.look_up(&partition.topic).is_ok_and(|count| partition.partition.0 < count)
    }

    /// Lets go of the clients that are kept for later.
    pub(super) fn let_go(&self) {
        self.readers.clear();
        self.followers.clear();
        self.watchers.clear();
    }

    pub(super) fn id(&self) -> Result<String, BrokerError> {
        let id = self.asking.client().fetch_cluster_id(QUESTION).filter(|id| !id.is_empty());
        id.ok_or_else(|| {
            BrokerError::Unavailable(self.troubles.explain(&"the cluster did not tell its id"))
        })
    }

    /// Whether a broker answers now.
    pub(super) fn health(&self) -> Result<(), BrokerError> {
        self.troubles.same_cluster()?;
        let answer = self.asking.fetch_metadata(Some(SMALL_QUESTION), HEALTH);
        answer.map(drop).map_err(|e| self.question(&e))
    }
}

/// A topic's count of partitions; 0 when it does not exist.
pub(super) fn partitions(topic: &MetadataTopic) -> Result<u32, KafkaError> {
    match topic.error().map(Code::from) {
        None => Ok(u32::try_from(topic.partitions().len()).unwrap_or(u32::MAX)),
        Some(code) if is_missing(code) => Ok(0),
        Some(code) => Err(KafkaError::MetadataFetch(code)),
    }
}

/// The offset of a list's only entry; negative for none.
pub(super) fn only_offset(list: &TopicPartitionList) -> Result<i64, KafkaError> {
    let entries = ffi::offsets(list);
    let entry = entries.first().ok_or(KafkaError::NoMessageReceived)?;
    match Code::from(entry.error) {
        Code::NoError => Ok(entry.offset),
        code => Err(KafkaError::OffsetFetch(code)),
    }
}

pub(super) const fn is_missing(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownTopicOrPartition
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::InvalidTopic
    )
}

/// A cluster that elects leaders, or has just begun to.
pub(super) fn not_yet(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::LeaderNotAvailable
                | Code::NotLeaderForPartition
                | Code::ReplicaNotAvailable
                | Code::BrokerNotAvailable
                | Code::OffsetNotAvailable
                | Code::UnknownLeaderEpoch
                | Code::FencedLeaderEpoch
                | Code::BrokerTransportFailure
                | Code::CoordinatorNotAvailable
                | Code::CoordinatorLoadInProgress
                | Code::NotCoordinator
                | Code::WaitingForCoordinator
        )
    )
}
