//! Records on which the service's own code blows up where no handler runs: they cost attempts, never the service (fault F16).

use std::sync::Arc;

use serde::Serialize;
use tidegate::class::Cause;
use tidegate::codec::{Codec, Decode, DecodeError, Envelope, Json};
use tidegate::message::{NewRecord, TopicName};
use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};

use crate::common::{Do, Ordered, Script, order, record, scripted};

/// An event that cannot be written: its key is a bug.
#[derive(Debug, Serialize)]
struct Unwritable;

impl Event for Unwritable {
    const TYPE: &'static str = "order.unwritable";
    fn key(&self) -> Key<'_> {
        panic!("no key")
    }
}

async fn emits_unwritable(_: Payload<Ordered>) -> Emit<Unwritable> {
    Emit::to("payments", Unwritable)
}

#[tokio::test]
async fn rule_18_a_panic_while_encoding_uses_attempts_and_the_service_goes_on() {
    let routes = Topic::json("orders").on(emits_unwritable).retry(Retry::none());
    let t = TestService::new(routes).await;
    t.publish_record(record("orders", "e-1", "o")).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Dead]);
    assert_eq!(t.dead_letters()[0].history[0].cause, Cause::Panic);
    t.assert_conserved();
}

/// Panics when it is dropped: as a handler is that was cut off.
struct Touchy;

impl Drop for Touchy {
    fn drop(&mut self) {
        panic!("touched");
    }
}

async fn touchy(_: Payload<Ordered>, State(script): State<Arc<Script>>) {
    let _touchy = Touchy;
    script.play("touchy", 1).await.unwrap();
}

#[tokio::test]
async fn rule_18_a_panic_while_a_handler_is_cut_off_costs_no_more_than_the_attempt() {
    let script = Script::of(&[Do::Hang]);
    let routes = Topic::json("orders").on(touchy).timeout(secs(1)).retry(Retry::none());
    let t = TestService::new(routes.with_state(script.clone())).await;
    t.publish("orders", &order("o-1")).await;
    t.until("called", |_| script.calls() == 1).await;
    t.advance(secs(1));
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Dead]);
    assert_eq!(t.dead_letters()[0].history[0].cause, Cause::Timeout);
    t.assert_conserved();
}

/// A format whose reader has a bug.
#[derive(Debug, Clone)]
struct Buggy;

impl Codec for Buggy {
    fn envelope(&self, _: &[u8]) -> Result<Envelope, DecodeError> {
        panic!("index out of bounds")
    }
}

impl Decode<Ordered> for Buggy {
    fn decode(&self, bytes: &[u8]) -> Result<Ordered, DecodeError> {
        Json.decode(bytes)
    }
}

#[tokio::test]
async fn a_format_that_panics_makes_the_record_undecodable() {
    let routes = Topic::with_codec("orders", Buggy).on(scripted);
    let t = TestService::new(routes.with_state(Script::of(&[]))).await;
    t.publish_record(NewRecord::new(TopicName::new("orders").unwrap()).value("{}")).await;
    t.settled().await;
    let letters = t.dead_letters();
    assert_eq!(letters[0].class.as_deref(), Some("undecodable"));
    assert!(letters[0].reason.as_deref().unwrap().contains("panicked"), "{:?}", letters[0].reason);
    t.assert_conserved();
}
