//! A service that does as its orders say, and a scrape that can be asked for one series.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};
use tidegate::class::{Class, Classify};
use tidegate::headers::names;
use tidegate::message::{NewRecord, Partition, TopicName};
use tidegate::metrics::Metrics;
use tidegate::prelude::*;
use tokio::sync::Semaphore;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ordered {
    pub(crate) id: String,
}

impl Event for Ordered {
    const TYPE: &'static str = "order.created";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Charged {
    pub(crate) id: String,
}

impl Event for Charged {
    const TYPE: &'static str = "payment.charged";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the order says {0}")]
pub(crate) struct Said(Class);

impl Classify for Said {
    fn class(&self) -> Class {
        self.0
    }
}

/// Does what the order's id says.
pub(crate) async fn charge(
    Payload(order): Payload<Ordered>,
    State(gate): State<Arc<Semaphore>>,
    attempt: Attempt,
) -> Result<Emit<Charged>, Said> {
    match order.id.as_str() {
        "twice" if attempt.0 < 3 => return Err(Said(Class::Transient)),
        "never" => return Err(Said(Class::Permanent)),
        "panics" if attempt.0 < 2 => panic!("as the order says"),
        "waits" => gate.acquire().await.unwrap().forget(),
        "down" if gate.available_permits() == 0 => return Err(Said(Class::Outage("gateway"))),
        _ => {}
    }
    Ok(Emit::to("payments", Charged { id: order.id }))
}

/// Closed: whoever waits at it goes on when the test opens it.
pub(crate) fn gate() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

pub(crate) fn order(id: &str) -> Ordered {
    Ordered { id: id.to_owned() }
}

/// A record of any type, in partition 0 of `orders`.
pub(crate) fn record(event_type: &str, id: &str) -> NewRecord {
    NewRecord::new(TopicName::new("orders").unwrap())
        .partition(Partition(0))
        .key(id.to_owned())
        .value(serde_json::to_vec(&order(id)).unwrap())
        .header(names::EVENT_ID, format!("id-of-{id}"))
        .header(names::EVENT_TYPE, event_type.to_owned())
}

/// What was told at one time: `name{label="value",...}` and its value.
#[derive(Debug, Clone)]
pub(crate) struct Scrape(pub(crate) BTreeMap<String, f64>);

impl Scrape {
    pub(crate) fn of(metrics: &Metrics) -> Self {
        let text = text(metrics);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let series = lines.map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            (series.to_owned(), value.parse().expect("a number"))
        });
        let all: Vec<_> = series.collect();
        let scrape = Self(all.iter().cloned().collect());
        assert_eq!(scrape.0.len(), all.len(), "a series is told once:\n{text}");
        scrape
    }

    /// The value of a series; labels as they stand in the text.
    pub(crate) fn get(&self, series: &str) -> Option<f64> {
        self.0.get(series).copied()
    }

    /// The same, which must be there.
    #[track_caller]
    pub(crate) fn value(&self, series: &str) -> f64 {
        self.get(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.0))
    }

    /// All series of a metric.
    pub(crate) fn of_metric(&self, name: &str) -> BTreeMap<&str, f64> {
        let all = self.0.iter().filter(|(series, _)| series.split('{').next() == Some(name));
        all.map(|(series, value)| (series.as_str(), *value)).collect()
    }

    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.of_metric(name).values().sum()
    }
}

/// As Prometheus gets it.
pub(crate) fn text(metrics: &Metrics) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(metrics.clone()));
    let mut text = String::new();
    prometheus_client::encoding::prometheus_text::encode(&mut text, &registry).unwrap();
    text
}

/// The families that are told, with their kinds.
pub(crate) fn families(metrics: &Metrics) -> BTreeSet<(String, String)> {
    let text = text(metrics);
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .filter_map(|line| line.split_once(' '))
        .map(|(name, kind)| (name.into(), kind.into()))
        .collect()
}
