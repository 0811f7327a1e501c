//! `GET /metrics` of a running platform: what it shows is described, agrees with what the services say elsewhere, and holds
//! nothing that must not be in a label.

mod described;
mod scrape;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{Http, Placed, Program, Setup, eventually};
use scrape::{Scrape, TEXT};

/// All services, by the name that they show.
fn services(up: &Program) -> [(&'static str, Http); 4] {
    let (producer, consumer) = (up.producer(), up.consumer());
    let (replay, gateway) = (up.replay(), up.gateway());
    [("producer", producer), ("consumer", consumer), ("replay", replay), ("gateway", gateway)]
}

fn order(product: &str) -> Value {
    json!({"customer_id": "customer-4111", "product_id": product, "quantity": 1, "price": 5})
}

/// One order of each kind, to its end: three complete, two end in the dead-letter topic, and what was refused.
async fn one_of_each(up: &Program) -> Vec<Placed> {
    let mut placed = Vec::new();
    for (product, status) in [
        ("widget", "completed"),
        ("fail-transient-1", "completed"),
        ("fail-always", "failed"),
        ("fail-permanent", "failed"),
    ] {
        let order = up.order(product).await;
        up.reaches(&order.order_id, status).await;
        placed.push(order);
    }
    let batch = json!([order("gadget"), {"quantity": 0}]);
    let answer = up.producer().post("/api/v1/orders/batch", &batch).await.expect(202);
    let ids = &answer.data()["results"][0];
    let id = |name: &str| ids[name].as_str().unwrap().to_owned();
    placed.push(Placed { order_id: id("order_id"), event_id: id("event_id") });
    up.reaches(&placed[4].order_id, "completed").await;
    up.producer().post("/api/v1/orders", &json!({})).await.expect(400);
    up.producer().post("/api/v1/orders/batch", &json!([])).await.expect(400);
    for order in &placed[2..4] {
        up.dead_letter(&order.event_id).await;
    }
    placed
}

/// The dead letters are looked at now and then: waits until so many were seen.
async fn letters_are_seen(up: &Program, count: f64) -> Scrape {
    eventually(&format!("{count} dead letters are shown"), async || {
        let scrape = Scrape::of(&up.replay()).await;
        let seen = scrape.0.contains_key("tidegate_dead_letters")
            && scrape.sum("tidegate_dead_letters", &[]) == count;
        seen.then_some(scrape)
    })
    .await
}

#[track_caller]
fn same(shown: f64, said: &Value, what: &str) {
    assert_eq!(shown, said.as_f64().unwrap(), "{what}");
}

#[tokio::test]
async fn what_is_shown_agrees_with_what_the_services_say() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    one_of_each(&up).await;

    let producer = Scrape::of(&up.producer()).await;
    assert_eq!(producer.sum("orders_accepted_total", &[]), 5.0);
    let refused = |why| producer.sum("orders_refused_total", &[("reason", why)]);
    assert_eq!(["invalid", "malformed", "unavailable"].map(refused), [2.0, 1.0, 0.0]);
    let requests = |route: &str, status: &str| {
        let labels = [("method", "POST"), ("route", route), ("status", status)];
        producer.count("http_server_request_duration_seconds", &labels)
    };
    assert_eq!([requests("/api/v1/orders", "202"), requests("/api/v1/orders", "400")], [4.0, 1.0]);
    assert_eq!(requests("/api/v1/orders/batch", "202"), 1.0);

    let stats = up.gateway().get("/api/v1/effects/stats").await.expect(200);
    let gateway = Scrape::of(&up.gateway()).await;
    for kind in ["requested", "performed"] {
        let shown = gateway.sum("orders_charges_total", &[("kind", kind)]);
        same(shown, &stats.data()[kind], kind);
    }

    let replay = letters_are_seen(&up, 2.0).await;
    let stats = up.replay().get("/api/v1/dlq/stats").await.expect(200);
    let topic = ("topic", "orders_dlq");
    same(replay.sum("tidegate_dead_letters", &[topic]), &stats.data()["total_messages"], "letters");
    for class in ["transient", "permanent"] {
        let shown = replay.sum("tidegate_dead_letters_by_class", &[topic, ("class", class)]);
        same(shown, &stats.data()["error_categories"][class], class);
    }
    let age = |time: &Value| {
        let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
        jiff::Timestamp::now().duration_since(time).as_secs_f64()
    };
    let oldest =
        Scrape::of(&up.replay()).await.sum("tidegate_dead_letters_oldest_age_seconds", &[]);
    let (newest, ago) =
        (age(&stats.data()["newest_message"]), age(&stats.data()["oldest_message"]));
    assert!((ago - 5.0..=ago).contains(&oldest) && oldest > 0.0, "{oldest}: {ago}, {newest}");
    up.end().await;
}

#[tokio::test]
async fn the_framework_counts_what_the_consumer_says() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    one_of_each(&up).await;
    let said = up.consumer().get("/api/v1/metrics").await.expect(200);
    let (said, shown) = (said.data(), Scrape::of(&up.consumer()).await);
    for outcome in ["done", "duplicate", "skipped", "dead"] {
        let settled = shown.sum("tidegate_records_settled_total", &[("outcome", outcome)]);
        same(settled, &said["outcomes"][outcome], outcome);
    }
    let ledger = said["ledger"].as_array().unwrap();
    let delivered: u64 = ledger.iter().map(|line| line["delivered"].as_u64().unwrap()).sum();
    assert_eq!(shown.sum("tidegate_records_delivered_total", &[]), delivered as f64);
    // The consumer's own events come back to it, and are skipped: the JSON does not call that an attempt.
    let attempts = |labels: &[_]| shown.sum("tidegate_attempts_total", labels);
    let skipped = attempts(&[("result", "skipped")]);
    same(attempts(&[]) - skipped, &said["attempts"], "attempts");
    assert_eq!(shown.sum("tidegate_ledger_holes", &[]), 0.0);
    assert_eq!(shown.sum("tidegate_partitions_assigned", &[]), 3.0);
    let published = Scrape::of(&up.producer()).await;
    let acked = [("topic", "orders"), ("result", "acked")];
    assert_eq!(published.sum("tidegate_published_total", &acked), 5.0);
    up.end().await;
}

#[tokio::test]
async fn metrics_can_only_be_read_and_are_answered_whatever_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    for (_, service) in services(&up) {
        let ask = |method| service.request(method, "/metrics");
        for garbage in ["x", "\u{1}", ";q=2,,", "application/json", &"a,".repeat(9_000)] {
            let Ok(accept) = reqwest::header::HeaderValue::from_str(garbage) else { continue };
            let answer = service.send(ask("GET").header("accept", accept)).await.expect(200);
            assert_eq!(answer.header("content-type"), Some(TEXT), "{garbage}");
        }
        let head = service.send(ask("HEAD")).await.expect(200);
        assert_eq!((head.header("content-type"), &head.body), (Some(TEXT), &json!("")));
        for method in ["POST", "PUT", "DELETE", "BREW"] {
            let answer = service.send(ask(method).body("x")).await.expect(405);
            assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{method}");
        }
    }
    up.end().await;
}

#[tokio::test]
async fn scrapes_under_load_hold_up_no_order() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let scrape = async |service: Http| {
        loop {
            let status = service.get("/metrics").await.status;
            // Who has waited for two seconds is sent away.
            assert!(status == 200 || status == 503, "{status}");
        }
    };
    let mut scrapers: JoinSet<()> = JoinSet::new();
    for (_, service) in services(&up).into_iter().cycle().take(16) {
        scrapers.spawn(scrape(service));
    }
    let mut placed = Vec::new();
    for _ in 0..100 {
        placed.push(up.order("widget").await);
    }
    for order in &placed {
        up.reaches(&order.order_id, "completed").await;
    }
    assert!(scrapers.try_join_next().is_none(), "a scrape failed");
    drop(scrapers);
    assert_eq!(Scrape::of(&up.producer()).await.sum("orders_accepted_total", &[]), 100.0);
    up.end().await;
}
