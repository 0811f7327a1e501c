//! Events on their way to the broker: identified once, published in one call, acknowledged or not.

use std::time::Duration;

use axum::http::StatusCode;
use tidegate::broker::{self, Broker, BrokerError};
use tidegate::message::{Timestamp, TopicName};
use tidegate::publisher::{NewEvent, PreparedEvent, PublishError, Publisher};

use super::conditions::Simulate;
use crate::http::{Correlation, Reply};
use crate::log::DELIVERY;
use crate::order::{Kind, OrderEvent};
use crate::traces;

/// A broker that has not answered by then is not waited for: whether the record is there is unknown. A cluster's client
/// gives the record up before that ([`DELIVERY`]), and says more.
const PATIENCE: Duration = Duration::from_secs(DELIVERY.as_secs() + 2);

/// Where events go.
#[derive(Debug)]
pub(super) struct Outlet {
    broker: Broker,
    publisher: Publisher,
    topic: TopicName,
    hold: Duration,
}

impl Outlet {
    pub(super) fn new(broker: Broker, topic: TopicName, hold: Duration) -> Self {
        Self { publisher: traces::publisher(broker.clone()), broker, topic, hold }
    }

    /// Gives an event its id and bytes, before the first attempt to publish it; with it the event as it was written.
    pub(super) fn prepare<K: Kind>(
        &self,
        event: OrderEvent<K>,
        correlation: &Correlation,
    ) -> (PreparedEvent, OrderEvent<K>) {
        let at = Timestamp(event.timestamp.as_millisecond());
        NewEvent::to(self.topic.clone(), event)
            .correlation(correlation.as_str())
            .at(at)
            .prepare_and_keep()
            .expect("topic and correlation id were checked, and text and numbers can be written")
    }

    /// Publishes in one call; a result for each event, in order.
    pub(super) async fn send(
        &self,
        events: Vec<PreparedEvent>,
        simulate: Simulate,
    ) -> Vec<Result<(), PublishError>> {
        if simulate == Simulate::Late {
            tokio::time::sleep(self.hold).await;
        }
        let copies = if simulate == Simulate::Duplicate { 2 } else { 1 };
        let count = events.len();
        let events = if copies == 1 { events } else { repeated(events, copies) };
        match tokio::time::timeout(PATIENCE, self.publisher.send_all(events)).await {
            // Of two copies the first one decides: the second is there to be recognised.
            Ok(acks) => acks.into_iter().step_by(copies).map(|ack| ack.map(drop)).collect(),
            Err(_) => vec![Err(no_answer()); count],
        }
    }

    /// Whether events can be published now: the broker answers, and has the topic.
    pub(super) async fn health(&self) -> Result<(), BrokerError> {
        self.broker.health().await?;
        let topics = self.broker.topics().await?;
        let exists = topics.iter().any(|topic| topic.name == self.topic);
        if exists { Ok(()) } else { Err(BrokerError::UnknownTopic(self.topic.clone())) }
    }
}

/// Each event so many times in a row.
fn repeated(events: Vec<PreparedEvent>, copies: usize) -> Vec<PreparedEvent> {
    events.into_iter().flat_map(|event| std::iter::repeat_n(event, copies)).collect()
}

fn no_answer() -> PublishError {
    let reason = format!("the broker did not answer within {} s", PATIENCE.as_secs());
    broker::PublishError::Unknown(reason).into()
}

/// What a client is told. Never a 2xx.
pub(super) fn refusal(error: &PublishError) -> Reply {
    match error {
        PublishError::Broker(broker::PublishError::TooLarge { .. }) => {
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
