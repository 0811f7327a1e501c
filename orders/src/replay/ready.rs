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

/// Without an answer of the broker its topics are not asked for.
async fn log(broker: &Broker, topics: &[TopicName]) -> Vec<Check> {
    let deadline = Check::deadline();
    let answers = Check::ask_until(deadline, "broker", "broker", broker.health()).await;
    if !answers.is_ok() {
        return vec![answers];
    }
    let there = Check::ask_until(deadline, "topic", "broker", found(broker, topics)).await;
    vec![answers, there]
}

async fn found(broker: &Broker, topics: &[TopicName]) -> Result<(), BrokerError> {
    let first = |topic: &TopicName| {
        let first = TopicPartition::new(topic.clone(), Partition(0));
        async move { broker.watermarks(first).await.map(drop) }
    };
    futures_util::future::try_join_all(topics.iter().map(first)).await.map(drop)
}
