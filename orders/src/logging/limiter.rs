//! Which lines are the same one, and hiding those that come too often ([`repeats`](super::repeats)).
//!
//! A **warning or error** is the same when it is written by the same place, with the same text, about the same partition and
//! kind of failure ([`TELLING`](super::apart)). The record, the error's own text and the trace do not count: when something is down every
//! record fails with the same line, and that is the flood. So each partition, service and class has its own allowance, and
//! none hides another; of one partition's records the first ones are shown.
//!
//! **Anything else** is the same only when all of it is, spans included: `order accepted` of two orders are two lines, however
//! many there are, so that the story of an order keeps its beginning and its end.
//!
//! ```text
//!  warning ─▶ troubles ─ no room ─▶ places ─▶ one key for each place in the program
//!  other   ─▶ others ─── no room ─▶ shown
//!  audit   ─▶ shown
//! ```
//!
//! The two have tables of their own: orders that come by the thousand take no warning's place.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::apart::{hash_of_all, hash_of_few, telling, telling_of};
use super::line::{Line, MESSAGE};
use super::repeats::{Hidden, Key, Repeats};
use crate::audit;

/// Of warnings that differ too much. What it says of the first one would be false for most.
const NOT_TOLD_APART: &str = " (of several kinds)";
/// Characters of a text that are summed up with it.
const MOST_OF_TEXT: usize = 200;

/// Monotonic time since some moment.
pub(super) type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Hides lines that come too often. A clone is the same one.
#[derive(Clone)]
pub(super) struct Limiter {
    tables: Arc<Mutex<Tables>>,
    clock: Clock,
}

struct Tables {
    /// Warnings and errors.
    troubles: Repeats<Line>,
    /// Those for which that one has no room, by the place that writes them: a program has not many.
    places: Repeats<Line>,
    /// All other lines.
    others: Repeats<Line>,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limiter")
    }
}

impl Limiter {
    pub(super) fn new(clock: Clock) -> Self {
        let [troubles, places, others] = std::array::from_fn(|_| Repeats::new());
        let tables = Tables { troubles, places, others };
        Self { tables: Arc::new(Mutex::new(tables)), clock }
    }

    /// What was hidden by now, a line for each.
    pub(super) fn over(&self) -> Vec<Line> {
        self.hidden(|table, now| table.over(now))
    }

    /// All that is hidden, at the end.
    pub(super) fn rest(&self) -> Vec<Line> {
        self.hidden(|table, now| table.rest(now))
    }

    fn hidden(&self, ask: fn(&mut Repeats<Line>, Duration) -> Vec<Hidden<Line>>) -> Vec<Line> {
        let hidden = self.with(|Tables { troubles, places, others }, now| {
            [troubles, places, others].map(|table| ask(table, now))
        });
        hidden.into_iter().flatten().map(summed_up).collect()
    }

    fn with<T>(&self, ask: impl FnOnce(&mut Tables, Duration) -> T) -> T {
        let now = (self.clock)();
        ask(&mut self.tables.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

impl Tables {
    fn shows_trouble(
        &mut self,
        event: &Event<'_>,
        telling: Map<String, Value>,
        now: Duration,
    ) -> bool {
        let says = hash_of_few(event, &telling);
        let about = || about(event, telling.clone());
        if let Some(shown) = self.troubles.shows(key(event, says), now, about) {
            return shown;
        }
        let shown = self.places.shows(key(event, 0), now, || about_a_place(event, telling));
        shown.unwrap_or(true)
    }

    fn shows_other(
        &mut self,
        event: &Event<'_>,
        (says, telling): (u64, Map<String, Value>),
        now: Duration,
    ) -> bool {
        let shown = self.others.shows(key(event, says), now, || about(event, telling));
        shown.unwrap_or(true)
    }
}

fn key(event: &Event<'_>, says: u64) -> Key {
    Key { place: std::ptr::from_ref(event.metadata()).addr(), says }
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
        if event.metadata().target().starts_with(audit::LINES) {
            return true;
        }
        // Fields are read before the tables are locked: reading one may fail, and that is a line too.
        if *event.metadata().level() <= Level::WARN {
            let telling = telling(event, &context);
            return self.with(|tables, now| tables.shows_trouble(event, telling, now));
        }
        let line = (hash_of_all(event, &context), telling_of(event));
        self.with(|tables, now| tables.shows_other(event, line, now))
    }
}

/// Of many lines that have the place in common, and may have nothing else.
fn about_a_place(event: &Event<'_>, mut fields: Map<String, Value>) -> Line {
    fields.retain(|name, _| name == MESSAGE);
    let mut line = about(event, fields);
    if let Some(Value::String(text)) = line.fields.get_mut(MESSAGE) {
        text.push_str(NOT_TOLD_APART);
    }
    line
}

fn about(event: &Event<'_>, mut fields: Map<String, Value>) -> Line {
    if let Some(Value::String(text)) = fields.get_mut(MESSAGE) {
        *text = text.chars().take(MOST_OF_TEXT).collect();
    }
    let (level, target) = (*event.metadata().level(), event.metadata().target().to_owned());
    Line { at: Timestamp::now(), level, target, fields }
}
