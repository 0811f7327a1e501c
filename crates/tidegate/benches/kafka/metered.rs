//! G10-metrics: a service that is counted and scraped, against the same without.

use std::time::Duration;

use prometheus_client::registry::Registry;
use tidegate::metrics::Metrics;

use crate::child::Meter;
use crate::fill::{Keys, fill};
use crate::lab::{BODY, Lab};
use crate::ours::{Consuming, serve_counted};
use crate::side::Stretch;
use crate::table::pairs::Pairs;
use crate::table::rows::Row;

const RECORDS: u64 = 3_000_000;
/// Prometheus' own default is 60 times as long.
const SCRAPE_EVERY: Duration = Duration::from_secs(1);

/// Runs a service until it is told to stop, and asks for its metrics meanwhile.
pub(crate) fn consume(brokers: &str, topic: &str, group: &str, how: Consuming, meter: &Meter) {
    let metrics = Metrics::new();
    let mut registry = Registry::default();
    registry.register_collector(Box::new(metrics.clone()));
    let asked = metrics.clone();
    let scraping = async move {
        loop {
            asked.sample().await;
            let mut text = String::new();
            prometheus_client::encoding::text::encode(&mut text, &registry).expect("memory");
            std::hint::black_box(text);
            tokio::time::sleep(SCRAPE_EVERY).await;
        }
    };
    serve_counted(
        brokers,
        (topic, group),
        how,
        meter,
        |service| service.metrics(&metrics),
        scraping,
    );
}

/// A handler that does nothing, by partition and by key: of the two the worse counts.
pub(crate) fn against_none(lab: &Lab) -> Row {
    fill(lab, "metered", RECORDS, BODY, Keys::Zipf(10_000));
    let of = |on: &'static str, off: &'static str| {
        let side = |name: &'static str| move || lab.side(name, "metered", RECORDS);
        Pairs::of(side(on), side(off)).each(Stretch::per_second)
    };
    let by_partition = of("ours-partition-metered", "ours-partition");
    let by_key = of("ours-key-metered", "ours-key");
    let figures = |name: &str, pairs: &Pairs| {
        format!(
            "{name} order {:.2} ({:.0}/s to {:.0}/s)",
            pairs.ratio(),
            pairs.ours(),
            pairs.theirs()
        )
    };
    Row {
        id: "G10-metrics".to_owned(),
        ratio: by_partition.ratio().min(by_key.ratio()),
        floor: Some(0.95),
        goal: None,
        lower_is_better: false,
        unit: "ratio",
        resolved: true,
        settings: format!(
            "no-op handler, counted and scraped each second, against the same without, {}: {}, {}",
            by_key.settings(),
            figures("partition", &by_partition),
            figures("key", &by_key),
        ),
    }
}
