//! Events on their way to the broker: encoded, published in one call, acknowledged or not.

use std::time::Duration;

use axum::http::StatusCode;
use tidegate::broker::{Broker, BrokerError, PublishError};
use tidegate::event::Event;
use tidegate::headers::names;
use tidegate::message::{NewRecord, TopicName};

use super::conditions::Simulate;
use crate::http::Reply;
use crate::order::{Kind, OrderEvent};

/// A broker that has not answered by then will be asked about later: whether the record is there is unknown.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where events go.
#[derive(Debug)]
pub(super) struct Outlet {
    broker: Broker,
    topic: TopicName,
    hold: Duration,
}

impl Outlet {
    pub(super) const fn new(broker: Broker, topic: TopicName, hold: Duration) -> Self {
        Self { broker, topic, hold }
    }

    /// Publishes in one call; a result for each event, in order.
    pub(super) async fn publish<K: Kind>(
        &self,
        events: &[OrderEvent<K>],
        simulate: Simulate,
    ) -> Vec<Result<(), PublishError>> {
        if events.is_empty() {
            return Vec::new();
        }
        if simulate == Simulate::Late {
            tokio::time::sleep(self.hold).await;
        }
        let copies = if simulate == Simulate::Duplicate { 2 } else { 1 };
        let records: Vec<_> = events
            .iter()
            .flat_map(|event| std::iter::repeat_n(self.record(event), copies))
            .collect();
        match tokio::time::timeout(PATIENCE, self.broker.publish(records)).await {
            // Of two copies the first one decides: the second is there to be recognised.
            Ok(acks) => acks.into_iter().step_by(copies).map(|ack| ack.map(drop)).collect(),
            Err(_) => vec![Err(late()); events.len()],
        }
    }

    fn record<K: Kind>(&self, event: &OrderEvent<K>) -> NewRecord {
        let value = serde_json::to_vec(event).expect("text, numbers and names as keys");
        let mut record = NewRecord::new(self.topic.clone())
            .value(value)
            .header(names::EVENT_ID, event.event_id.as_str().to_owned())
            .header(names::EVENT_TYPE, K::TYPE)
            .header(names::CORRELATION_ID, event.correlation_id.clone());
        record.key = event.key().into_bytes();
        record
    }

    /// Whether events can be published now: the broker answers, and has the topic.
    pub(super) async fn health(&self) -> Result<(), BrokerError> {
        self.broker.health().await?;
        let topics = self.broker.topics().await?;
        let exists = topics.iter().any(|topic| topic.name == self.topic);
        if exists { Ok(()) } else { Err(BrokerError::UnknownTopic(self.topic.clone())) }
    }
}

fn late() -> PublishError {
    PublishError::Unknown(format!("the broker did not answer within {} s", PATIENCE.as_secs()))
}

/// What a client is told. Never a 2xx.
pub(super) fn refusal(error: &PublishError) -> Reply {
    match error {
        PublishError::TooLarge { .. } => {
            Reply::invalid(StatusCode::PAYLOAD_TOO_LARGE, "body", error.to_string())
        }
        other => Reply::unavailable("broker", reason(other)),
    }
}

/// Says whether the order may be there all the same: that decides whether sending it again makes a second one.
pub(super) fn reason(error: &PublishError) -> String {
    if error.is_unknown() {
        format!("did not confirm the order, which may or may not have been accepted: {error}")
    } else {
        format!("did not accept the order: {error}")
    }
}
