//! The metrics that there are, with their labels, and the words that a label may have.

use std::collections::{BTreeMap, BTreeSet};

use orders::metrics::names as system;
use tidegate::events::RuntimeEvent;
use tidegate::health::CheckName;
use tidegate::metrics::names::{self as framework, Described, Kind};

/// What may be asked of a series.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) labels: BTreeSet<&'static str>,
    /// Only grows: a rate of it means something.
    pub(crate) counts: bool,
    /// What its description says.
    help: &'static str,
}

/// What Prometheus adds to each series that it scrapes.
const SCRAPED: [&str; 2] = ["instance", "job"];

/// The services, and the jobs of `deploy/prometheus.yml` that ask them.
pub(crate) const SERVICES: [&str; 4] = ["producer", "consumer", "replay", "gateway"];

/// Labels whose values are no words of ours.
const FREE: [&str; 13] = [
    "broker",
    "client",
    "group",
    "handler",
    "instance",
    "le",
    "method",
    "partition",
    "route",
    "status",
    "store",
    "topic",
    "version",
];

/// Every series that may be named.
pub(crate) fn series() -> BTreeMap<String, Series> {
    let all = framework::ALL.iter().chain(system::ALL);
    let mut known: BTreeMap<_, _> = all.flat_map(of).collect();
    known.insert("up".to_owned(), one(&[], false, ""));
    let alert = ["alertname", "alertstate", "severity"];
    // An alert has the labels of what it is about.
    let about = framework::ALL.iter().flat_map(|described| described.labels);
    let labels: Vec<_> = alert.iter().chain(about).copied().collect();
    known.insert("ALERTS".to_owned(), one(&labels, false, "firing or pending"));
    known
}

fn of(described: &Described) -> Vec<(String, Series)> {
    let Described { name, kind, labels, help, .. } = *described;
    match kind {
        Kind::Histogram => {
            let with_bounds = [labels, &["le"]].concat();
            let named = |suffix: &str| format!("{name}_{suffix}");
            vec![
                (named("bucket"), one(&with_bounds, true, help)),
                (named("sum"), one(labels, true, help)),
                (named("count"), one(labels, true, help)),
            ]
        }
        kind => vec![(name.to_owned(), one(labels, kind == Kind::Counter, help))],
    }
}

fn one(labels: &[&'static str], counts: bool, help: &'static str) -> Series {
    Series { labels: labels.iter().chain(&SCRAPED).copied().collect(), counts, help }
}

impl Series {
    /// Whether the label may have this value: a word of a list, or one that the metric's description has. What users name,
    /// and numbers, may be anything.
    pub(crate) fn may_be(&self, label: &str, value: &str) -> bool {
        let word = |c: char| c.is_ascii_lowercase() || c == '_';
        match label {
            "event" => RuntimeEvent::KINDS.contains(&value),
            "check" => CheckName::ALL.iter().any(|check| check.as_str() == value),
            "job" => SERVICES.contains(&value) || ["prometheus", "grafana"].contains(&value),
            "service" => SERVICES.contains(&value),
            "alertstate" | "class" | "how" | "kind" | "outcome" | "phase" | "reason" | "result" => {
                self.help.split(|c| !word(c)).any(|found| found == value)
            }
            _ => FREE.contains(&label),
        }
    }
}
