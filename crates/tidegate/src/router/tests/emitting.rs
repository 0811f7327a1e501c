//! Emitted events and their ids; dead-letter handlers.

use super::*;
use crate::consumer::core::Attempt as Past;
use crate::dead_letter::Death;
use crate::headers::names;

fn death() -> Death {
    let attempt = Past {
        number: 1,
        at: Timestamp(5),
        took_us: 10,
        class: "permanent".into(),
        cause: crate::class::Cause::Error,
        error: "card declined: x".into(),
    };
    Death {
        failure: Failure::from(ChargeError::Declined("x".into())),
        attempts: 1,
        history: vec![attempt],
    }
}

/// Rule 42.
#[tokio::test]
async fn a_second_attempt_emits_the_same_events() {
    async fn handler(
        _: Payload<Placed>,
    ) -> (Emit<Charged>, Option<Emit<Charged>>, Vec<Emit<Charged>>) {
        (charged("a"), None, vec![charged("b"), charged("c")])
    }
    let driver = Driver::new(Topic::json("orders").on(handler));
    let first = driver.emitted(&placed()).await;
    assert_eq!(first, driver.emitted(&placed()).await);

    let ids: Vec<_> = first.iter().map(|r| r.headers.text(names::EVENT_ID).unwrap()).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
    let record = &first[0];
    assert_eq!(record.topic.as_str(), "payments");
    assert_eq!(record.key.as_deref(), Some(&b"a"[..]));
    assert_eq!(record.headers.text(names::EVENT_TYPE), Some("payment.charged"));
    assert_eq!(record.headers.text(names::CORRELATION_ID), Some("c-1"));
    assert_eq!(record.headers.text(names::CAUSATION_ID), Some("e-1"));
    let body: Charged = serde_json::from_slice(record.value.as_ref().unwrap()).unwrap();
    assert_eq!((body.event_id.as_str(), body.at), (ids[0], 1_000), "stamped before it is encoded");
}

#[tokio::test]
async fn an_illegal_topic_of_an_emitted_event_is_said() {
    async fn handler(_: Payload<Placed>) -> Emit<Charged> {
        Emit::to("pay ments", Charged { id: "a".into(), event_id: String::new(), at: 0 })
    }
    let driver = Driver::new(Topic::json("orders").on(handler));
    let (routed, delivery) = driver.delivery(&placed());
    let Outcome::Done(emits) = driver.0.call(routed.policy, delivery.clone()).await else {
        panic!("not done")
    };
    let error = driver.0.encode(emits, &delivery).unwrap_err();
    assert!(
        error.starts_with("`payment.charged` cannot be emitted: topic name \"pay ments\""),
        "{error}"
    );
}

#[tokio::test]
async fn a_dead_letter_handler_is_told_why_and_emits_under_its_own_name() {
    async fn mark(dead: DeadLetter<Placed>) -> Emit<Charged> {
        assert_eq!(dead.reason(), "card declined: x");
        assert_eq!(dead.class(), Class::Permanent);
        assert_eq!((dead.attempts(), dead.key()), (1, "o-1"));
        charged(dead.payload().map_or("none", |placed| &placed.id))
    }
    async fn same(_: Payload<Placed>) -> Emit<Charged> {
        charged("o-1")
    }
    let driver = Driver::new(Topic::json("orders").on(same).on_dead_letter(mark));
    let (routed, mut delivery) = driver.delivery(&placed());
    assert!(driver.0.policies()[routed.policy.0].dead_handler);
    delivery.dead = Some(Arc::new(death()));
    let Outcome::Done(emits) = driver.0.call_dead(routed.policy, delivery.clone()).await else {
        panic!("not done")
    };
    let dead = driver.0.encode(emits, &delivery).unwrap();
    let live = driver.emitted(&placed()).await;
    assert_eq!(dead[0].key, live[0].key);
    let id = |records: &[NewRecord]| records[0].headers.text(names::EVENT_ID).unwrap().to_owned();
    assert_ne!(id(&dead), id(&live), "`<name>/dead` is another handler");

    let undecodable = record(&[("event_type", "order.placed")], Some("[]"));
    let (routed, mut delivery) = driver.delivery(&undecodable);
    delivery.dead = Some(Arc::new(death()));
    let Outcome::Done(emits) = driver.0.call_dead(routed.policy, delivery.clone()).await else {
        panic!("not done")
    };
    let dead = driver.0.encode(emits, &delivery).unwrap();
    assert_eq!(dead[0].key.as_deref(), Some(&b"none"[..]));
}
