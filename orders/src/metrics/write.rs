//! Writing a metric as it is described: its labels are those of its description, whatever the values are.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use tidegate::metrics::names::{Described, Kind};

/// Writes one metric: each value behind the values of its labels, in the order of the description. Without any value
/// the metric is absent.
pub(crate) fn write<'a, M: EncodeMetric, const LABELS: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    of: &Described,
    values: impl IntoIterator<Item = ([&'a str; LABELS], M)>,
) -> fmt::Result {
    let mut values = values.into_iter().peekable();
    let Some((_, first)) = values.peek() else { return Ok(()) };
    debug_assert_eq!(of.labels.len(), LABELS, "{}", of.name);
    debug_assert_eq!(kind(of).as_str(), first.metric_type().as_str(), "{}", of.name);
    // The encoders put a counter's suffix there themselves.
    let name = of.name.strip_suffix("_total").unwrap_or(of.name);
    let mut metric = encoder.encode_descriptor(name, of.help, None, first.metric_type())?;
    for (labels, value) in values {
        let labels: Vec<_> = of.labels.iter().copied().zip(labels).collect();
        match labels.is_empty() {
            true => return value.encode(metric),
            false => value.encode(metric.encode_family(&labels)?)?,
        }
    }
    Ok(())
}

/// One value, with no labels.
pub(crate) fn write_one(
    encoder: &mut DescriptorEncoder<'_>,
    of: &Described,
    value: Option<impl EncodeMetric>,
) -> fmt::Result {
    write(encoder, of, value.map(|value| ([], value)))
}

fn kind(of: &Described) -> MetricType {
    match of.kind {
        Kind::Counter => MetricType::Counter,
        Kind::Histogram => MetricType::Histogram,
        _ => MetricType::Gauge,
    }
}
