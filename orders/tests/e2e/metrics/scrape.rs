//! What a service shows at `/metrics`, read strictly: a line that fits nowhere is a failure.

use std::collections::BTreeMap;

use crate::harness::Http;

pub(super) const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
pub(super) const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One answer. A metric's name is as Prometheus knows it: with `_total`, without `_bucket`, `_sum` and `_count`.
#[derive(Debug, Default)]
pub(super) struct Scrape(pub(super) BTreeMap<String, Metric>);

#[derive(Debug, Default)]
pub(super) struct Metric {
    pub(super) kind: String,
    pub(super) help: String,
    pub(super) samples: Vec<Sample>,
}

#[derive(Debug)]
pub(super) struct Sample {
    /// What stands behind the metric's name: `_bucket`, `_sum`, `_count` or nothing.
    pub(super) part: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

impl Scrape {
    /// Asks a service for plain text.
    pub(super) async fn of(service: &Http) -> Self {
        Self::accepting(service, TEXT).await
    }

    /// Asks a service for this format, which it must answer with.
    pub(super) async fn accepting(service: &Http, format: &str) -> Self {
        let request = service.request("GET", "/metrics").header("accept", format);
        let answer = service.send(request).await.expect(200);
        assert_eq!(answer.header("content-type"), Some(format));
        let text = answer.body.as_str().expect("no JSON");
        if format == OPEN {
            let text = text.strip_suffix("# EOF\n").expect("the end is marked");
            return Self::read(text, "_total");
        }
        Self::read(text, "")
    }

    /// `suffix`: what a counter's lines have behind the name that its description has.
    fn read(text: &str, suffix: &str) -> Self {
        let mut scrape = Self::default();
        let (mut help, mut current) = ((String::new(), String::new()), String::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, text) = rest.split_once(' ').expect(line);
                help = (name.to_owned(), text.to_owned());
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect(line);
                assert_eq!(name, help.0, "{line}");
                current =
                    if kind == "counter" { format!("{name}{suffix}") } else { name.to_owned() };
                let metric =
                    Metric { kind: kind.to_owned(), help: help.1.clone(), samples: vec![] };
                assert!(scrape.0.insert(current.clone(), metric).is_none(), "twice: {line}");
            } else {
                let sample = Sample::read(line, &current);
                scrape.0.get_mut(&current).expect(line).samples.push(sample);
            }
        }
        scrape
    }

    /// The sum of all values that have these labels.
    pub(super) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.part(name, "", labels)
    }

    /// How many values a histogram has counted under these labels.
    pub(super) fn count(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.part(name, "_count", labels)
    }

    fn part(&self, name: &str, part: &str, labels: &[(&str, &str)]) -> f64 {
        let metric = self.0.get(name).unwrap_or_else(|| panic!("no {name}: {:?}", self.0.keys()));
        let meant = |sample: &&Sample| {
            let has =
                |(name, value): &(&str, &str)| sample.labels.get(*name).is_some_and(|v| v == value);
            sample.part == part && labels.iter().all(has)
        };
        metric.samples.iter().filter(meant).map(|sample| sample.value).sum()
    }
}

impl Sample {
    fn read(line: &str, metric: &str) -> Self {
        let (id, value) = line.rsplit_once(' ').expect(line);
        let (name, labels) = match id.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').expect(line)),
            None => (id, ""),
        };
        let part = name.strip_prefix(metric).expect(line).to_owned();
        assert!(["", "_bucket", "_sum", "_count"].contains(&part.as_str()), "{line}");
        Self { part, labels: read_labels(labels), value: value.parse().expect(line) }
    }
}

/// Values without escapes: there are no texts in labels.
fn read_labels(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for pair in text.split_terminator("\",") {
        let (name, value) = pair.split_once("=\"").expect(text);
        let value = value.strip_suffix('"').unwrap_or(value);
        assert!(!value.contains(['\\', '"', '\n']), "{text}");
        assert!(labels.insert(name.to_owned(), value.to_owned()).is_none(), "twice: {text}");
    }
    labels
}
