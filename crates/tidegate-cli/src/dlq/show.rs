//! `dlq show`.

use serde::Serialize;
use tidegate::broker::{Broker, FetchLimit};
use tidegate::consumer::core::Attempt;
use tidegate::dead_letter::Letter;
use tidegate::headers::Header;
use tidegate::message::Record;

use super::Place;
use super::letter::Summary;
use crate::answer::{Answer, Block, Table, or_dash};
use crate::failure::Failure;
use crate::output::{Content, safe, shown};
use crate::topics;

#[derive(Debug, Serialize)]
struct Whole {
    #[serde(flatten)]
    summary: Summary,
    version: Option<u32>,
    service: Option<String>,
    correlation_id: Option<String>,
    timestamp: String,
    history: Vec<Tried>,
    headers: Vec<Line>,
    value: Option<Content>,
}

#[derive(Debug, Serialize)]
struct Tried {
    attempt: u32,
    at: String,
    took_us: u64,
    class: String,
    cause: tidegate::class::Cause,
    error: String,
}

#[derive(Debug, Serialize)]
struct Line {
    name: String,
    value: Option<Content>,
}

pub(super) async fn run(broker: &Broker, place: &Place, raw: bool) -> Result<Answer, Failure> {
    let record = read(broker, place).await?;
    let letter = Letter::parse(&record);
    if raw {
        return value_of(&record, letter.as_ref());
    }
    let whole = Whole::of(&record, letter.as_ref());
    Answer::new(&whole, whole.blocks())
}

async fn read(broker: &Broker, place: &Place) -> Result<Record, Failure> {
    let (partition, offset) = (&place.partition, place.offset);
    let partitions = topics::find(broker, &partition.topic).await?.partitions;
    if partition.partition.0 >= partitions {
        let line =
            format!("{partition} does not exist: the topic has {partitions} partitions, from 0");
        return Err(Failure::Missing(line));
    }
    let limit = FetchLimit { records: 1, ..FetchLimit::default() };
    let bounds = broker.watermarks(partition.clone()).await?;
    if (bounds.start..bounds.end).contains(&offset) {
        let fetched = broker.fetch(partition.clone(), offset, limit).await?;
        if let Some(record) = fetched.records.into_iter().find(|record| record.offset == offset) {
            return Ok(record);
        }
    }
    let (start, end) = (bounds.start, bounds.end);
    Err(Failure::Missing(format!(
        "there is no record at {partition}/{offset}: the partition goes from {start} to before {end}"
    )))
}

/// The value itself. That there is none must not look like an empty one.
fn value_of(record: &Record, letter: Option<&Letter>) -> Result<Answer, Failure> {
    let origin = letter.filter(|letter| letter.pointer).map(|letter| letter.origin.as_ref());
    match (origin, &record.value) {
        (Some(Some(origin)), _) => Err(Failure::Missing(format!(
            "the value was too large for the dead-letter topic: it stands at {origin}"
        ))),
        (Some(None), _) => {
            Err(Failure::Missing("the value was too large for the dead-letter topic".into()))
        }
        (None, None) => Err(Failure::Missing("the value is null (a tombstone): no bytes".into())),
        (None, Some(value)) => Ok(Answer::raw(value.to_vec())),
    }
}

impl Whole {
    fn of(record: &Record, letter: Option<&Letter>) -> Self {
        let headers = letter.map_or(&record.headers, |letter| &letter.headers);
        let history = letter.map(|letter| letter.history.as_slice()).unwrap_or_default();
        Self {
            summary: Summary::of(record, letter),
            version: letter.map(|letter| letter.version),
            service: letter.and_then(|letter| letter.service.clone()),
            correlation_id: letter.map(|letter| letter.correlation_id.clone()),
            timestamp: shown(record.timestamp),
            history: history.iter().map(Tried::of).collect(),
            headers: headers.iter().map(Line::of).collect(),
            value: record.value.as_deref().map(Content::of),
        }
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = vec![Block::Text(self.facts())];
        if !self.history.is_empty() {
            let header = ["ATTEMPT", "ENDED", "TOOK", "CLASS", "CAUSE", "ERROR"];
            let rows = self.history.iter().map(Tried::row);
            blocks.push(Block::Table(Table::new(&header, &[0]).rows(rows)));
        }
        if !self.headers.is_empty() {
            let rows = self.headers.iter().map(Line::row);
            blocks.push(Block::Table(Table::new(&["HEADER", "VALUE"], &[]).rows(rows)));
        }
        let value = match self.summary.pointer {
            true => "value: not here, it was too large: it stands at the origin".to_owned(),
            false => Content::block(self.value.as_ref()),
        };
        blocks.push(Block::Text(value));
        blocks
    }

    fn facts(&self) -> String {
        let of = &self.summary;
        let text = |field: &Option<String>| or_dash(field.as_deref().map(safe));
        let facts = [
            ("letter", of.letter.clone()),
            (
                "reason",
                if of.foreign { "(no dead letter of Tidegate)".into() } else { text(&of.reason) },
            ),
            ("class", text(&of.class)),
            ("attempts", or_dash(of.attempts)),
            ("dead at", of.dead_at.clone()),
            ("origin", or_dash(of.origin.as_ref().map(super::letter::Place::line))),
            ("group", text(&of.group)),
            ("handler", text(&of.handler)),
            ("service", text(&self.service)),
            ("event type", text(&of.event_type)),
            ("event id", text(&of.event_id)),
            ("correlation", text(&self.correlation_id)),
            ("key", Content::brief(of.key.as_ref(), usize::MAX)),
        ];
        facts.map(|(name, value)| format!("{:<13}{value}", format!("{name}:"))).join("\n")
    }
}

impl Tried {
    fn of(attempt: &Attempt) -> Self {
        Self {
            attempt: attempt.number,
            at: shown(attempt.at),
            took_us: attempt.took_us,
            class: attempt.class.clone(),
            cause: attempt.cause,
            error: attempt.error.clone(),
        }
    }

    fn row(&self) -> Vec<String> {
        let took = std::time::Duration::from_micros(self.took_us);
        let cause = format!("{:?}", self.cause).to_lowercase();
        let class = safe(&self.class);
        vec![
            self.attempt.to_string(),
            self.at.clone(),
            format!("{took:?}"),
            class,
            cause,
            safe(&self.error),
        ]
    }
}

impl Line {
    fn of(header: &Header) -> Self {
        Self { name: header.name.to_string(), value: header.value.as_deref().map(Content::of) }
    }

    fn row(&self) -> Vec<String> {
        vec![safe(&self.name), Content::brief(self.value.as_ref(), usize::MAX)]
    }
}

#[cfg(test)]
mod tests {
    use tidegate::headers::names;
    use tidegate::message::{NewRecord, Offset, Partition, Timestamp, TopicName};

    use super::*;

    /// The dead letter of a record whose value was too large (rule 5).
    fn pointer() -> Record {
        let topic = TopicName::new("orders_dlq").unwrap();
        let headers = NewRecord::new(topic.clone())
            .header(names::DLQ_VERSION, "1")
            .header(names::ORIGIN_TOPIC, "orders")
            .header(names::ORIGIN_PARTITION, "1")
            .header(names::ORIGIN_OFFSET, "40")
            .header(names::ORIGIN_TIMESTAMP, "0")
            .header(names::DLQ_POINTER, "true")
            .headers;
        let (partition, offset, timestamp) = (Partition(0), Offset(0), Timestamp(0));
        Record { topic, partition, offset, timestamp, key: None, value: None, headers }
    }

    #[test]
    fn a_pointer_says_where_the_value_is() {
        let record = pointer();
        let letter = Letter::parse(&record);
        let refused = value_of(&record, letter.as_ref()).unwrap_err().to_string();
        assert!(refused.ends_with("it stands at orders/1/40"), "{refused}");
        let Some(Block::Text(value)) = Whole::of(&record, letter.as_ref()).blocks().pop() else {
            panic!("the value comes last");
        };
        assert!(value.contains("it stands at the origin"), "{value}");
    }
}
