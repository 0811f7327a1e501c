//! What handlers and extractors are given, and what their errors become.

use std::sync::{Arc, Mutex};

use super::*;
use crate::extract::FromDelivery;

#[tokio::test]
async fn a_handler_gets_the_event_and_its_extractors() {
    struct App {
        seen: Mutex<Vec<String>>,
    }
    #[allow(clippy::too_many_arguments, reason = "as many extractors as a handler may take")]
    async fn handler(
        Payload(order): Payload<Placed>,
        id: EventId,
        State(app): State<Arc<App>>,
        attempt: Attempt,
        correlation: CorrelationId,
        meta: Meta,
        headers: Headers,
        raw: Raw,
        replay: Replay,
    ) {
        assert!(!replay.is_replay());
        assert_eq!(headers.len(), raw.headers.len());
        app.seen.lock().unwrap().push(format!(
            "{} {id} {attempt} {correlation} {}/{}",
            order.id, meta.partition, meta.offset
        ));
    }
    let app = Arc::new(App { seen: Mutex::default() });
    let driver = Driver::new(Topic::json("orders").on(handler).with_state(app.clone()));
    driver.run(&placed()).await;
    assert_eq!(*app.seen.lock().unwrap(), ["o-1 e-1 1 c-1 2/7"]);
}

#[tokio::test]
async fn an_error_fails_with_its_class() {
    async fn handler(_: Payload<Placed>) -> Result<Emit<Charged>, ChargeError> {
        Err(ChargeError::Busy(secs(3)))
    }
    let failure = Driver::new(Topic::json("orders").on(handler)).failure(&placed()).await;
    assert_eq!(failure.class, Class::TransientAfter(secs(3)));
    assert_eq!(failure.message, "gateway busy, asks for 3s");
}

#[tokio::test]
async fn an_extractor_that_refuses_fails_the_attempt_with_its_class() {
    struct Refuses;
    impl<S: Sync> FromDelivery<S> for Refuses {
        type Rejection = ChargeError;
        async fn from_delivery(_: &Delivery, _: &S) -> Result<Self, ChargeError> {
            Err(ChargeError::Declined("by the extractor".into()))
        }
    }
    async fn strict(_: Payload<Placed>, _: Refuses) {}
    async fn lenient(_: Payload<Placed>, refused: Result<Refuses, ChargeError>) {
        assert!(refused.is_err());
    }
    let failure = Driver::new(Topic::json("orders").on(strict)).failure(&placed()).await;
    assert_eq!(failure.message, "card declined: by the extractor");
    let outcome = Driver::new(Topic::json("orders").on(lenient)).run(&placed()).await;
    assert!(matches!(outcome, Outcome::Done(_)));
}

#[tokio::test]
async fn what_cannot_be_decoded_is_said_with_its_place() {
    let driver = Driver::new(Topic::json("orders").on(nothing));
    let wrong = record(&[("event_type", "order.placed")], Some(r#"{"id": 5}"#));
    let failure = driver.failure(&wrong).await;
    assert_eq!(failure.class, Class::Undecodable);
    assert!(failure.message.starts_with("not a `order.placed`: a value"), "{failure:?}");
    assert!(failure.message.ends_with("line 1 column 8"), "{failure:?}");

    let tombstone = record(&[("event_type", "order.placed")], None);
    assert_eq!(driver.failure(&tombstone).await.message, "not a `order.placed`: the value is null");
}
