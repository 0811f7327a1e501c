//! Everything that is shown is described, and everything that is described is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use orders::metrics::names as system;
use serde_json::json;
use tidegate::metrics::names::{self as framework, Described, Kind};

use super::scrape::{Metric, OPEN, Scrape, TEXT};
use super::{letters_are_seen, one_of_each, services};
use crate::harness::{Program, Setup, eventually};

/// What a platform on the embedded log does not show, and why.
const ABSENT: &[(Described, &str)] = &[
    (framework::CLIENT_QUEUED, "the embedded log has no client"),
    (framework::CLIENT_QUEUED_BYTES, "the embedded log has no client"),
    (framework::CLIENT_SENT, "the embedded log has no client"),
    (framework::CLIENT_RECEIVED, "the embedded log has no client"),
    (framework::CLIENT_BROKER_UP, "the embedded log has no client"),
    (framework::CLIENT_BROKER_RTT, "the embedded log has no client"),
];

/// A platform whose failed orders wait for weeks, which is in the retry topic.
fn patient(folder: &Path) -> Setup {
    let setup = Setup::up(folder).variable("RETRY_INITIAL_INTERVAL", "700h");
    setup.variable("RETRY_MAX_INTERVAL", "700h")
}

fn described() -> BTreeMap<&'static str, &'static Described> {
    system::ALL.iter().chain(framework::ALL).map(|metric| (metric.name, metric)).collect()
}

fn as_described(name: &str, metric: &Metric, described: &Described) {
    let kind = match described.kind {
        Kind::Counter => "counter",
        Kind::Histogram => "histogram",
        _ => "gauge",
    };
    assert_eq!((metric.kind.as_str(), metric.help.as_str()), (kind, described.help), "{name}");
    let labels: BTreeSet<_> = described.labels.iter().copied().collect();
    for sample in &metric.samples {
        let shown = sample.labels.keys().map(String::as_str).filter(|label| *label != "le");
        assert_eq!(shown.collect::<BTreeSet<_>>(), labels, "{name}");
        assert!(sample.value.is_finite() && sample.value >= 0.0, "{name}: {sample:?}");
    }
}

/// What the services show, by name, each as it is described.
async fn shown(up: &Program) -> BTreeSet<&'static str> {
    let described = described();
    let mut seen = BTreeSet::new();
    for (_, service) in services(up) {
        for format in [TEXT, OPEN] {
            for (name, metric) in Scrape::accepting(&service, format).await.0 {
                let described = described.get(name.as_str());
                let described = described.unwrap_or_else(|| panic!("{name} is not described"));
                as_described(&name, &metric, described);
                seen.insert(described.name);
            }
        }
    }
    seen
}

#[tokio::test]
async fn what_is_shown_is_described_and_what_is_described_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    one_of_each(&up).await;
    letters_are_seen(&up, 2.0).await;
    let mut seen = shown(&up).await;
    up.end().await;
    // With retries that are due much later, so that one waits.
    let patient = patient(folder.path()).ready().await;
    patient.order("fail-transient-1").await;
    eventually("an order waits", async || (patient.scheduled().await > 0).then_some(())).await;
    seen.extend(shown(&patient).await);
    let described = described();
    let names = |list: &[(Described, &str)]| -> BTreeSet<_> {
        list.iter().map(|(metric, _)| metric.name).collect()
    };
    let missing: BTreeSet<_> =
        described.keys().copied().filter(|name| !seen.contains(name)).collect();
    assert_eq!(missing, names(ABSENT));
    patient.end().await;
}

/// All values that only grow, by service, name and labels.
async fn growing(up: &Program) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for (service, http) in services(up) {
        for (name, metric) in Scrape::of(&http).await.0 {
            if metric.kind == "gauge" {
                continue;
            }
            for sample in metric.samples {
                let id = format!("{service} {name}{} {:?}", sample.part, sample.labels);
                all.insert(id, sample.value);
            }
        }
    }
    all
}

#[tokio::test]
async fn counters_never_go_down() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let mut before = growing(&up).await;
    let begun = before.len();
    for round in 0..3 {
        one_of_each(&up).await;
        let replayed = up.replay().post("/api/v1/replay", &json!({})).await.expect(200);
        assert!(replayed.data()["replayed_messages"].is_u64(), "{}", replayed.body);
        up.replay().delete("/api/v1/dlq/clear?confirm=true").await.expect(200);
        let now = growing(&up).await;
        for (id, value) in &before {
            let now = now.get(id).unwrap_or_else(|| panic!("round {round}: {id} is gone"));
            assert!(now >= value, "round {round}: {id} went from {value} down to {now}");
        }
        before = now;
    }
    assert!(before.len() > begun, "nothing was counted");
    up.end().await;
}

/// Whether 32 hexadecimal digits stand in a row, dashes aside.
fn holds_id(value: &str) -> bool {
    let digits = value.replace('-', "");
    let runs = digits.split(|c: char| !c.is_ascii_hexdigit());
    runs.into_iter().any(|run| run.len() >= 32)
}

fn of_a_closed_set(label: &str, value: &str) -> bool {
    match label {
        "service" => {
            ["producer", "consumer", "replay", "gateway", "orders-consumer"].contains(&value)
        }
        "group" => value == "orders-consumer-group",
        "topic" => ["orders", "orders_retry", "orders_dlq", "orders_audit"].contains(&value),
        "partition" => ["0", "1", "2"].contains(&value),
        "version" => value == env!("CARGO_PKG_VERSION"),
        "status" => {
            value == "none" || value.parse::<u16>().is_ok_and(|code| (100..600).contains(&code))
        }
        "method" => value == "other" || value.bytes().all(|b| b.is_ascii_uppercase()),
        "route" => {
            value == "unmatched"
                || value.starts_with("/api/v1/")
                || ["/health", "/ready"].contains(&value)
        }
        // Where it is: one for each store of the process.
        "store" => value == "sqlite",
        "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
        // Names of handlers and stores, and words.
        _ => {
            value.len() <= 40
                && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:.-".contains(&b))
        }
    }
}

#[tokio::test]
async fn no_label_holds_an_id_a_key_or_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let placed = one_of_each(&up).await;
    let producer = up.producer();
    for order in &placed {
        up.view(&order.order_id).await;
        producer
            .get(&format!("/api/v1/{}/secret-hunter2?card=4111", order.order_id))
            .await
            .expect(404);
    }
    let request =
        producer.request("HUNTER2", "/api/v1/orders").header("x-correlation-id", "corr-hunter2");
    producer.send(request).await.expect(405);
    letters_are_seen(&up, 2.0).await;
    let mut values = 0;
    for (service, http) in services(&up) {
        for (name, metric) in Scrape::of(&http).await.0 {
            for (label, value) in metric.samples.iter().flat_map(|sample| &sample.labels) {
                let told = format!("{service}: {name}{{{label}={value:?}}}");
                assert!(!holds_id(value) && of_a_closed_set(label, value), "{told}");
                let planted = ["4111", "hunter2", "HUNTER2", "widget", "fail-", "simulated"];
                assert!(!planted.iter().any(|text| value.contains(text)), "{told}");
                values += 1;
            }
        }
    }
    assert!(values > 100, "only {values} labels were seen");
    up.end().await;
}
