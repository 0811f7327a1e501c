//! Prometheus' rules, and the page that says what to do: each alert has its section, and each section its alert.

use std::collections::BTreeSet;

use crate::boards::dashboards::{list, text};
use crate::boards::known::SERVICES;
use crate::boards::rules::{self, Alert};
use crate::boards::{known, promql};
use crate::ports;
use crate::tree::read;

const PAGE: &str = "docs/alerts.md";

/// A section of the page: its heading and its text.
fn sections() -> Vec<(String, String)> {
    let page = read(PAGE);
    let parts = page.split("\n### ").skip(1).filter_map(|part| part.split_once('\n'));
    parts
        .map(|(name, text)| (name.to_owned(), text.split("\n## ").next().unwrap().to_owned()))
        .collect()
}

/// As a heading is linked to.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}

#[test]
fn every_alert_has_a_section_and_every_section_an_alert() {
    let alerts: Vec<_> = rules::alerts().into_iter().map(|alert| alert.name).collect();
    let sections: Vec<_> = sections().into_iter().map(|(name, _)| name).collect();
    let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(sorted(&alerts), sorted(&sections));
    assert_eq!(
        (alerts.len(), sections.len()),
        (sorted(&alerts).len(), sorted(&sections).len()),
        "a name is there twice"
    );
    assert!(alerts.len() > 25, "{alerts:?}");
}

#[test]
fn every_section_says_what_it_means_what_happens_to_data_where_to_look_and_what_to_do() {
    let alerts = rules::alerts();
    for (name, section) in sections() {
        for part in ["**What it means.** ", "**Data.** ", "**Look first.** ", "**What to do.** "] {
            assert!(section.contains(part), "{name}: {part}");
        }
        let alert = alerts.iter().find(|alert| alert.name == name).unwrap();
        let severity = text(&alert.labels, "severity");
        assert!(
            section.trim_start().starts_with(&format!("*{severity}.* ")),
            "{name} is a {severity}"
        );
        let look = section
            .split("**Look first.** ")
            .nth(1)
            .unwrap()
            .split("**What to do.**")
            .next()
            .unwrap();
        assert!(look.contains('`') || look.contains("http"), "{name}: nothing to type");
    }
}

#[test]
fn every_alert_says_how_urgent_it_is_what_it_is_and_where_to_read_on() {
    for Alert { name, labels, annotations, expr } in rules::alerts() {
        assert!(["page", "ticket"].contains(&text(&labels, "severity")), "{name}");
        let (path, heading) = text(&annotations, "runbook_url").split_once('#').unwrap();
        assert_eq!((path, heading), (PAGE, &*anchor(&name)), "{name}");
        assert!(sections().iter().any(|(section, _)| anchor(section) == heading), "{name}");
        let there = promql::read(&expr).labels;
        for field in ["summary", "description"] {
            let text = text(&annotations, field);
            assert!(text.len() > 15 && !text.contains('\n'), "{name}: {field}");
            for label in
                text.split("$labels.").skip(1).filter_map(|rest| rest.split([' ', '}']).next())
            {
                assert!(there.contains(label), "{name}: {field}: {label} is none of {there:?}");
            }
        }
    }
}

#[test]
fn every_rule_names_metrics_labels_and_words_that_there_are() {
    for alert in rules::alerts() {
        let query = promql::read(&alert.expr);
        assert_eq!(query.wrong, [] as [&str; 0], "{}: {}", alert.name, alert.expr);
    }
}

/// Series of tests are as real ones are: with these labels, all of them, and no others.
#[test]
fn every_series_of_a_test_is_one_that_there_is() {
    let (known, mut seen) = (known::series(), 0);
    for path in rules::tests() {
        let file = rules::yaml(&path);
        for series in list(&file, "tests").iter().flat_map(|test| list(test, "input_series")) {
            let series = text(series, "series");
            assert_eq!(promql::read(series).wrong, [] as [&str; 0], "{path}: {series}");
            let (name, labels) = series.split_once('{').unwrap();
            let labels = labels.split(',').map(|label| label.split('=').next().unwrap());
            assert_eq!(labels.collect::<BTreeSet<_>>(), known[name].labels, "{path}: {series}");
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen}");
}

/// What the page tells to ask can be asked.
#[test]
fn every_query_of_the_page_names_what_there_is() {
    let begins = ["tidegate_", "orders_", "http_server_", "process_", "up{"];
    let is_query = |span: &String| begins.iter().any(|begin| span.contains(begin));
    let mut seen = 0;
    for (name, section) in sections() {
        let spans = section.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " "));
        for span in spans.filter(is_query) {
            assert_eq!(promql::read(&span).wrong, [] as [&str; 0], "{name}: {span}");
            seen += 1;
        }
    }
    assert!(seen > 35, "{seen}");
}

/// The four services are asked, each by its own name, where it answers.
#[test]
fn prometheus_asks_every_service_by_its_name() {
    let (config, table) = (rules::yaml("deploy/prometheus.yml"), ports::table());
    for service in SERVICES {
        let jobs = list(&config, "scrape_configs").iter();
        let job = jobs
            .clone()
            .find(|job| job["job_name"] == service)
            .unwrap_or_else(|| panic!("no job {service}"));
        let target = list(&job["static_configs"][0], "targets")[0].as_str().unwrap();
        let (host, port) = target.split_once(':').unwrap();
        assert_eq!((host, table[&port.parse().unwrap()].as_str()), (service, service));
    }
}

#[test]
fn a_wrong_query_is_found() {
    for query in [
        "tidegate_reddy",
        "tidegate_ready{grup=\"g\"}",
        "tidegate_events_total{event=\"partition_stock\"}",
        "tidegate_check_failing{check=\"lame\"}",
        "tidegate_published_total{result=~\"refused|unknwon\"}",
        "up{job=\"consummer\"}",
        "sum by (partition) (tidegate_ready)",
        "tidegate_ready and on (topic) tidegate_lag_seconds",
        "rate(tidegate_ready[5m])",
        "deriv(tidegate_rebalances_total[5m])",
        "histogram_quantile(0.9, sum by (group) (rate(tidegate_record_age_seconds_bucket[5m])))",
        "tidegate_record_age_seconds",
        "sum(tidegate_ready",
    ] {
        assert_ne!(promql::read(query).wrong, [] as [&str; 0], "{query}");
    }
    let good = promql::read(
        "sum without (instance) (rate(tidegate_attempts_total{result!~\"done|skipped\"}[5m])) > 0.5",
    );
    assert_eq!(good.wrong, [] as [&str; 0]);
    assert_eq!((good.numbers, good.labels.len()), (vec![0.5], 4));
}

/// `promtool test rules` runs them; that each alert has both is looked after here.
#[test]
fn every_alert_is_tested_when_it_fires_and_when_it_must_not() {
    let (mut fires, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for path in rules::tests() {
        let file = rules::yaml(&path);
        for case in list(&file, "tests").iter().flat_map(|test| list(test, "alert_rule_test")) {
            let fired = !list(case, "exp_alerts").is_empty();
            let cases = if fired { &mut fires } else { &mut silent };
            cases.insert(text(case, "alertname").to_owned());
        }
    }
    let alerts: BTreeSet<_> = rules::alerts().into_iter().map(|alert| alert.name).collect();
    assert_eq!((&fires, &silent), (&alerts, &alerts));
}
