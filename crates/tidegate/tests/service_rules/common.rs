//! Events and handlers that the tests share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate::class::{Class, Classify};
use tidegate::headers::names;
use tidegate::message::{NewRecord, TopicName};
use tidegate::prelude::*;
use tidegate::testing::TestService;
use tokio::sync::Semaphore;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ordered {
    pub(crate) id: String,
}

impl Event for Ordered {
    const TYPE: &'static str = "order.created";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Charged {
    pub(crate) id: String,
}

impl Event for Charged {
    const TYPE: &'static str = "payment.charged";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

pub(crate) fn order(id: &str) -> Ordered {
    Ordered { id: id.to_owned() }
}

/// The record of an order with this event id, on this topic, always in the same partition.
pub(crate) fn record(topic: &str, event_id: &str, key: &str) -> NewRecord {
    NewRecord::new(TopicName::new(topic).unwrap())
        .partition(tidegate::message::Partition(0))
        .key(key.to_owned())
        .value(serde_json::to_vec(&order(key)).unwrap())
        .header(names::EVENT_ID, event_id.to_owned())
        .header(names::EVENT_TYPE, Ordered::TYPE)
}

/// What a handler does at one call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Do {
    Work,
    Fail(Class),
    Panic,
    Hang,
    /// Waits until the test opens the gate.
    Wait,
    WaitThenFail(Class),
}

#[derive(Debug, thiserror::Error)]
#[error("the script says {0}")]
pub(crate) struct Scripted(pub(crate) Class);

impl Classify for Scripted {
    fn class(&self) -> Class {
        self.0
    }
}

/// What a handler does, call after call (the last entry goes on for ever), and what it was called with.
#[derive(Debug)]
pub(crate) struct Script {
    steps: Mutex<Vec<Do>>,
    seen: Mutex<Vec<(String, u32)>>,
    gate: Semaphore,
}

impl Script {
    pub(crate) fn of(steps: &[Do]) -> Arc<Self> {
        let (steps, gate) = (Mutex::new(steps.to_vec()), Semaphore::new(0));
        Arc::new(Self { steps, seen: Mutex::default(), gate })
    }

    pub(crate) fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// The orders that the handler was called for.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(id, _)| id.clone()).collect()
    }

    /// The attempts that the handler was told.
    pub(crate) fn attempts(&self) -> Vec<u32> {
        self.seen.lock().unwrap().iter().map(|(_, attempt)| *attempt).collect()
    }

    /// Lets one call go on that waits.
    pub(crate) fn open(&self) {
        self.gate.add_permits(1);
    }

    pub(crate) async fn play(&self, id: &str, attempt: u32) -> Result<(), Scripted> {
        self.seen.lock().unwrap().push((id.to_owned(), attempt));
        let step = {
            let mut steps = self.steps.lock().unwrap();
            if steps.len() > 1 { steps.remove(0) } else { *steps.first().unwrap_or(&Do::Work) }
        };
        match step {
            Do::Work => Ok(()),
            Do::Fail(class) => Err(Scripted(class)),
            Do::Panic => panic!("scripted panic"),
            Do::Hang => std::future::pending().await,
            Do::Wait => {
                self.gate.acquire().await.unwrap().forget();
                Ok(())
            }
            Do::WaitThenFail(class) => {
                self.gate.acquire().await.unwrap().forget();
                Err(Scripted(class))
            }
        }
    }
}

/// Plays the script.
pub(crate) async fn scripted(
    Payload(order): Payload<Ordered>,
    State(script): State<Arc<Script>>,
    attempt: Attempt,
) -> Result<(), Scripted> {
    script.play(&order.id, attempt.0).await
}

/// Plays the script, then emits to `payments`.
pub(crate) async fn charging(
    Payload(order): Payload<Ordered>,
    State(script): State<Arc<Script>>,
    attempt: Attempt,
) -> Result<Emit<Charged>, Scripted> {
    script.play(&order.id, attempt.0).await?;
    Ok(Emit::to("payments", Charged { id: order.id }))
}

/// A service on `orders` that plays the script.
pub(crate) async fn service(script: &Arc<Script>) -> TestService {
    TestService::new(Topic::json("orders").on(scripted).with_state(script.clone())).await
}

/// What group `test` has committed for the first partition of `orders`: offset and metadata.
pub(crate) async fn committed(t: &TestService) -> (u64, String) {
    let all = t.broker().committed("test".to_owned()).await.unwrap();
    let first = all.into_iter().find(|(at, _)| at.to_string() == "orders/0");
    first.map_or((0, String::new()), |(_, c)| (c.offset.0, c.metadata))
}

/// Lets time pass until that is committed.
pub(crate) async fn committed_up_to(t: &TestService, offset: u64) {
    let all = async {
        while committed(t).await.0 != offset {
            t.advance(Duration::from_millis(50)); // commits wait for one another so long
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), all).await;
    assert!(in_time.is_ok(), "{offset} is not committed, but {:?}", committed(t).await);
}
