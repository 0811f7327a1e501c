//! Which record takes which route, and under which identity.

use proptest::prelude::*;

use super::*;
use crate::headers::{Header, names};

#[tokio::test]
async fn a_type_is_handled_skipped_by_name_or_dead_lettered() {
    let driver = Driver::new(Topic::json("orders").on(nothing).skip(["order.completed"]));
    let of_type = |name| record(&[("event_type", name)], Some("{}"));
    assert!(matches!(driver.run(&of_type("order.completed")).await, Outcome::Skip(_)));
    let failure = driver.failure(&of_type("order.lost")).await;
    assert_eq!(failure.class, Class::Permanent);
    assert_eq!(
        failure.message,
        "unknown event type `order.lost` on topic `orders`: handle it, or skip it by name"
    );
    let lenient = Driver::new(Topic::json("orders").on(nothing).unknown(Unknown::Skip));
    assert!(matches!(lenient.run(&of_type("order.lost")).await, Outcome::Skip(_)));
}

#[tokio::test]
async fn a_record_without_a_type_or_with_a_broken_header_is_undecodable() {
    let driver = Driver::new(Topic::json("orders").on(nothing));
    let mut broken = placed();
    broken.headers.set(names::EVENT_ID, &b"\xff\xfe"[..]);
    let mut long = placed();
    long.headers.set(names::CORRELATION_ID, "x".repeat(EventId::MAX_LEN + 1));
    let mut nul = placed();
    nul.headers.set(names::EVENT_ID, "a\0b");
    let nul_in_body = record(&[], Some(r#"{"event_type":"OrderPlaced","event_id":"a\u0000b"}"#));
    for (record, why) in [
        (record(&[], Some("{}")), "nor a field `event_type` in the body"),
        (record(&[], Some("nonsense")), "the body cannot tell: not valid JSON"),
        (record(&[], None), "the value is null"),
        (broken, "header `event_id` is not UTF-8"),
        (long, "header `correlation_id` is longer than 288 bytes"),
        (nul, "header `event_id` contains a NUL"),
        (nul_in_body, "a field of the body's identity contains a NUL"),
    ] {
        let failure = driver.failure(&record).await;
        assert_eq!(failure.class, Class::Undecodable);
        assert!(failure.message.contains(why), "{failure:?}");
    }
}

/// Rule 24.
#[test]
fn the_identity_comes_from_header_cloud_event_body_or_origin() {
    let driver = Driver::new(Topic::json("orders").on(nothing));
    let id = |record: &Record| {
        let routed = driver.0.route(record);
        (
            routed.event_type.to_string(),
            routed.event_id.to_string(),
            routed.correlation_id.to_string(),
        )
    };
    let said = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());

    assert_eq!(id(&placed()), said("order.placed", "e-1", "c-1"));
    let cloud = record(&[("ce_type", "order.placed"), ("ce_id", "ce-1")], Some("{}"));
    assert_eq!(id(&cloud), said("order.placed", "ce-1", "ce-1"));
    let body = r#"{"event_type":"order.placed","event_id":"b-1","correlation_id":"b-2"}"#;
    assert_eq!(id(&record(&[], Some(body))), said("order.placed", "b-1", "b-2"));
    let bare = record(&[("event_type", "order.placed"), ("event_id", "")], Some("{}"));
    assert_eq!(id(&bare), said("order.placed", "orders/2/7", "orders/2/7"));

    let mut replayed = bare;
    replayed.headers.push(names::ORIGIN_TOPIC, "orders");
    replayed.headers.push(names::ORIGIN_PARTITION, "0");
    replayed.headers.push(names::ORIGIN_OFFSET, "3");
    replayed.headers.push(names::ORIGIN_TIMESTAMP, "9");
    assert_eq!(id(&replayed).1, "orders/0/3", "the first origin");
}

#[test]
fn routers_of_one_topic_are_taken_together() {
    async fn other(_: Payload<Charged>) {}
    let router = Router::new()
        .merge(Topic::json("orders").on(nothing).order(Order::None))
        .merge(Topic::json("orders").on(other).timeout(secs(9)))
        .merge(Topic::json("payments").on(other).named("second"));
    let endpoint = Driver::new(router).0;
    let names: Vec<_> = endpoint.topics().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["orders", "payments"]);
    assert_eq!(endpoint.policies().len(), 3 + 2 * 2);
    let routed = endpoint.route(&record(&[("event_type", "payment.charged")], None));
    assert_eq!(endpoint.policies()[routed.policy.0].timeout, secs(9));
}

fn any_record() -> impl Strategy<Value = Record> {
    let name = prop_oneof![
        Just("event_type"),
        Just("event_id"),
        Just("ce_type"),
        Just("ce_id"),
        Just("correlation_id"),
        Just(names::ORIGIN_TOPIC),
        Just(names::ORIGIN_OFFSET),
    ];
    let bytes = || {
        prop_oneof![
            any::<Vec<u8>>(),
            Just(b"order.placed".to_vec()),
            Just(br#"{"id":"x","event_type":"order.placed"}"#.to_vec()),
        ]
    };
    let value = proptest::option::of(bytes());
    (proptest::collection::vec((name, proptest::option::of(bytes())), 0..6), value).prop_map(
        |(headers, value)| {
            let headers = headers
                .into_iter()
                .map(|(name, value)| Header { name: name.into(), value: value.map(Into::into) });
            let mut record = record(&[], None);
            record.headers = headers.collect();
            record.value = value.map(Into::into);
            record
        },
    )
}

proptest! {
    /// Fault F16.
    #[test]
    fn any_record_has_an_identity_and_an_outcome(record in any_record()) {
        let driver = Driver::new(Topic::json("orders").on(nothing));
        let routed = driver.0.route(&record);
        prop_assert!((1..=EventId::MAX_LEN).contains(&routed.event_id.as_str().len()));
        prop_assert!(!routed.handler.is_empty());
        prop_assert_eq!(driver.0.policy(&record), routed.policy);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(driver.run(&record));
    }
}

/// What a record without an id emits must be readable: its origin is its id, and the correlation id of what follows.
#[test]
fn the_longest_origin_is_an_id_that_travels() {
    let topic = "t".repeat(crate::message::TopicName::MAX_LEN);
    let longest = format!("{topic}/{}/{}", u32::MAX, u64::MAX);
    assert!(longest.len() <= EventId::MAX_LEN, "{}", longest.len());
}
