//! Routes driven as the runtime does it: route, then call.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use tower_service::Service;

use crate::class::Failure;
use crate::consumer::core::Attempt as Past;
use crate::dead_letter::Death;
use crate::delivery::{Delivery, InboxSlot};
use crate::extract::{FromDelivery, Needs};
use crate::headers::{Header, Headers, names};
use crate::layer::HandlerService;
use crate::message::{NewRecord, Offset, Partition, Record, Timestamp, TopicName};
use crate::policy::Effects;
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
            record: Arc::new(record.clone()),
            event_id: routed.event_id.clone(),
            event_type: routed.event_type.clone(),
            correlation_id: routed.correlation_id.clone(),
            attempt: 1,
            group: "shop".into(),
            handler: routed.handler.clone(),
            inbox: InboxSlot::default(),
            dead: None,
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

async fn nothing(_: Payload<Placed>) {}

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

#[tokio::test]
async fn a_record_without_a_type_or_with_a_broken_header_is_undecodable() {
    let driver = Driver::new(Topic::json("orders").on(nothing));
    let mut broken = placed();
    broken.headers.set(names::EVENT_ID, &b"\xff\xfe"[..]);
    let mut long = placed();
    long.headers.set(names::CORRELATION_ID, "x".repeat(257));
    for (record, why) in [
        (record(&[], Some("{}")), "nor a field `event_type` in the body"),
        (record(&[], Some("nonsense")), "the body cannot tell: not valid JSON"),
        (record(&[], None), "the value is null"),
        (broken, "header `event_id` is not UTF-8"),
        (long, "header `correlation_id` is longer than 256 bytes"),
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

/// Writes down who was passed, in and out.
#[derive(Clone)]
struct Note(&'static str, Arc<Mutex<Vec<String>>>);

#[derive(Clone)]
struct Noting(HandlerService, Note);

impl tower_layer::Layer<HandlerService> for Note {
    type Service = Noting;
    fn layer(&self, inner: HandlerService) -> Noting {
        Noting(inner, self.clone())
    }
}

impl Service<Delivery> for Noting {
    type Response = Outcome;
    type Error = Infallible;
    type Future = crate::broker::BoxFuture<'static, Result<Outcome, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        let Note(name, notes) = self.1.clone();
        notes.lock().unwrap().push(format!("{name} in"));
        let inner = self.0.call(delivery);
        Box::pin(async move {
            let outcome = inner.await;
            notes.lock().unwrap().push(format!("{name} out"));
            outcome
        })
    }
}

#[tokio::test]
async fn layers_go_round_the_handlers_before_them_like_an_onion() {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let note = |name| Note(name, notes.clone());
    async fn other(_: Payload<Charged>) {}
    let router = Router::new().merge(
        Topic::json("orders").on(nothing).layer(note("first")).layer(note("last")).on(other),
    );
    let driver = Driver::new(router);
    driver.run(&placed()).await;
    assert_eq!(*notes.lock().unwrap(), ["last in", "first in", "first out", "last out"]);
    notes.lock().unwrap().clear();
    driver.run(&record(&[("event_type", "payment.charged")], Some(r#"{"id":"a"}"#))).await;
    assert!(notes.lock().unwrap().is_empty(), "added after the layers");
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

/// An extractor that declares that it needs a store.
struct NeedsInbox;

impl<S: Sync> FromDelivery<S> for NeedsInbox {
    type Rejection = Infallible;
    async fn from_delivery(_: &Delivery, _: &S) -> Result<Self, Infallible> {
        Ok(Self)
    }
    fn needs(needs: &mut Needs) {
        needs.inbox();
    }
}

fn codes<S: Clone + Send + Sync + 'static>(router: &Router<S>) -> Vec<&'static str> {
    router.findings().iter().map(|finding| finding.code).collect()
}

#[test]
fn all_findings_come_at_once_each_with_a_remedy() {
    async fn with_inbox(_: Payload<Charged>, _: NeedsInbox) {}
    async fn with_two(_: Payload<Charged>, _: NeedsInbox, _: NeedsInbox) {}
    let router: Router = Router::new()
        .merge(
            Topic::json("orders")
                .on(nothing)
                .retry(Retry::exponential(secs(9), secs(1)).attempts(0))
                .timeout(Duration::ZERO)
                .on(nothing)
                .named("x/dead")
                .skip([Placed::TYPE])
                .unknown(Unknown::Skip),
        )
        .merge(Topic::json("no topic").on(with_inbox))
        .merge(Topic::json("orders").on(with_two).unknown(Unknown::DeadLetter));
    let findings = router.findings();
    let mut codes = codes(&router);
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            "TG0001", "TG0002", "TG0003", "TG0004", "TG0004", "TG0005", "TG0006", "TG0007",
            "TG0009", "TG0010", "TG0012", "TG0013"
        ]
    );
    assert!(findings.iter().all(|finding| !finding.remedy.is_empty()));
    assert_eq!(self::codes(&Router::<()>::new()), ["TG0008"]);
}

#[test]
fn a_handler_with_an_inbox_is_transactional() {
    async fn with_inbox(_: Payload<Placed>, _: NeedsInbox) {}
    async fn dead_with_inbox(_: DeadLetter<Placed>, _: NeedsInbox) {}
    let effects = |router: TopicRouter<_, (), Placed>| {
        router.into_router().into_endpoint().policies()[0].effects
    };
    use crate::router::TopicRouter;
    assert_eq!(effects(Topic::json("orders").on(nothing)), Effects::AtLeastOnce);
    assert_eq!(effects(Topic::json("orders").on(with_inbox)), Effects::Transactional);
    let dead = Topic::json("orders").on(nothing).on_dead_letter(dead_with_inbox);
    assert_eq!(effects(dead), Effects::Transactional);
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
        prop_assert!((1..=256).contains(&routed.event_id.as_str().len()));
        prop_assert!(!routed.handler.is_empty());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(driver.run(&record));
    }
}
