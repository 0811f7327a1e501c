//! Grafana's dashboards: what Grafana would refuse or show wrongly is found here, as no Grafana runs in CI.

use std::collections::BTreeSet;

use serde_json::Value;
use tidegate::telemetry::names;

use crate::boards::dashboards::{self, Board, Panel, choices, list, text};
use crate::boards::{promql, rules};
use crate::compose::compose;

/// Ids of `@grafana/data`, `valueFormats`.
const UNITS: &[&str] =
    &["none", "short", "s", "bytes", "percentunit", "ops", "reqps", "recps", "Bps"];
/// Panels that come with Grafana.
const TYPES: &[&str] = &["row", "stat", "table", "timeseries", "state-timeline"];

/// What is wrong with each panel of each page.
fn wrong(of: impl Fn(&Board, Panel<'_>) -> Option<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for board in dashboards::all() {
        let found = board.panels().filter_map(|panel| Some((panel.title(), of(&board, panel)?)));
        wrong.extend(found.map(|(title, why)| format!("{}: {title}: {why}", board.path)));
    }
    wrong
}

#[test]
fn three_pages_have_an_id_each_and_know_each_other() {
    let boards = dashboards::all();
    let ids: BTreeSet<_> = boards.iter().map(|board| text(&board.json, "uid").to_owned()).collect();
    assert_eq!(
        ids.into_iter().collect::<Vec<_>>(),
        ["tidegate-consumer", "tidegate-failures", "tidegate-overview"]
    );
    for board in boards {
        assert_eq!(board.json["schemaVersion"], 42, "Grafana 12: {}", board.path);
        assert_eq!(list(&board.json, "links")[0]["tags"], board.json["tags"], "{}", board.path);
        assert!(board.shown().count() > 15, "{}", board.path);
    }
}

#[test]
fn panels_have_a_number_a_kind_a_unit_and_say_what_they_show() {
    let found = wrong(|board, panel| {
        let id = panel.json["id"].as_u64().unwrap();
        if board.panels().filter(|other| other.json["id"] == id).count() != 1 {
            return Some(format!("number {id} is not its own"));
        }
        if board.panels().filter(|other| other.title() == panel.title()).count() != 1 {
            return Some("is there twice".to_owned());
        }
        if !TYPES.contains(&text(panel.json, "type")) {
            return Some(format!("kind {}", panel.json["type"]));
        }
        if panel.is_row() {
            return None;
        }
        let unit = text(&panel.json["fieldConfig"]["defaults"], "unit");
        if !UNITS.contains(&unit) {
            return Some(format!("unit {unit}"));
        }
        let described = text(panel.json, "description").len() > 20;
        (!described || panel.targets().is_empty()).then(|| "says nothing".to_owned())
    });
    assert_eq!(found, [] as [&str; 0]);
}

#[test]
fn no_panel_lies_over_another_or_beside_the_page() {
    let found = wrong(|board, panel| {
        let [x, y, w, h] = panel.place();
        let over = board.panels().find(|other| {
            let [left, top, width, height] = other.place();
            let apart = left + width <= x || x + w <= left || top + height <= y || y + h <= top;
            other.json["id"] != panel.json["id"] && !apart
        });
        match over {
            Some(other) => Some(format!("over {}", other.title())),
            None if x + w > 24 || w == 0 || h == 0 => Some(format!("{:?}", panel.place())),
            None => None,
        }
    });
    assert_eq!(found, [] as [&str; 0]);
}

/// Each page's datasources and choices are its variables; the datasources are those that are provisioned.
#[test]
fn every_datasource_is_a_variable_of_a_kind_that_is_provisioned() {
    let provisioned = rules::yaml("deploy/grafana/provisioning/datasources/datasources.yml");
    let kinds: Vec<_> = list(&provisioned, "datasources")
        .iter()
        .map(|source| text(source, "type").to_owned())
        .collect();
    for board in dashboards::all() {
        let sources: Vec<_> =
            board.variables().iter().filter(|one| one["type"] == "datasource").collect();
        for source in &sources {
            assert!(
                kinds.iter().any(|kind| *kind == text(source, "query")),
                "{}: {source}",
                board.path
            );
        }
        let mut used = Vec::new();
        collect(&board.json, "datasource", &mut used);
        assert!(used.len() > 30, "{}", board.path);
        for one in used {
            let named = |source: &&&Value| one["uid"] == format!("${{{}}}", text(source, "name"));
            let source =
                sources.iter().find(named).unwrap_or_else(|| panic!("{}: {one}", board.path));
            assert_eq!(one["type"], source["query"], "{}", board.path);
        }
    }
}

/// All values of a field, however deep.
fn collect<'a>(value: &'a Value, field: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get(field));
            fields.values().for_each(|inner| collect(inner, field, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, field, found)),
        _ => {}
    }
}

#[test]
fn every_query_names_metrics_labels_and_words_that_there_are() {
    let mut seen = 0;
    for board in dashboards::all() {
        for (at, query) in board.queries("1m") {
            assert!(!query.contains('$'), "{at}: {query}: a variable that is none");
            assert_eq!(promql::read(&query).wrong, [] as [&str; 0], "{at}: {query}");
            seen += 1;
        }
        for variable in board.variables() {
            if let Some((series, label)) = choices(variable) {
                let labels = promql::read(&promql::filled(series, "1m")).labels;
                assert!(labels.contains(label), "{}: {series} has no {label}", board.path);
            }
        }
    }
    assert!(seen > 80, "only {seen} queries were read");
}

/// A legend, and the columns of a table, are labels of the answer.
#[test]
fn every_label_that_is_shown_is_one_of_the_answer() {
    let mut shown = 0;
    let found = wrong(|_, panel| {
        for target in panel.targets() {
            let labels = promql::read(&promql::filled(text(target, "expr"), "1m")).labels;
            let legend = text(target, "legendFormat").split("{{").skip(1);
            let mut named: Vec<_> = legend.map(|rest| rest.split("}}").next().unwrap()).collect();
            let columns = list(panel.json, "transformations").iter();
            let columns = columns.flat_map(|one| list(&one["options"]["include"], "names"));
            named.extend(columns.filter_map(Value::as_str));
            if let Some(label) = named.iter().find(|label| !labels.contains(**label)) {
                return Some(format!("{label} is no label of the answer: {labels:?}"));
            }
            if panel.targets().len() > 1 && text(target, "legendFormat").is_empty() {
                return Some("several queries, and one without a name".to_owned());
            }
        }
        None
    });
    assert_eq!(found, [] as [&str; 0]);
    for board in dashboards::all() {
        shown += board.json.to_string().matches("{{").count();
    }
    assert!(shown > 50, "{shown}");
}

/// A link to traces that look for a tag which no span has finds nothing, and says so to nobody.
#[test]
fn every_link_to_traces_looks_for_tags_that_spans_have() {
    let words = |name: &str| match name {
        "error" => &["true"][..],
        "span.kind" => &["server", "client", "producer", "consumer"],
        names::KEPT_FOR => &[names::RETRY, names::DEAD_LETTER, names::REPLAY],
        names::OUTCOME => &["done", "skipped", "failed", "unknown"],
        _ => &[],
    };
    let boards = dashboards::all();
    let panels = boards.iter().flat_map(Board::shown);
    let tags: Vec<_> = panels.flat_map(Panel::tags).collect();
    let odd: Vec<_> =
        tags.iter().filter(|(name, value)| !words(name).contains(&value.as_str())).collect();
    assert!(odd.is_empty() && tags.len() > 5, "{odd:?} of {tags:?}");
}

/// A threshold says the same as the alert that the panel names: the number itself, or for a count the first one above it.
#[test]
fn a_threshold_is_the_number_of_its_alert() {
    let alerts = rules::alerts();
    let mut compared = 0;
    for board in dashboards::all() {
        for panel in board.shown() {
            for name in panel.alerts() {
                let at = format!("{}: {}: {name}", board.path, panel.title());
                let alert = alerts
                    .iter()
                    .find(|alert| alert.name == name)
                    .unwrap_or_else(|| panic!("no alert: {at}"));
                let numbers = promql::read(&alert.expr).numbers;
                let same = |step: &f64| {
                    numbers.iter().any(|number| number == step || *step == number + 1.0)
                };
                assert!(
                    panel.thresholds().iter().any(same),
                    "{at}: {:?} and {numbers:?}",
                    panel.thresholds()
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn grafana_and_prometheus_are_given_what_is_here() {
    let compose = compose();
    let mounts = |service: &str| list(&compose["services"][service], "volumes").to_vec();
    let mounted = |service: &str, what: &str, place: &str| {
        let wanted = format!("./{what}:{place}:ro");
        assert!(mounts(service).iter().any(|volume| *volume == *wanted), "{service}: {wanted}");
    };
    let provider = rules::yaml("deploy/grafana/provisioning/dashboards/dashboards.yml");
    let path = text(&list(&provider, "providers")[0]["options"], "path").to_owned();
    mounted("grafana", "deploy/grafana/dashboards", &path);
    mounted("grafana", "deploy/grafana/provisioning", "/etc/grafana/provisioning");
    mounted("prometheus", "deploy/prometheus.yml", "/etc/prometheus/prometheus.yml");
    // The rules' path in it counts from where it lies.
    let config = rules::yaml("deploy/prometheus.yml");
    assert_eq!(list(&config, "rule_files"), ["prometheus/rules/*.yml"]);
    mounted("prometheus", "deploy/prometheus/rules", "/etc/prometheus/prometheus/rules");
}
