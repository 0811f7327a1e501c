//! The broker of a run, and the topics on it.

use std::cell::Cell;

use test_servers::LocalKafka;
use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{Broker, NewTopic};
use tidegate::message::TopicName;
use tokio::runtime::Runtime;

use crate::side::{self, Stretch};

/// Bytes of a small record's value.
pub(crate) const BODY: usize = 256;
/// Partitions of each topic.
pub(crate) const PARTITIONS: u32 = 8;

/// One broker with its tools.
pub(crate) struct Lab {
    cluster: LocalKafka,
    runtime: Runtime,
    groups: Cell<usize>,
}

impl Lab {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().expect("threads and a poller");
        Self { cluster: LocalKafka::start(), runtime, groups: Cell::new(0) }
    }

    pub(crate) fn address(&self) -> &str {
        self.cluster.address()
    }

    /// A new topic.
    pub(crate) fn topic(&self, name: &str) {
        let topic = NewTopic::new(TopicName::new(name).expect("a legal name"), PARTITIONS);
        let created = self.runtime.block_on(async {
            let broker = Broker::kafka(KafkaOptions::new(self.address())).expect("an address");
            broker.create_topics(vec![topic]).await
        });
        assert!(created.iter().all(Result::is_ok), "{created:?}");
    }

    /// A group that has read nothing.
    pub(crate) fn group(&self) -> String {
        self.groups.set(self.groups.get() + 1);
        format!("group-{}", self.groups.get())
    }

    /// Runs one side on a topic of so many records, in a group of its own.
    pub(crate) fn side(&self, name: &str, topic: &str, records: u64) -> Stretch {
        side::run(name, &[self.address(), topic, &self.group(), &records.to_string()])
    }
}
