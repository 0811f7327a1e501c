//! How far a service is, and what stands in its way.

use std::time::Duration;

use tidegate::class::{Class, Classify};
use tidegate::metrics::Metrics;
use tidegate::prelude::*;
use tidegate::testing::TestService;

use crate::support::{Ordered, Scrape, charge, gate, order};

/// Another attempt follows in an hour.
#[derive(Debug, thiserror::Error)]
#[error("later")]
struct Later;

impl Classify for Later {
    fn class(&self) -> Class {
        Class::TransientAfter(secs(3_600))
    }
}

async fn fails_at_first(
    Payload(_): Payload<Ordered>,
    Attempt(attempt): Attempt,
) -> Result<(), Later> {
    if attempt == 1 { Err(Later) } else { Ok(()) }
}

#[tokio::test]
async fn what_waits_in_the_schedule_is_counted_and_the_next_of_it_is_told() {
    let metrics = Metrics::new();
    let routes = Topic::json("orders").on(fails_at_first).retry(Retry::default().in_place(0));
    let builder = TestService::builder(routes.with_state(())).metrics(&metrics);
    let t = builder.retry_topics("{topic}.{group}.retry").start().await;
    let scheduled = || Scrape::of(&metrics).sum("tidegate_scheduled_records");
    t.publish("orders", &order("waits")).await;
    t.until("it has failed", |t| t.health().snapshot().outcomes.retried == 1).await;
    // What is written down each second is looked at meanwhile.
    for _ in 0..100 {
        t.advance(secs(1));
        if scheduled() == 1.0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let due = Scrape::of(&metrics).sum("tidegate_schedule_next_due_seconds");
    assert_eq!(scheduled(), 1.0);
    assert!((3_400.0..=3_600.0).contains(&due), "{due}");
    let told = metrics.scheduled("test");
    assert_eq!((told.len(), told[0].records), (1, 1), "{told:?}");
    let left = told[0].next_due.unwrap();
    assert!((secs(3_400)..=secs(3_600)).contains(&left), "{left:?}");
    t.settled().await;
    t.advance(secs(2));
    t.until("nothing waits", |_| scheduled() == 0.0).await;
    assert_eq!(metrics.scheduled("test"), []);
    assert_eq!(metrics.scheduled("of nobody"), []);
}

async fn dies(Payload(_): Payload<Ordered>) -> Result<(), Permanent> {
    Err(Permanent::new("no such customer"))
}

#[tokio::test]
async fn a_key_that_is_held_is_counted_and_is_no_record_that_waits() {
    let metrics = Metrics::new();
    let routes = Topic::json("orders").on(dies).after_dead_letter(AfterDeadLetter::HoldKey);
    let builder = TestService::builder(routes.with_state(())).metrics(&metrics);
    let t = builder.retry_topics("{topic}.{group}.retry").start().await;
    t.publish("orders", &order("dies")).await;
    t.settled().await;
    t.advance(secs(2));
    let held = || Scrape::of(&metrics).sum("tidegate_held_keys");
    t.until("its key is held", |_| held() == 1.0).await;
    assert_eq!(Scrape::of(&metrics).sum("tidegate_scheduled_records"), 0.0);
    assert_eq!(metrics.scheduled("test"), []);
}

const LAG_SECONDS: &str = "tidegate_lag_seconds";
const IN_FLIGHT: &str = "tidegate_records_in_flight{group=\"test\",topic=\"orders\"}";

#[tokio::test]
async fn a_record_that_waits_is_in_flight_and_grows_old() {
    let (metrics, gate) = (Metrics::new(), gate());
    let routes = Topic::json("orders").on(charge).with_state(gate.clone());
    let t = TestService::builder(routes).metrics(&metrics).start().await;
    for _ in 0..2 {
        t.publish("orders", &order("waits")).await;
    }
    t.until("both are there", |_| Scrape::of(&metrics).value(IN_FLIGHT) == 2.0).await;
    t.advance(secs(20));
    // It was published a moment of real time after the clock of the test began.
    t.until("its age is seen", |_| Scrape::of(&metrics).sum(LAG_SECONDS) >= 15.0).await;
    metrics.sample().await;
    assert_eq!(
        Scrape::of(&metrics).sum("tidegate_lag_records"),
        2.0,
        "the first stands, and the second behind it"
    );
    gate.add_permits(2);
    t.settled().await;
    t.advance(secs(2));
    t.until("nothing is old", |_| Scrape::of(&metrics).sum(LAG_SECONDS) == 0.0).await;
    assert_eq!(Scrape::of(&metrics).value(IN_FLIGHT), 0.0);
    assert_histograms(&Scrape::of(&metrics));
}

/// One record ran for 20 s, the other waited behind it for as long.
fn assert_histograms(told: &Scrape) {
    let (handler, topic) =
        ("group=\"test\",handler=\"order.created\"", "group=\"test\",topic=\"orders\"");
    let within = |metric: &str, labels: &str, at_most: &str| {
        told.value(&format!("tidegate_{metric}_bucket{{{labels},le=\"{at_most}\"}}"))
    };
    let sum =
        |metric: &str, labels: &str| told.value(&format!("tidegate_{metric}_sum{{{labels}}}"));
    let (took, age) = ("attempt_duration_seconds", "record_age_seconds");
    assert_eq!((within(took, handler, "10"), within(took, handler, "30")), (1.0, 2.0));
    assert!((20.0..21.0).contains(&sum(took, handler)), "{}", sum(took, handler));
    assert_eq!((within(age, topic, "10"), within(age, topic, "30")), (0.0, 2.0));
    assert!((30.0..50.0).contains(&sum(age, topic)), "{}", sum(age, topic));
    let (wait, group) = ("lane_wait_seconds", "group=\"test\"");
    assert_eq!(within(wait, group, "10"), 2.0, "none was on a lane before it could begin");
}

#[tokio::test]
async fn an_outage_pauses_its_partition_and_says_why() {
    let (metrics, gate) = (Metrics::new(), gate());
    let routes = Topic::json("orders").on(charge).order(Order::Partition).with_state(gate.clone());
    let t = TestService::builder(routes).metrics(&metrics).start().await;
    t.publish("orders", &order("down")).await;
    let paused =
        |reason| format!("tidegate_partitions_paused{{group=\"test\",reason=\"{reason}\"}}");
    t.until("it is found out", |_| {
        Scrape::of(&metrics).value("tidegate_events_total{group=\"test\",event=\"outage_paused\"}")
            >= 1.0
    })
    .await;
    t.advance(secs(2));
    t.until("it stands", |_| Scrape::of(&metrics).value(&paused("outage")) == 1.0).await;
    let told = Scrape::of(&metrics);
    assert_eq!(told.value("tidegate_ready{group=\"test\"}"), 0.0);
    assert_eq!(told.value(&paused("budget")), 0.0, "for no other reason");
    let outages =
        "tidegate_attempts_total{group=\"test\",handler=\"order.created\",result=\"outage\"}";
    assert!(told.value(outages) >= 1.0);
    gate.add_permits(1);
    t.settled().await;
    t.advance(secs(2));
    t.until("it goes on", |_| Scrape::of(&metrics).value(&paused("outage")) == 0.0).await;
}

async fn member(broker: &Broker, metrics: &Metrics) -> TestService {
    let routes = Topic::json("orders").on(charge).with_state(gate());
    let t = TestService::builder(routes).broker(broker.clone()).shares_group().partitions(4);
    t.metrics(metrics).start().await
}

fn owned(metrics: &Metrics) -> f64 {
    Scrape::of(metrics).sum("tidegate_partitions_assigned")
}

/// Two members that tell the lag of one partition would have it counted twice.
#[tokio::test]
async fn what_moves_to_another_member_is_told_by_its_owner_alone_and_counters_stay() {
    let (broker, mine, theirs) = (Broker::in_memory(), Metrics::new(), Metrics::new());
    let a = member(&broker, &mine).await;
    a.until("all", |_| owned(&mine) == 4.0).await;
    for n in 0..40 {
        a.publish("orders", &order(&format!("o-{n}"))).await;
    }
    a.settled().await;
    let before = Scrape::of(&mine);
    let b = member(&broker, &theirs).await;
    a.until("half each", |_| owned(&mine) == 2.0 && owned(&theirs) == 2.0).await;
    tokio::join!(mine.sample(), theirs.sample());
    let (one, other) = (Scrape::of(&mine), Scrape::of(&theirs));
    let of = |told: &Scrape| {
        told.of_metric("tidegate_lag_records").into_keys().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!((of(&one).len(), of(&other).len()), (2, 2));
    assert!(of(&one).iter().all(|series| !of(&other).contains(series)));
    let given_back = "tidegate_partitions_ended_total{group=\"test\",how=\"given_back\"}";
    assert!(one.value(given_back) >= 2.0);
    let rebalances = |told: &Scrape| told.value("tidegate_rebalances_total{group=\"test\"}");
    assert!(rebalances(&one) > rebalances(&before));
    let counters =
        before.0.iter().filter(|(series, _)| series.split('{').next().unwrap().ends_with("_total"));
    for (series, value) in counters {
        assert!(one.value(series) >= *value, "{series} went down");
    }
    drop((a, b));
}

#[tokio::test]
async fn commits_go_on_in_idle_partitions_and_their_age_is_told() {
    let metrics = Metrics::new();
    let routes = Topic::json("orders").on(charge).with_state(gate());
    let t = TestService::builder(routes).partitions(1).metrics(&metrics).start().await;
    let age = "tidegate_commit_age_seconds{group=\"test\",topic=\"orders\",partition=\"0\"}";
    t.advance(secs(2));
    t.until("it has committed", |_| Scrape::of(&metrics).get(age).is_some()).await;
    t.advance(secs(60));
    let commits_again = |t: &TestService| {
        t.advance(secs(1)); // what is told is written down once a second
        Scrape::of(&metrics).value(age) < 5.0
    };
    t.until("it commits again", commits_again).await;
}

/// Rule 17: also in what metrics say.
#[tokio::test]
async fn rule_17_a_service_that_has_stopped_says_so_and_owns_nothing() {
    let metrics = Metrics::new();
    let routes = Topic::json("orders").on(charge).with_state(gate());
    let mut t = TestService::builder(routes).metrics(&metrics).start().await;
    t.until("it is ready", |_| Scrape::of(&metrics).value("tidegate_ready{group=\"test\"}") == 1.0)
        .await;
    t.stop().await.unwrap();
    let told = Scrape::of(&metrics);
    assert_eq!(told.value("tidegate_phase{group=\"test\",phase=\"stopped\"}"), 1.0);
    assert_eq!(told.value("tidegate_phase{group=\"test\",phase=\"running\"}"), 0.0);
    assert_eq!((told.value("tidegate_ready{group=\"test\"}"), owned(&metrics)), (0.0, 0.0));
    assert!(told.of_metric("tidegate_lag_seconds").is_empty());
}
