//! Prometheus' rules, and their tests.

use serde_json::Value;

use super::dashboards::{list, text};
use crate::tree::{below, read};

/// One alert.
#[derive(Debug, Clone)]
pub(crate) struct Alert {
    pub(crate) name: String,
    pub(crate) expr: String,
    pub(crate) labels: Value,
    pub(crate) annotations: Value,
}

/// A file of YAML.
pub(crate) fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All alerts. There are no other rules.
pub(crate) fn alerts() -> Vec<Alert> {
    let files: Vec<_> = below("deploy/prometheus/rules").iter().map(|path| yaml(path)).collect();
    let groups = files.iter().flat_map(|file| list(file, "groups"));
    let alerts = groups.flat_map(|group| list(group, "rules")).map(|rule| Alert {
        name: text(rule, "alert").to_owned(),
        expr: text(rule, "expr").to_owned(),
        labels: rule["labels"].clone(),
        annotations: rule["annotations"].clone(),
    });
    alerts.collect()
}

/// The files that `promtool test rules` is given.
pub(crate) fn tests() -> Vec<String> {
    below("deploy/prometheus/tests")
}
