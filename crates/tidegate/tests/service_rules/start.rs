//! Start-up checks, and where a group begins.

use std::sync::Arc;
use std::time::Duration;

use tidegate::Error;
use tidegate::broker::NewTopic;
use tidegate::inbox::StoreError;
use tidegate::message::{Timestamp, TopicName};
use tidegate::prelude::*;
use tidegate::service::CreateTopics;
use tidegate::testing::TestService;

use crate::common::{Do, Script, record, scripted};
use crate::flaky::Flaky;

fn routes(script: &Arc<Script>) -> Router {
    Topic::json("orders").on(scripted).with_state(script.clone())
}

fn topic(name: &str) -> TopicName {
    TopicName::new(name).unwrap()
}

/// The codes of everything that is found, in order.
async fn codes(service: Service<StartFrom>) -> Vec<&'static str> {
    let run = service.run_until(std::future::pending());
    match tokio::time::timeout(Duration::from_secs(30), run).await {
        Ok(Err(Error::Refused(found))) => found.iter().map(|finding| finding.code).collect(),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn on(broker: Broker) -> Service<StartFrom> {
    Service::new("test", broker).start_from(StartFrom::Earliest)
}

#[tokio::test]
async fn all_findings_come_at_once_and_nothing_was_created() {
    let broker = Broker::in_memory();
    let service = on(broker.clone())
        .route(routes(&Script::of(&[])))
        .drain(secs(200))
        .concurrency(0)
        .dead_letter_topic("ordesr", "typo");
    assert_eq!(codes(service).await, ["TG0021", "TG0022", "TG0025"]);
    assert_eq!(broker.topics().await.unwrap(), []);
}

#[tokio::test]
async fn a_setting_with_which_nothing_could_run_is_refused() {
    let zero = || on(Broker::in_memory()).route(routes(&Script::of(&[])));
    let services = [
        zero().lanes(0),
        zero().buffer(0, 1),
        zero().buffer(1, 0),
        zero().session_timeout(Duration::ZERO),
    ];
    for service in services {
        assert_eq!(codes(service).await, ["TG0022"]);
    }
}

#[tokio::test]
async fn a_service_without_routes_and_name_is_refused() {
    let found = codes(Service::new("", Broker::in_memory()).start_from(StartFrom::Latest)).await;
    assert_eq!(found, ["TG0008", "TG0020"]);
}

#[tokio::test]
async fn elsewhere_than_on_the_embedded_log_missing_topics_are_findings() {
    let service = on(Flaky::new().broker()).route(routes(&Script::of(&[])));
    assert_eq!(codes(service).await, ["TG0026", "TG0027"]);
    let never = on(Broker::in_memory()).create_topics(CreateTopics::Never);
    assert_eq!(codes(never.route(routes(&Script::of(&[])))).await, ["TG0026", "TG0027"]);
}

#[tokio::test]
async fn a_retry_topic_that_cannot_be_one_is_a_finding() {
    let service = || on(Broker::in_memory()).route(routes(&Script::of(&[])));
    assert_eq!(codes(service().retry_topics("{topic} retry")).await, ["TG0032"]);
    for other in ["orders", "orders.test.dlq"] {
        assert_eq!(codes(service().retry_topic("orders", other)).await, ["TG0033"], "{other}");
    }
    let never = service().create_topics(CreateTopics::Never).retry_topics("{topic}.retry");
    assert_eq!(codes(never).await, ["TG0026", "TG0027", "TG0034"]);
}

/// Rule 23: nothing would hold the key.
#[tokio::test]
async fn a_key_that_nothing_could_hold_is_a_finding() {
    let holding = |order| {
        let routes = Topic::json("orders").on(scripted).order(order);
        let routes = routes.after_dead_letter(AfterDeadLetter::HoldKey);
        on(Broker::in_memory()).route(routes.with_state(Script::of(&[])))
    };
    assert_eq!(codes(holding(Order::Key)).await, ["TG0036"]);
    for order in [Order::Partition, Order::None] {
        assert_eq!(codes(holding(order).retry_topics("{topic}.retry")).await, ["TG0036"]);
    }
}

/// Rules 5, 12, 22: a schedule in such a topic would lose what waits in it, or have no room for it.
#[tokio::test]
async fn a_retry_topic_that_is_not_as_it_must_be_is_a_finding() {
    let room = NewTopic::DEFAULT_MAX_MESSAGE_BYTES + 65_536;
    let roomy = |partitions| NewTopic {
        max_message_bytes: Some(room),
        ..NewTopic::new(topic("retries"), partitions).compacted()
    };
    let wrong = [
        NewTopic { max_message_bytes: Some(room), ..NewTopic::new(topic("retries"), 3) },
        NewTopic { max_message_bytes: Some(room - 1), ..roomy(3) },
        roomy(2),
    ];
    for companion in wrong {
        let broker = Broker::in_memory();
        let source = NewTopic::new(topic("orders"), 3);
        broker.create_topics(vec![source, companion.clone()]).await;
        let service = on(broker).route(routes(&Script::of(&[]))).retry_topic("orders", "retries");
        assert_eq!(codes(service).await, ["TG0035"], "{companion:?}");
    }
}

#[tokio::test]
async fn rule_34_dead_letters_must_not_go_to_a_topic_that_is_read() {
    let service = on(Broker::in_memory()).route(routes(&Script::of(&[]))).dead_letters("{topic}");
    assert_eq!(codes(service).await, ["TG0024"]);
}

#[tokio::test]
async fn a_dead_letter_topic_without_a_legal_name_is_a_finding() {
    let service =
        on(Broker::in_memory()).route(routes(&Script::of(&[]))).dead_letters("{topic} dlq");
    assert_eq!(codes(service).await, ["TG0023"]);
}

#[tokio::test]
async fn rule_5_a_dead_letter_topic_needs_room_for_what_comes_on_top() {
    let broker = Broker::in_memory();
    broker.create_topics(vec![NewTopic::new(topic("orders.test.dlq"), 1)]).await;
    let service = on(broker).route(routes(&Script::of(&[])));
    assert_eq!(codes(service).await, ["TG0028"]);
}

#[tokio::test]
async fn rule_5_dead_letter_topics_are_created_with_room_and_as_many_partitions() {
    let broker = Broker::in_memory();
    let mut source = NewTopic::new(topic("orders"), 5);
    source.max_message_bytes = Some(1000);
    broker.create_topics(vec![source]).await;
    let service = on(broker.clone()).route(routes(&Script::of(&[])));
    let health = service.health();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let run = service.run_until(async { drop(stopped.await) });
    let look = async {
        while health.snapshot().assigned.len() < 5 {
            tokio::task::yield_now().await;
        }
        drop(stop);
    };
    let (ended, ()) = tokio::join!(run, look);
    ended.unwrap();
    let topics = broker.topics().await.unwrap();
    let dead = topics.iter().find(|t| t.name.as_str() == "orders.test.dlq").unwrap();
    assert_eq!((dead.partitions, dead.max_message_bytes), (5, 1000 + 65_536));
}

#[tokio::test]
async fn a_store_that_cannot_be_prepared_is_a_finding() {
    let store = crate::start::Closed;
    let routes = Topic::json("orders").on(crate::start::uses_it).inbox(Arc::new(store));
    assert_eq!(codes(on(Broker::in_memory()).route(routes)).await, ["TG0029"]);
}

async fn uses_it(_: Payload<crate::common::Ordered>, _tx: Inbox<Sqlite>) {}

/// A store whose file is not writable.
#[derive(Debug)]
struct Closed;

impl tidegate::inbox::InboxStore for Closed {
    fn name(&self) -> String {
        "closed.db".into()
    }
    fn prepare(&self) -> tidegate::broker::BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Err(StoreError::Broken("read-only".into())) })
    }
    fn own<'a>(
        &'a self,
        _: &'a str,
        _: &'a tidegate::message::TopicPartition,
    ) -> tidegate::broker::BoxFuture<'a, Result<i64, StoreError>> {
        unreachable!("it was refused")
    }
    fn claim(
        &self,
        _: tidegate::inbox::Claim,
    ) -> tidegate::broker::BoxFuture<'_, Result<tidegate::inbox::Claimed, StoreError>> {
        unreachable!("it was refused")
    }
    fn owed<'a>(
        &'a self,
        _: &'a tidegate::inbox::Claim,
    ) -> tidegate::broker::BoxFuture<'a, Result<Vec<tidegate::inbox::OutboxRow>, StoreError>> {
        unreachable!("it was refused")
    }
    fn strike<'a>(
        &'a self,
        _: &'a tidegate::inbox::Claim,
        _: &'a [u32],
    ) -> tidegate::broker::BoxFuture<'a, Result<(), StoreError>> {
        unreachable!("it was refused")
    }
    fn health(&self) -> tidegate::broker::BoxFuture<'_, Result<(), StoreError>> {
        unreachable!("it was refused")
    }
}

/// What a new group handles of three records that are there already, stamped 1, 2 and 3 s after the epoch.
async fn handled_from(start: StartFrom) -> Vec<String> {
    let broker = Broker::in_memory();
    broker.create_topics(vec![NewTopic::new(topic("orders"), 1)]).await;
    for n in 1..=3 {
        let mut old = record("orders", &format!("e-{n}"), &format!("old-{n}"));
        old.timestamp = Some(Timestamp(n * 1000));
        broker.publish(vec![old]).await.remove(0).unwrap();
    }
    let script = Script::of(&[Do::Work]);
    let t = TestService::builder(routes(&script)).broker(broker).start_from(start).start().await;
    t.until("assigned", |t| t.health().snapshot().assigned.len() == 1).await;
    t.publish_record(record("orders", "e-4", "new")).await;
    t.settled().await;
    t.assert_conserved();
    script.seen()
}

#[tokio::test]
async fn rule_7_a_new_group_starts_where_it_was_told() {
    assert_eq!(handled_from(StartFrom::Earliest).await, ["old-1", "old-2", "old-3", "new"]);
    assert_eq!(handled_from(StartFrom::Latest).await, ["new"]);
    let second = StartFrom::At(Timestamp(1500));
    assert_eq!(handled_from(second).await, ["old-2", "old-3", "new"]);
    let never = StartFrom::At(Timestamp(i64::MAX));
    assert_eq!(handled_from(never).await, ["new"]);
}

/// Asked to stop before it has begun, it begins nothing: not even the checks, which would refuse it.
#[tokio::test]
async fn a_stop_before_the_group_is_joined_ends_at_once() {
    for lanes in [0, 1] {
        let broker = Broker::in_memory();
        let service = on(broker.clone()).route(routes(&Script::of(&[]))).lanes(lanes);
        let health = service.health();
        let run = service.run_until(std::future::ready(()));
        tokio::time::timeout(Duration::from_secs(30), run).await.unwrap().unwrap();
        assert_eq!(broker.topics().await.unwrap(), []);
        assert_eq!(health.snapshot().phase, tidegate::health::Phase::Stopped);
    }
}
