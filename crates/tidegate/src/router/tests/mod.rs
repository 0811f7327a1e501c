//! Routes driven as the runtime does it: route, then call. Here: what the tests share.

#![cfg(feature = "json")]

mod batches;
mod checks;
mod emitting;
mod handlers;
mod layers;
mod routing;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::class::Failure;
use crate::delivery::{Delivery, Identified, InboxSlot};
use crate::headers::Headers;
use crate::message::{NewRecord, Offset, Partition, Record, Timestamp, TopicName};
use crate::prelude::*;
use crate::router::endpoint::{Endpoint, Routed};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Placed {
    id: String,
}

impl Event for Placed {
    const TYPE: &'static str = "order.placed";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Charged {
    id: String,
    #[serde(default)]
    event_id: String,
    #[serde(default)]
    at: i64,
}

impl Event for Charged {
    const TYPE: &'static str = "payment.charged";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
    fn stamp(&mut self, stamp: &Stamp) {
        self.event_id = stamp.event_id.to_string();
        self.at = stamp.at.0;
    }
}

fn charged(id: &str) -> Emit<Charged> {
    Emit::to("payments", Charged { id: id.into(), event_id: String::new(), at: 0 })
}

#[derive(Debug, thiserror::Error)]
enum ChargeError {
    #[error("card declined: {0}")]
    Declined(String),
    #[error("gateway busy, asks for {0:?}")]
    Busy(Duration),
}

impl Classify for ChargeError {
    fn class(&self) -> Class {
        match self {
            Self::Declined(_) => Class::Permanent,
            Self::Busy(after) => Class::Transient.after(*after),
        }
    }
}

fn record(headers: &[(&str, &str)], value: Option<&str>) -> Record {
    let mut list = Headers::new();
    for (name, value) in headers {
        list.push(name, value.to_string());
    }
    Record {
        topic: TopicName::new("orders").unwrap(),
        partition: Partition(2),
        offset: Offset(7),
        timestamp: Timestamp(1_000),
        key: Some("o-1".into()),
        value: value.map(|v| v.to_owned().into()),
        headers: list,
    }
}

fn placed() -> Record {
    record(
        &[("event_type", "order.placed"), ("event_id", "e-1"), ("correlation_id", "c-1")],
        Some(r#"{"id":"o-1"}"#),
    )
}

/// What the runtime does with a record.
struct Driver(Arc<dyn Endpoint>);

impl Driver {
    fn new(router: impl IntoRouter) -> Self {
        let router = router.into_router();
        assert_eq!(router.findings(), []);
        Self(router.into_endpoint())
    }

    fn delivery(&self, record: &Record) -> (Routed, Delivery) {
        let routed = self.0.route(record);
        let delivery = Delivery {
            identified: Identified::new(record.clone(), routed.clone(), "shop".into()).into(),
            attempt: 1,
            inbox: InboxSlot::default(),
            dead: None,
            ours: crate::delivery::Ours::default(),
        };
        (routed, delivery)
    }

    async fn run(&self, record: &Record) -> Outcome {
        let (routed, delivery) = self.delivery(record);
        self.0.call(routed.policy, delivery).await
    }

    async fn failure(&self, record: &Record) -> Failure {
        match self.run(record).await {
            Outcome::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }

    async fn emitted(&self, record: &Record) -> Vec<NewRecord> {
        let (routed, delivery) = self.delivery(record);
        match self.0.call(routed.policy, delivery.clone()).await {
            Outcome::Done(emits) => self.0.encode(emits, &delivery).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

async fn nothing(_: Payload<Placed>) {}
