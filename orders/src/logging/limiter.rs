//! Which lines are the same one, and hiding those that come too often ([`repeats`](super::repeats)).
//!
//! A **warning or error** is the same when it is written by the same place, with the same text, about the same partition and
//! kind of failure ([`TELLING`]). The record, the error's own text and the trace do not count: when something is down every
//! record fails with the same line, and that is the flood. So each partition, service and class has its own allowance, and
//! none hides another; of one partition's records the first ones are shown.
//!
//! **Anything else** is the same only when all of it is, spans included: `order accepted` of two orders are two lines, however
//! many there are, so that the story of an order keeps its beginning and its end.

use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::FormattedFields;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::line::{Fields, Line, MESSAGE};
use super::repeats::{Hidden, Key, Repeats};

/// Fields that tell two warnings apart, besides place and text. Their values are few: names, and numbers of partitions.
const TELLING: [&str; 7] =
    ["service", "topic", "partition", "class", "dependency", "step", "facility"];
/// Characters of a text that are summed up with it.
const MOST_OF_TEXT: usize = 200;

/// Monotonic time since some moment.
pub(super) type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Hides lines that come too often. A clone is the same one.
#[derive(Clone)]
pub(super) struct Limiter {
    repeats: Arc<Mutex<Repeats<Line>>>,
    clock: Clock,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limiter")
    }
}

impl Limiter {
    pub(super) fn new(clock: Clock) -> Self {
        Self { repeats: Arc::new(Mutex::new(Repeats::new())), clock }
    }

    /// What was hidden by now, a line for each.
    pub(super) fn over(&self) -> Vec<Line> {
        let hidden = self.with(|repeats, now| repeats.over(now));
        hidden.into_iter().map(summed_up).collect()
    }

    /// All that is hidden, at the end.
    pub(super) fn rest(&self) -> Vec<Line> {
        let hidden = self.with(|repeats, now| repeats.rest(now));
        hidden.into_iter().map(summed_up).collect()
    }

    fn with<T>(&self, ask: impl FnOnce(&mut Repeats<Line>, Duration) -> T) -> T {
        let now = (self.clock)();
        ask(&mut self.repeats.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

fn summed_up(hidden: Hidden<Line>) -> Line {
    let Hidden { about: mut line, times, within } = hidden;
    let text = line.fields.get(MESSAGE).and_then(Value::as_str).unwrap_or_default();
    let text = format!("repeated {times} times in {} s: {text}", within.as_secs());
    line.fields.insert(MESSAGE.to_owned(), text.into());
    line.fields.insert("times".to_owned(), times.into());
    Line { at: Timestamp::now(), ..line }
}

impl<S> Layer<S> for Limiter
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn event_enabled(&self, event: &Event<'_>, context: Context<'_, S>) -> bool {
        let telling = telling(event, &context);
        let says = match *event.metadata().level() {
            Level::ERROR | Level::WARN => hash_of_few(event, &telling),
            _ => hash_of_all(event, &context),
        };
        let key = Key { place: std::ptr::from_ref(event.metadata()).addr(), says };
        self.with(|repeats, now| repeats.shows(key, now, || about(event, telling)))
    }
}

/// The fields that tell, of the event over those of its spans. Asked for warnings only: spans have to be read for it.
fn telling<S>(event: &Event<'_>, context: &Context<'_, S>) -> Map<String, Value>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut all = Map::new();
    if *event.metadata().level() <= Level::WARN {
        each_span(event, context, |text| {
            all.extend(serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default());
        });
    }
    event.record(&mut Fields(&mut all));
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

fn hash_of_few(event: &Event<'_>, telling: &Map<String, Value>) -> u64 {
    let mut hashing = Hashing(DefaultHasher::new());
    for (name, value) in telling {
        hashing.add(name, value);
    }
    hashing.add(event.metadata().target(), &"");
    hashing.0.finish()
}

fn hash_of_all<S>(event: &Event<'_>, context: &Context<'_, S>) -> u64
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

fn about(event: &Event<'_>, mut fields: Map<String, Value>) -> Line {
    if let Some(Value::String(text)) = fields.get_mut(MESSAGE) {
        *text = text.chars().take(MOST_OF_TEXT).collect();
    }
    let (level, target) = (*event.metadata().level(), event.metadata().target().to_owned());
    Line { at: Timestamp::now(), level, target, fields }
}
