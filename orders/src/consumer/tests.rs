//! The consumer as a whole, with the gateway scripted.

use std::time::Duration;

use axum::http::StatusCode;
use tidegate::dead_letter::Letter;
use tidegate::message::NewRecord;
use tidegate::testing::Saw;

use super::http::{View, router};
use super::testing::{Bench, Call, order, record, topic};
use crate::gateway::client::ChargeError;
use crate::http::testing::{call, get};
use crate::model::Database;
use crate::model::testing::on_each_database;
use crate::order::{
    Cancelled, Completed, Created, Order, OrderCompleted, OrderFailed, OrderStatus, Updated,
};

fn created(id: &str, product: &str) -> NewRecord {
    record::<Created>(&format!("e-{id}"), order(id, product))
}

/// What became of an order's events, whichever was first: what is skipped by name waits for nobody.
fn outcomes(bench: &Bench, key: &str) -> Vec<Saw> {
    let mut outcomes = bench.service.outcomes(key);
    outcomes.sort_by_key(|saw| *saw == Saw::Skipped);
    outcomes
}

fn letters(bench: &Bench) -> Vec<Letter> {
    bench.service.dead_letters()
}

on_each_database!(
    an_order_is_charged_completed_and_announced,
    every_word_of_the_simulation_ends_as_it_says,
    rules_3_and_4_a_failed_order_is_lettered_marked_and_announced,
    rule_28_a_duplicate_is_neither_charged_nor_announced_again,
    rule_31_a_duplicate_of_a_dead_letter_is_not_lettered_again,
    another_event_of_a_completed_order_is_not_charged,
    an_order_that_was_cancelled_first_is_not_charged_and_stays_cancelled,
    a_cancellation_ends_a_completed_and_a_failed_order,
    an_update_changes_the_orders_data,
    a_gateway_that_is_down_pauses_and_spends_no_attempt,
    a_busy_gateway_is_asked_again_and_a_declined_charge_is_final,
    what_breaks_a_rule_is_lettered_and_never_charged,
    what_nobody_knows_or_can_read_is_lettered_as_it_is,
    foreign_results_are_skipped_by_name,
    a_crash_after_the_charge_charges_once,
    rules_20_and_23_a_failing_order_waits_in_the_retry_topic_and_its_later_events_behind_it,
    metrics_count_outcomes_lag_and_holes,
    readiness_names_what_is_down_and_a_stopped_consumer_is_not_ready,
    breaker_routes_are_not_there,
);

async fn an_order_is_charged_completed_and_announced(on: Database) {
    let bench = Bench::new(on).await;
    bench.publish([created("o-1", "book")]).await;
    assert_eq!(bench.status("o-1").await, Some((OrderStatus::Completed, None)));
    assert_eq!(bench.history("o-1").await, [OrderStatus::Pending, OrderStatus::Completed]);
    assert_eq!(bench.gateway.calls(), [Call { event_id: "e-o-1".into(), attempt: 1 }]);
    let completed = bench.service.emitted::<OrderCompleted>("orders");
    assert_eq!(completed.len(), 1);
    assert_eq!(completed[0].order().status, OrderStatus::Completed);
    assert_eq!(completed[0].correlation_id, "c-1");
    // The consumer reads what it has emitted, and skips it by name.
    assert_eq!(outcomes(&bench, "o-1"), [Saw::Done, Saw::Skipped]);
}

async fn every_word_of_the_simulation_ends_as_it_says(on: Database) {
    use OrderStatus::{Completed, Failed};
    for (product, attempts, status, reason) in [
        ("fail-transient-2", 3, Completed, None),
        ("fail-transient-3", 3, Failed, Some("attempt 3 of 3")),
        ("fail-always", 3, Failed, Some("fail-always")),
        ("fail-permanent", 1, Failed, Some("fail-permanent")),
        ("fail-until-replay", 1, Failed, Some("no replay")),
        ("slow-1", 1, Completed, None),
        ("poison", 3, Failed, Some("panicked: poison")),
        ("poison-data", 3, Failed, Some("its text may hold data")),
        // Without ALLOW_CRASH it is a product like any other.
        ("crash", 1, Completed, None),
    ] {
        let bench = Bench::new(on).await;
        bench.publish([created("o-1", product)]).await;
        let (is, why) = bench.status("o-1").await.unwrap();
        assert_eq!(is, status, "{product}: {why:?}");
        let why = why.unwrap_or_default();
        assert!(why.contains(reason.unwrap_or_default()), "{product}: {why}");
        // All of them fail after the charge, and every attempt offers the same key.
        let expected = (1..=attempts).map(|attempt| Call { event_id: "e-o-1".into(), attempt });
        assert_eq!(bench.gateway.calls(), expected.collect::<Vec<_>>(), "{product}");
        assert_eq!(bench.gateway.performed(), 1, "{product}");
    }
}

async fn rules_3_and_4_a_failed_order_is_lettered_marked_and_announced(on: Database) {
    let bench = Bench::new(on).await;
    bench.publish([created("o-1", "fail-permanent")]).await;
    let letters = letters(&bench);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].event_id.as_str(), "e-o-1");
    assert_eq!(letters[0].class.as_deref(), Some("permanent"));
    let failed = bench.service.emitted::<OrderFailed>("orders");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].reason(), letters[0].reason.as_deref());
    assert_eq!(outcomes(&bench, "o-1"), [Saw::Dead, Saw::Skipped]);
    assert_eq!(bench.history("o-1").await, [OrderStatus::Pending, OrderStatus::Failed]);
}

async fn rule_28_a_duplicate_is_neither_charged_nor_announced_again(on: Database) {
    let bench = Bench::new(on).await;
    bench.publish([created("o-1", "book"), created("o-1", "book")]).await;
    assert_eq!(bench.gateway.calls().len(), 1);
    assert_eq!(bench.service.emitted::<OrderCompleted>("orders").len(), 1);
    assert_eq!(bench.service.outcomes("e-o-1"), [Saw::Done, Saw::Duplicate]);
}

async fn rule_31_a_duplicate_of_a_dead_letter_is_not_lettered_again(on: Database) {
    let bench = Bench::new(on).await;
    bench.publish([created("o-1", "fail-permanent"), created("o-1", "fail-permanent")]).await;
    assert_eq!(letters(&bench).len(), 1);
    assert_eq!(bench.service.outcomes("e-o-1"), [Saw::Dead, Saw::Skipped]);
    assert_eq!(bench.gateway.calls().len(), 1);
}

async fn another_event_of_a_completed_order_is_not_charged(on: Database) {
    let bench = Bench::new(on).await;
    let again = record::<Created>("e-other", order("o-1", "book"));
    bench.publish([created("o-1", "book"), again]).await;
    assert_eq!(bench.gateway.calls().len(), 1);
    assert_eq!(bench.service.emitted::<OrderCompleted>("orders").len(), 1);
}

async fn an_order_that_was_cancelled_first_is_not_charged_and_stays_cancelled(on: Database) {
    let bench = Bench::new(on).await;
    let cancel = record::<Cancelled>("e-cancel", order("o-1", "book"));
    bench.publish([cancel, created("o-1", "book")]).await;
    assert_eq!(bench.status("o-1").await.unwrap().0, OrderStatus::Cancelled);
    assert!(bench.gateway.calls().is_empty());
    assert!(bench.service.emitted::<OrderCompleted>("orders").is_empty());
}

async fn a_cancellation_ends_a_completed_and_a_failed_order(on: Database) {
    let bench = Bench::new(on).await;
    let cancel = |id: &str| record::<Cancelled>(&format!("e-cancel-{id}"), order(id, "book"));
    let first = [created("o-1", "book"), created("o-2", "fail-permanent")];
    bench.publish(first.into_iter().chain([cancel("o-1"), cancel("o-2")])).await;
    use OrderStatus as S;
    assert_eq!(bench.history("o-1").await, [S::Pending, S::Completed, S::Cancelled]);
    // Accepted while it was pending: the customer was told so, and a replay must not charge it any more.
    assert_eq!(bench.history("o-2").await, [S::Pending, S::Failed, S::Cancelled]);
}

async fn an_update_changes_the_orders_data(on: Database) {
    let bench = Bench::new(on).await;
    let more = Order { quantity: 9, ..order("o-1", "book") };
    bench.publish([created("o-1", "book"), record::<Updated>("e-2", more)]).await;
    let (view, _) = bench.reader.get("o-1").await.unwrap().unwrap();
    assert_eq!((view.order.quantity, view.order.status), (9, OrderStatus::Completed));
}

async fn a_gateway_that_is_down_pauses_and_spends_no_attempt(on: Database) {
    let down = || ChargeError::Down("maintenance".into());
    let bench = Bench::with_answers(on, [down(), down(), down(), down()]).await;
    bench.publish([created("o-1", "book")]).await;
    assert_eq!(bench.status("o-1").await.unwrap().0, OrderStatus::Completed);
    assert!(bench.gateway.calls().iter().all(|call| call.attempt == 1));
    assert_eq!(bench.gateway.calls().len(), 5);
    assert!(letters(&bench).is_empty());
}

async fn a_busy_gateway_is_asked_again_and_a_declined_charge_is_final(on: Database) {
    let busy = ChargeError::Busy(Duration::from_secs(7));
    let bench = Bench::with_answers(on, [busy, ChargeError::Declined("no money".into())]).await;
    bench.publish([created("o-1", "book")]).await;
    let (status, reason) = bench.status("o-1").await.unwrap();
    assert_eq!((status, bench.gateway.calls().len()), (OrderStatus::Failed, 2));
    assert!(reason.unwrap().contains("no money"));
    assert_eq!(bench.service.outcomes("e-o-1"), [Saw::Retried, Saw::Dead]);
}

async fn what_breaks_a_rule_is_lettered_and_never_charged(on: Database) {
    let other_key = NewRecord { key: Some("o-2".into()), ..created("o-1", "book") };
    let none_of_it = record::<Created>("e-1", Order { quantity: 0, ..order("o-1", "book") });
    let no_product = record::<Created>("e-1", order("o-1", " "));
    let no_key_for_the_gateway = record::<Created>("ü", order("o-1", "book"));
    for (bad, reason) in [
        (other_key, "the record's key"),
        (none_of_it, "quantity"),
        (no_product, "product_id"),
        (no_key_for_the_gateway, "event_id"),
    ] {
        let bench = Bench::new(on).await;
        bench.publish([bad]).await;
        let letters = letters(&bench);
        assert_eq!(letters.len(), 1, "{reason}");
        assert!(letters[0].reason.as_deref().unwrap().contains(reason), "{letters:?}");
        assert!(bench.gateway.calls().is_empty());
    }
}

async fn what_nobody_knows_or_can_read_is_lettered_as_it_is(on: Database) {
    let bench = Bench::new(on).await;
    let unknown = NewRecord::new(topic("orders"))
        .key("o-1")
        .value("{}")
        .header("event_type", "order.teleported");
    let garbage = NewRecord::new(topic("orders")).key("o-2").value(vec![0xff, 0x00]);
    let torn = NewRecord { value: Some("{\"event_id\":".into()), ..created("o-3", "book") };
    bench.publish([unknown, garbage, torn]).await;
    let letters = letters(&bench);
    assert_eq!(letters.len(), 3);
    let of = |key: &str| letters.iter().find(|l| l.key.as_deref() == Some(key.as_bytes())).unwrap();
    assert!(of("o-1").reason.as_deref().unwrap().contains("order.teleported"));
    assert_eq!(of("o-2").value.as_deref(), Some(&[0xff, 0x00][..]));
    assert_eq!(of("o-3").class.as_deref(), Some("undecodable"));
    assert_eq!(bench.status("o-3").await, None);
}

async fn foreign_results_are_skipped_by_name(on: Database) {
    let bench = Bench::new(on).await;
    bench.publish([record::<Completed>("e-1", order("o-1", "book"))]).await;
    assert_eq!(bench.service.outcomes("e-1"), [Saw::Skipped]);
    assert_eq!(bench.status("o-1").await, None);
}

async fn a_crash_after_the_charge_charges_once(on: Database) {
    let mut bench = Bench::new(on).await;
    bench.service.publish_record(created("o-1", "fail-transient-1")).await;
    // Charged, failed, and waiting for the next attempt: time stands still.
    bench.service.until("tried", |service| service.outcomes("o-1") == [Saw::Retried]).await;
    bench.service.crash().await;
    bench.service.settled().await;
    assert_eq!(bench.status("o-1").await.unwrap().0, OrderStatus::Completed);
    assert_eq!(bench.gateway.performed(), 1);
    assert_eq!(bench.service.emitted::<OrderCompleted>("orders").len(), 1);
}

/// It waits past a crash: other orders do not notice, and nothing is behind.
async fn rules_20_and_23_a_failing_order_waits_in_the_retry_topic_and_its_later_events_behind_it(
    on: Database,
) {
    let days = ["--retry-initial-interval=100h", "--retry-max-interval=100h"];
    let mut bench = Bench::with_settings(on, &days).await;
    let cancel = record::<Cancelled>("e-cancel", order("o-1", "fail-transient-1"));
    let created = [created("o-1", "fail-transient-1"), cancel, created("o-2", "book")];
    bench.service.publish_records(created.into()).await;
    let data = waiting(&bench, 2).await;
    assert_eq!((&data["total_lag"], &data["in_flight"]), (&0.into(), &2.into()), "{data}");
    assert!(data["scheduled"][0]["next_due"].is_string(), "{data}");
    assert_eq!(bench.status("o-2").await.unwrap().0, OrderStatus::Completed);

    bench.service.crash().await;
    let restored = |service: &tidegate::testing::TestService| {
        let ledger = service.health().snapshot().ledger;
        ledger.values().map(|counts| counts.restored).sum::<u64>() == 2
    };
    bench.service.until("the schedule was read", restored).await;
    bench.service.settled().await;
    use OrderStatus as S;
    assert_eq!(bench.history("o-1").await, [S::Pending, S::Completed, S::Cancelled]);
    let attempts: Vec<_> = bench.gateway.calls().iter().map(|call| call.attempt).collect();
    assert_eq!((attempts, bench.gateway.performed()), (vec![1, 1, 2], 2));
    let ledger = &call(&view(&bench), get("/api/v1/metrics")).await.body["data"]["ledger"];
    let restored = ledger.as_array().unwrap().iter().map(|line| line["restored"].as_u64().unwrap());
    assert_eq!(restored.sum::<u64>(), 2, "{ledger}");
    bench.service.assert_conserved();
}

/// What the consumer says once so many wait and it is behind no longer. Commits and counts are written as time goes on.
async fn waiting(bench: &Bench, records: u64) -> serde_json::Value {
    for _ in 0..2_000 {
        let answer = call(&view(bench), get("/api/v1/metrics")).await;
        let data = &answer.body["data"];
        if data["scheduled"][0]["records"] == records && data["total_lag"] == 0 {
            return data.clone();
        }
        bench.service.advance(Duration::from_millis(50));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("{}", call(&view(bench), get("/api/v1/metrics")).await.text)
}

fn view(bench: &Bench) -> axum::Router {
    let (health, broker) = (bench.service.health().clone(), bench.service.broker().clone());
    let group = bench.config.kafka.kafka_consumer_group.clone();
    let (topic, framework) = (topic("orders"), bench.framework.clone());
    crate::http::service(router(View { health, broker, group, topic, framework }), 1 << 20)
}

async fn metrics_count_outcomes_lag_and_holes(on: Database) {
    let bench = Bench::new(on).await;
    bench.publish([created("o-1", "book"), created("o-2", "fail-always")]).await;
    let answer = call(&view(&bench), get("/api/v1/metrics")).await;
    let data = &answer.body["data"];
    let outcomes = &data["outcomes"];
    assert_eq!((&outcomes["done"], &outcomes["dead"]), (&1.into(), &1.into()), "{}", answer.text);
    assert_eq!((&outcomes["skipped"], &outcomes["retried"]), (&2.into(), &2.into()));
    assert_eq!((&data["attempts"], &data["total_lag"]), (&4.into(), &0.into()));
    assert_eq!(data["lag"].as_array().unwrap().len(), 3);
    let ledger = data["ledger"].as_array().unwrap();
    let sum = |field: &str| ledger.iter().map(|line| line[field].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("delivered"), sum("pending"), sum("holes")), (4, 0, 0), "{}", answer.text);
}

async fn readiness_names_what_is_down_and_a_stopped_consumer_is_not_ready(on: Database) {
    let mut bench = Bench::with_answers(on, [ChargeError::Down("maintenance".into())]).await;
    bench.service.until("assigned", |service| service.health().readiness().is_ready()).await;
    assert_eq!(call(&view(&bench), get("/ready")).await.status, 200);
    bench.service.publish_record(created("o-1", "book")).await;
    let is_paused =
        |service: &tidegate::testing::TestService| service.outcomes("o-1").contains(&Saw::Paused);
    bench.service.until("paused", is_paused).await;
    let answer = call(&view(&bench), get("/ready")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text.contains("gateway is down"), "{}", answer.text);
    bench.service.settled().await;
    assert_eq!(call(&view(&bench), get("/ready")).await.status, 200);
    let routes = view(&bench);
    bench.service.stop().await.unwrap();
    call(&routes, get("/ready")).await.refused(503, "consumer");
    assert_eq!(call(&routes, get("/health")).await.status, 200);
}

async fn breaker_routes_are_not_there(on: Database) {
    let bench = Bench::new(on).await;
    for path in ["/api/v1/circuit-breaker/status", "/metrics"] {
        assert_eq!(call(&view(&bench), get(path)).await.status, 404, "{path}");
    }
}
