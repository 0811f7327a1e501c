//! What `GET /ready` looks at: can letters be listed, sent back and written down now?

use std::sync::Arc;

use tidegate::broker::{Broker, BrokerError};
use tidegate::event::EventId;
use tidegate::message::{Partition, TopicName, TopicPartition};

use super::{ReplayError, ReplayService};
use crate::http::Check;

/// Asks each time: the log, and beside it the markers.
pub(super) async fn checks(service: Arc<ReplayService>, draining: bool) -> Vec<Check> {
    if draining {
        return Vec::new();
    }
    let letters = &service.desk.letters;
    let markers = async {
        let found = letters.markers.marker("", "", &EventId::new("")).await;
        found.map(drop).map_err(ReplayError::from)
    };
    let log = log(&letters.broker, &service.topics);
    let (mut checks, markers) = tokio::join!(log, Check::ask("database", "database", markers));
    checks.push(markers);
    checks
}

/// Side by side; without an answer of the broker nothing is said of its topics.
async fn log(broker: &Broker, topics: &[TopicName]) -> Vec<Check> {
    let there = Check::ask("topic", "broker", found(broker, topics));
    let (broker, topic) = tokio::join!(Check::ask("broker", "broker", broker.health()), there);
    let topic = broker.is_ok().then_some(topic);
    [broker].into_iter().chain(topic).collect()
}

async fn found(broker: &Broker, topics: &[TopicName]) -> Result<(), BrokerError> {
    let first = |topic: &TopicName| {
        let first = TopicPartition::new(topic.clone(), Partition(0));
        async move { broker.watermarks(first).await.map(drop) }
    };
    futures_util::future::try_join_all(topics.iter().map(first)).await.map(drop)
}
