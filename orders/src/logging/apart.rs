//! What tells two lines apart: the fields of a warning that count, and numbers over what a line says.

use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FormattedFields;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::line::{Fields, MESSAGE};

/// Fields that tell two warnings apart, besides place and text. Their values are few: names, and numbers of partitions.
const TELLING: [&str; 10] = [
    "service",
    "topic",
    "partition",
    "handler",
    "group",
    "class",
    "dependency",
    "step",
    "facility",
    "place",
];

/// The fields that tell, of the event over those of its spans.
pub(super) fn telling<S>(event: &Event<'_>, context: &Context<'_, S>) -> Map<String, Value>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut all = Map::new();
    each_span(event, context, |text| {
        all.extend(serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default());
    });
    all.extend(fields(event));
    only_telling(all)
}

/// The same, without its spans, which have to be read for it.
pub(super) fn telling_of(event: &Event<'_>) -> Map<String, Value> {
    only_telling(fields(event))
}

fn fields(event: &Event<'_>) -> Map<String, Value> {
    let mut all = Map::new();
    event.record(&mut Fields(&mut all));
    all
}

fn only_telling(mut all: Map<String, Value>) -> Map<String, Value> {
    all.retain(|name, _| name == MESSAGE || TELLING.contains(&name.as_str()));
    all
}

fn each_span<S>(event: &Event<'_>, context: &Context<'_, S>, mut look: impl FnMut(&str))
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
        if let Some(given) = span.extensions().get::<FormattedFields<JsonFields>>() {
            look(&given.fields);
        }
    }
}

pub(super) fn hash_of_few(event: &Event<'_>, telling: &Map<String, Value>) -> u64 {
    let mut hashing = Hashing(DefaultHasher::new());
    for (name, value) in telling {
        hashing.add(name, value);
    }
    hashing.add(event.metadata().target(), &"");
    hashing.0.finish()
}

pub(super) fn hash_of_all<S>(event: &Event<'_>, context: &Context<'_, S>) -> u64
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut hashing = Hashing(DefaultHasher::new());
    each_span(event, context, |text| hashing.0.write(text.as_bytes()));
    event.record(&mut hashing);
    hashing.0.finish()
}

/// Fields as they come, into one number.
struct Hashing(DefaultHasher);

impl Hashing {
    fn add(&mut self, name: &str, value: &dyn fmt::Debug) {
        // Writing to a hasher does not fail.
        let _ = write!(self, "{name}={value:?};");
    }
}

impl Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

impl Visit for Hashing {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), value);
    }
}
