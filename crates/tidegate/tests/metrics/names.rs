//! The names are those of `tidegate::metrics::names`, all of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use tidegate::metrics::names::{ALL, Described, Kind};
use tidegate::metrics::{BOUNDS, Metrics};
use tidegate::prelude::*;
use tidegate::testing::TestService;

use crate::support::{Charged, Ordered, Scrape, families, order, text};

/// Of Kafka's client (tests/real_kafka/statistics.rs), of who keeps dead letters: the program's own; and of a schedule in which
/// something waits (progress.rs).
fn is_told_elsewhere(of: &Described) -> bool {
    let elsewhere = ["tidegate_client_", "tidegate_dead_letters", "tidegate_schedule_next_due"];
    elsewhere.iter().any(|name| of.name.starts_with(name))
}

async fn told() -> Metrics {
    let (metrics, folder) = (Metrics::new(), tempfile::tempdir().unwrap());
    let store = SqliteInbox::open(folder.path().join("notes.db")).await.unwrap();
    let routes = Topic::json("orders").on(noted).inbox(Arc::new(store)).with_state(());
    let t = TestService::builder(routes).metrics(&metrics).start().await;
    t.publish("orders", &order("o")).await;
    t.settled().await;
    metrics.sample().await;
    metrics
}

async fn noted(Payload(order): Payload<Ordered>, _tx: Inbox<Sqlite>) -> Emit<Charged> {
    Emit::to("payments", Charged { id: order.id })
}

#[tokio::test]
async fn every_metric_has_its_name_and_every_name_is_told() {
    let metrics = told().await;
    let kind = |kind| match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
        other => panic!("{other:?} has no word"),
    };
    let named = ALL.iter().filter(|of| !is_told_elsewhere(of));
    let named: BTreeSet<_> =
        named.map(|of| (of.name.to_owned(), kind(of.kind).to_owned())).collect();
    assert_eq!(families(&metrics), named);
}

#[tokio::test]
async fn every_series_has_the_labels_of_its_name() {
    let metrics = told().await;
    for series in Scrape::of(&metrics).0.keys() {
        let (name, labels) = series.split_once('{').expect("each has labels");
        let labels =
            labels.trim_end_matches('}').split("\",").map(|label| label.split('=').next().unwrap());
        let labels: Vec<_> = labels.filter(|label| *label != "le").collect();
        let known =
            ALL.iter().find(|of| name.strip_prefix(of.name).is_some_and(is_suffix)).expect(name);
        assert_eq!(labels, known.labels, "{series}");
    }
}

fn is_suffix(rest: &str) -> bool {
    ["", "_bucket", "_sum", "_count"].contains(&rest)
}

/// Prometheus' conventions, and one description for each.
#[test]
fn names_are_of_one_form() {
    let names: BTreeSet<_> = ALL.iter().map(|of| of.name).collect();
    assert_eq!(names.len(), ALL.len(), "no name twice");
    for of in ALL {
        assert!(of.name.starts_with("tidegate_"), "{}", of.name);
        assert_eq!(of.name.ends_with("_total"), of.kind == Kind::Counter, "{}", of.name);
        assert!(of.kind != Kind::Histogram || of.name.ends_with("_seconds"), "{}", of.name);
        assert!(of.help.ends_with('.') && !of.help.contains(['\n', '\\', '"']), "{}", of.name);
    }
}

#[tokio::test]
async fn histograms_have_the_bounds_that_are_promised() {
    let text = text(&told().await);
    let of = "tidegate_lane_wait_seconds_bucket{";
    let lines = text.lines().filter(|line| line.starts_with(of));
    let bounds: Vec<_> =
        lines.map(|line| line.split("le=\"").nth(1).unwrap().split('"').next().unwrap()).collect();
    let mut expected: Vec<_> = BOUNDS.iter().map(|bound| bound.to_string()).collect();
    expected.push("+Inf".to_owned());
    assert_eq!(bounds, expected);
}
