//! Values on their way to Prometheus: families in the order of the names, series in the order of their labels.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::names::{Described, Kind};
use crate::meter::{BOUNDS, Counted};

/// One value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Count(u64),
    Gauge(f64),
    Times(Box<Counted>),
}

/// The values of one family, by their labels.
type Family = BTreeMap<Vec<String>, Value>;

/// Everything that is to be told, once.
#[derive(Debug, Default)]
pub(super) struct Sheet(BTreeMap<&'static str, (&'static Described, Family)>);

impl Sheet {
    pub(super) fn count(&mut self, of: &'static Described, labels: &[&str], count: u64) {
        self.add(of, labels, Value::Count(count));
    }

    #[expect(clippy::cast_precision_loss, reason = "Prometheus' values are doubles")]
    pub(super) fn number(&mut self, of: &'static Described, labels: &[&str], number: u64) {
        self.add(of, labels, Value::Gauge(number as f64));
    }

    pub(super) fn gauge(&mut self, of: &'static Described, labels: &[&str], value: f64) {
        self.add(of, labels, Value::Gauge(value));
    }

    pub(super) fn flag(&mut self, of: &'static Described, labels: &[&str], on: bool) {
        self.gauge(of, labels, f64::from(u8::from(on)));
    }

    pub(super) fn times(&mut self, of: &'static Described, labels: &[&str], times: Counted) {
        self.add(of, labels, Value::Times(Box::new(times)));
    }

    /// Labels in the order of the description. What has the same labels is added up: a series may be told once only.
    fn add(&mut self, of: &'static Described, labels: &[&str], value: Value) {
        debug_assert_eq!(labels.len(), of.labels.len(), "{}", of.name);
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let (_, family) = self.0.entry(of.name).or_insert_with(|| (of, Family::new()));
        family.entry(labels).and_modify(|known| known.merge(&value)).or_insert(value);
    }

    /// Writes all of it.
    pub(super) fn write(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        self.0.values().try_for_each(|(of, family)| write(of, family, encoder))
    }
}

impl Value {
    fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Count(mine), Self::Count(theirs)) => *mine += theirs,
            (Self::Gauge(mine), Self::Gauge(theirs)) => *mine += theirs,
            (Self::Times(mine), Self::Times(theirs)) => mine.merge(theirs),
            (mine, theirs) => debug_assert!(false, "{mine:?} and {theirs:?} are one metric"),
        }
    }

    fn write(&self, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => encoder.encode_counter::<NoLabelSet, _, f64>(count, None),
            Self::Gauge(value) => encoder.encode_gauge(value),
            Self::Times(times) => {
                let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
                let buckets: Vec<_> = bounds.zip(times.counts).collect();
                encoder.encode_histogram::<NoLabelSet>(times.sum, times.total(), &buckets, None)
            }
        }
    }
}

fn write(of: &Described, family: &Family, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let kind = match of.kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge => MetricType::Gauge,
        Kind::Histogram => MetricType::Histogram,
    };
    // The encoder puts a counter's suffix back.
    let name = of.name.strip_suffix("_total").unwrap_or(of.name);
    let mut encoder = encoder.encode_descriptor(name, of.help, None, kind)?;
    for (labels, value) in family {
        let labels: Vec<(&str, &str)> =
            of.labels.iter().copied().zip(labels.iter().map(String::as_str)).collect();
        value.write(&mut encoder.encode_family(&labels)?)?;
    }
    Ok(())
}
