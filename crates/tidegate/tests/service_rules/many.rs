//! Several services in one process, and the member's own pulse.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tidegate::broker::NewTopic;
use tidegate::class::Class;
use tidegate::events::RuntimeEvent;
use tidegate::health::Phase;
use tidegate::message::TopicName;
use tidegate::prelude::*;
use tidegate::service::Services;
use tokio_util::sync::CancellationToken;

use crate::common::{Ordered, Scripted, order};

type Count = State<Arc<AtomicUsize>>;

async fn counts(_: Payload<Ordered>, State(count): Count) {
    count.fetch_add(1, Ordering::SeqCst);
}

async fn gives_up(_: Payload<Ordered>) -> Result<(), Scripted> {
    Err(Scripted(Class::Fatal))
}

fn service(group: &str, broker: &Broker, routes: impl IntoRouter) -> Service<StartFrom> {
    Service::new(group, broker.clone()).start_from(StartFrom::Earliest).route(routes)
}

async fn publish(broker: &Broker, count: usize) {
    let publisher = Publisher::new(broker.clone());
    for n in 0..count {
        publisher.publish("orders", order(&format!("o-{n}"))).await.unwrap();
    }
}

async fn topic(broker: &Broker) {
    let made =
        broker.create_topics(vec![NewTopic::new(TopicName::new("orders").unwrap(), 2)]).await;
    made[0].as_ref().unwrap();
}

async fn until(holds: impl Fn() -> bool) {
    let all = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("within a minute");
}

#[tokio::test]
async fn each_group_gets_every_record_and_all_stop_together() {
    let (broker, counted) = (Broker::in_memory(), [(); 2].map(|()| Arc::<AtomicUsize>::default()));
    topic(&broker).await;
    publish(&broker, 30).await;
    let routes = |n: usize| Topic::json("orders").on(counts).with_state(counted[n].clone());
    let services = Services::new().with(service("billing", &broker, routes(0))).with(service(
        "search",
        &broker,
        routes(1),
    ));
    let (health, stop) = (services.health(), CancellationToken::new());
    let mut running = tokio::task::JoinSet::new();
    running.spawn(services.run_until(stop.clone().cancelled_owned()));
    until(|| counted.iter().all(|count| count.load(Ordering::SeqCst) == 30)).await;
    assert_eq!(health.len(), 2);
    stop.cancel();
    running.join_next().await.unwrap().unwrap().unwrap();
    assert!(health.iter().all(|health| !health.readiness().is_ready()));
}

#[tokio::test]
async fn when_one_fails_the_others_are_drained_and_it_is_said_why() {
    let (broker, count) = (Broker::in_memory(), Arc::<AtomicUsize>::default());
    topic(&broker).await;
    publish(&broker, 1).await;
    let services = Services::new()
        .with(service("works", &broker, Topic::json("orders").on(counts).with_state(count)))
        .with(service("fails", &broker, Topic::json("orders").on(gives_up)));
    let error = services.run_until(std::future::pending()).await.unwrap_err();
    assert!(matches!(error, tidegate::Error::Stopped { .. }), "{error}");
    assert!(error.to_string().contains("group fails: "), "{error}");
}

/// One's observer is nobody else's: what the others have begun is finished and committed, and the error says whose it was.
#[tokio::test]
async fn a_panic_of_ones_observer_drains_the_others_and_it_is_said_whose_it_was() {
    let (broker, count) = (Broker::in_memory(), Arc::<AtomicUsize>::default());
    topic(&broker).await;
    publish(&broker, 1).await;
    let panics = |event: &RuntimeEvent| {
        assert!(!matches!(event, RuntimeEvent::Settled { .. }), "seen\tenough");
    };
    let routes = || Topic::json("orders").on(counts).with_state(count.clone());
    let services = Services::new()
        .with(service("works", &broker, routes()))
        .with(service("panics", &broker, routes()).observe(panics));
    let health = services.health();
    let error = services.run_until(std::future::pending()).await.unwrap_err();
    assert_eq!(error.to_string(), "the service of group panics panicked: seen\\tenough");
    assert!(health[0].readiness().reasons().eq(["the service has stopped"]));
    assert!(health[1].readiness().reasons().eq([format!("the service has stopped: {error}")]));
    assert_eq!(health[0].snapshot().in_flight, 0);
}

/// Alone it is an error too, and not a panic of whoever runs it.
#[tokio::test]
async fn a_panic_of_the_only_services_observer_is_its_error() {
    let (broker, count) = (Broker::in_memory(), Arc::<AtomicUsize>::default());
    topic(&broker).await;
    publish(&broker, 1).await;
    let panics = |event: &RuntimeEvent| {
        assert!(!matches!(event, RuntimeEvent::Settled { .. }), "seen\tenough");
    };
    let routes = Topic::json("orders").on(counts).with_state(count);
    let service = service("panics", &broker, routes).observe(panics);
    let health = service.health();
    let error = service.run_until(std::future::pending()).await.unwrap_err();
    assert_eq!(error.to_string(), "the service of group panics panicked: seen\\tenough");
    assert!(health.readiness().reasons().eq([format!("the service has stopped: {error}")]));
}

#[tokio::test]
async fn a_refusal_names_its_group_once_alone_and_among_others() {
    let broker = Broker::in_memory();
    let refused = || service("billing", &broker, Topic::json("orders").on(gives_up)).lanes(0);
    let alone = refused().run_until(std::future::pending()).await.unwrap_err();
    let services = Services::new().with(refused());
    let among_others = services.run_until(std::future::pending()).await.unwrap_err();
    for error in [alone, among_others] {
        let said = error.to_string();
        assert_eq!(said.matches("group `billing`").count(), 1, "{said}");
    }
}

#[tokio::test]
async fn all_findings_of_all_services_come_at_once_and_nothing_is_made() {
    let broker = Broker::in_memory();
    let good = service("good", &broker, Topic::json("orders").on(gives_up));
    let no_name = service("", &broker, Topic::json("orders").on(gives_up));
    let no_lanes = service("lanes", &broker, Topic::json("orders").on(gives_up)).lanes(0);
    let again = service("good", &broker, Topic::json("orders").on(gives_up));
    let services = Services::new().with(good).with(no_name).with(no_lanes).with(again);
    let health = services.health();
    let error = services.run_until(std::future::pending()).await.unwrap_err().to_string();
    assert!(error.contains("TG0031"), "{error}");
    assert!(error.contains("TG0020 group ``") && error.contains("TG0022 group `lanes`"), "{error}");
    for health in health {
        assert!(health.readiness().reasons().eq([format!("the service has stopped: {error}")]));
    }
    assert_eq!(broker.topics().await.unwrap().len(), 0);
    let none = Services::new().run_until(std::future::pending()).await.unwrap_err();
    assert!(none.to_string().contains("TG0008"), "{none}");
}

/// Asked to stop while none of them has begun, none begins: not even the checks, which would refuse one of them. And rule 17:
/// they do not look as if they were still to come.
#[tokio::test]
async fn a_stop_before_the_start_is_heard() {
    let broker = Broker::in_memory();
    let routes = || Topic::json("orders").on(gives_up);
    let refused = service("refused", &broker, routes()).lanes(0);
    let services = Services::new().with(service("good", &broker, routes())).with(refused);
    let health = services.health();
    services.run_until(std::future::ready(())).await.unwrap();
    assert!(health.iter().all(|health| health.snapshot().phase == Phase::Stopped));
    assert_eq!(broker.topics().await.unwrap(), []);
}

/// The broker is asked before there is a group to join; the error says for which.
#[tokio::test]
async fn a_broker_that_cannot_be_asked_is_an_error_that_names_the_group() {
    let broker = Broker::in_memory();
    broker.close().await;
    let billing = || service("billing", &broker, Topic::json("orders").on(gives_up));
    let alone = billing().run_until(std::future::pending()).await.unwrap_err();
    let services = Services::new().with(billing());
    let among_others = services.run_until(std::future::pending()).await.unwrap_err();
    for error in [alone, among_others] {
        assert!(error.to_string().contains("group billing"), "{error:?}");
    }
}
