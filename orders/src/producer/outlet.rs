//! Events on their way to the broker: identified once, published in one call, acknowledged or not.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use tidegate::broker::{self, Broker};
use tidegate::message::{Partition, Timestamp, TopicName, TopicPartition};
use tidegate::publisher::{NewEvent, PreparedEvent, PublishError, Publisher};

use super::conditions::Simulate;
use super::underway::Underway;
use crate::http::{Check, Correlation, Reply};
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
    underway: Underway,
}

impl Outlet {
    pub(super) fn new(broker: Broker, topic: TopicName, hold: Duration) -> Self {
        let publisher = traces::publisher(broker.clone());
        Self { publisher, broker, topic, hold, underway: Underway::default() }
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
        let _waits = self.underway.begin();
        match tokio::time::timeout(PATIENCE, self.publisher.send_all(events)).await {
            // Of two copies the first one decides: the second is there to be recognised.
            Ok(acks) => acks.into_iter().step_by(copies).map(|ack| ack.map(drop)).collect(),
            Err(_) => vec![Err(no_answer()); count],
        }
    }

    /// Whether the broker answers, and has the topic; without an answer the topic is not asked for.
    pub(super) async fn log(&self) -> (Check, Option<Check>) {
        let deadline = Check::deadline();
        let broker = Check::ask_until(deadline, "broker", "broker", self.broker.health()).await;
        if !broker.is_ok() {
            return (broker, None);
        }
        let first = TopicPartition::new(self.topic.clone(), Partition(0));
        let found = async { self.broker.watermarks(first).await.map(drop) };
        (broker, Some(Check::ask_until(deadline, "topic", "broker", found).await))
    }

    /// Whether what is handed to the broker is acknowledged.
    pub(super) fn underway(&self) -> Check {
        let trouble = self.underway.trouble(Instant::now());
        Check::new("publishing", "broker", trouble.into_iter().collect())
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
