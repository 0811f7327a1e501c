//! How a line is written: one flat JSON object, or for people.
//!
//! ```text
//! {"timestamp":"2026-05-04T12:00:00.123456Z","correlation_id":"c-1","level":"INFO","message":"order accepted", ...}
//! 2026-05-04T12:00:00.123Z  INFO producer: order accepted correlation_id=c-1 order_id=o-1 trace_id=...
//! ```

use std::fmt::{self, Write};

use serde_json::Value;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::FormatEvent;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::registry::LookupSpan;

use super::line::{Line, MESSAGE};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Program,
    Person { colours: bool },
}

/// Writes lines. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Style {
    reader: Reader,
    /// Of lines that belong to no service.
    service: String,
}

impl Style {
    pub(super) fn new(reader: Reader, service: &str) -> Self {
        Self { reader, service: service.to_owned() }
    }

    /// The line, with its end.
    pub(super) fn write(&self, line: Line) -> String {
        match self.reader {
            Reader::Program => self.json(line),
            Reader::Person { colours } => self.plain(&line, colours),
        }
    }

    fn json(&self, line: Line) -> String {
        let mut all = line.fields;
        all.entry("service").or_insert_with(|| self.service.as_str().into());
        all.remove("timestamp");
        for (name, value) in [
            ("level", line.level.as_str().to_owned()),
            ("target", line.target),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ] {
            all.insert(name.to_owned(), value.into());
        }
        // First of all: `sort` puts the lines of several services into the order in which they were written.
        let rest = Value::Object(all).to_string();
        format!("{{\"timestamp\":\"{:.6}\",{}\n", line.at, &rest[1..])
    }

    fn plain(&self, line: &Line, colours: bool) -> String {
        let text = |name: &str| line.fields.get(name).and_then(Value::as_str);
        let (begin, end) = if colours { (colour(line.level), "\u{1b}[0m") } else { ("", "") };
        let service = text("service").unwrap_or(&self.service);
        let message = one_line(text(MESSAGE).unwrap_or_default());
        let mut out = format!(
            "{:.3} {begin}{:>5}{end} {}: {message}",
            line.at,
            line.level.as_str(),
            one_line(service)
        );
        let others =
            line.fields.iter().filter(|(name, _)| !["service", MESSAGE].contains(&&***name));
        for (name, value) in others {
            // Writing to a string does not fail.
            let _ = write!(out, " {name}={}", shown(value));
        }
        out.push('\n');
        out
    }
}

/// A value without blanks stands as it is; any other in quotes, so that where it ends can be seen.
fn shown(value: &Value) -> String {
    let plain = |text: &&str| {
        !text.is_empty()
            && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"')
    };
    match value.as_str().filter(plain) {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

/// What others wrote moves no cursor and begins no line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

const fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        _ => "\u{1b}[2m",
    }
}

impl<S> FormatEvent<S, JsonFields> for Style
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writer.write_str(&self.write(Line::of(context, event)))
    }
}
