//! The log under the routes and the platform: the embedded one, or a Kafka broker on this machine.

use std::path::Path;

use orders::log::DELIVERY;
use test_servers::LocalKafka;
use tidegate::broker::Broker;
use tidegate::broker::kafka::KafkaOptions;
use tokio::runtime::Runtime;

use crate::served::with_topic;

/// Which log a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    Embedded,
    Kafka,
}

impl Log {
    /// The row's name.
    pub(crate) fn row(self, id: &str) -> String {
        match self {
            Self::Embedded => id.to_owned(),
            Self::Kafka => format!("{id}-kafka"),
        }
    }

    /// What a row must reach: nothing is asked of Kafka's.
    pub(crate) const fn asks(self, bound: f64) -> Option<f64> {
        match self {
            Self::Embedded => Some(bound),
            Self::Kafka => None,
        }
    }

    /// What has happened when an order was acknowledged.
    pub(crate) const fn promise(self) -> &'static str {
        match self {
            Self::Embedded => "fsynced",
            Self::Kafka => "acks=all",
        }
    }

    /// What publishing without HTTP is.
    pub(crate) const fn bare(self) -> &'static str {
        match self {
            Self::Embedded => "bare publishing",
            Self::Kafka => "a plain rdkafka producer",
        }
    }

    /// What else takes part, at the end of a row's settings.
    pub(crate) const fn surroundings(self) -> &'static str {
        match self {
            Self::Embedded => "",
            Self::Kafka => {
                "; one Kafka broker on the same cores, with the settings of scripts/kafka"
            }
        }
    }

    /// A cluster of the row's own: what another row wrote would be read.
    pub(crate) fn start(self) -> Option<LocalKafka> {
        (self == Self::Kafka).then(LocalKafka::start)
    }

    /// The log with its topic, as the producer has it.
    pub(crate) fn open(
        self,
        cluster: Option<&LocalKafka>,
        runtime: &Runtime,
        folder: &Path,
    ) -> Broker {
        let _inside = runtime.enter();
        let opened = match cluster {
            Some(cluster) => {
                Broker::kafka(KafkaOptions::new(cluster.address()).delivery_timeout(DELIVERY))
            }
            None => Broker::embedded(folder),
        };
        with_topic(runtime, opened.expect("an empty folder, or a cluster's address"))
    }
}
