//! `retry list`.

use serde::Serialize;
use tidegate::broker::Broker;
use tidegate::retries::Waiting;

use super::{Which, record, waits};
use crate::answer::{Answer, Block, Table, or_dash};
use crate::failure::Failure;
use crate::output::{Content, cut};

/// The widest a column gets, in characters; JSON has everything.
const KEY: usize = 24;
const ERROR: usize = 80;

#[derive(Debug, Serialize)]
struct List {
    waiting: Vec<Line>,
    held: usize,
}

#[derive(Debug, Serialize)]
struct Line {
    record: String,
    state: &'static str,
    due: Option<String>,
    key: Option<Content>,
    event_id: Option<String>,
    event_type: Option<String>,
    attempts: u32,
    error: Option<String>,
    term: u64,
    /// Which topic of the source's name, where the log says so: two of them say that one was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_id: Option<String>,
}

pub(super) async fn run(broker: &Broker, which: &Which) -> Result<Answer, Failure> {
    let waiting = which.open(broker)?.waiting().await?;
    let lines: Vec<_> = waiting.into_iter().map(|waiting| line(which, waiting)).collect();
    let held = lines.iter().filter(|line| line.state == "held").count();
    let header = ["RECORD", "STATE", "DUE", "KEY", "ATTEMPTS", "TERM", "ERROR"];
    let table = Table::new(&header, &[4, 5]).rows(lines.iter().map(row));
    let told = match lines.len() {
        0 => "nothing waits".to_owned(),
        count => format!("{count} records wait; {held} of them hold a key"),
    };
    let list = List { waiting: lines, held };
    Ok(Answer::new(&list, vec![Block::Table(table)])?.say(told))
}

fn line(which: &Which, waiting: Waiting) -> Line {
    let (state, due) = waits(waiting.waits);
    Line {
        record: record(&which.topic, &waiting),
        state,
        due,
        key: waiting.key.as_deref().map(Content::of),
        event_id: waiting.event_id,
        event_type: waiting.event_type,
        attempts: waiting.attempts,
        error: waiting.error,
        term: waiting.term,
        topic_id: waiting.topic_id.map(|id| id.to_string()),
    }
}

fn row(line: &Line) -> Vec<String> {
    vec![
        line.record.clone(),
        line.state.to_owned(),
        or_dash(line.due.as_ref()),
        Content::brief(line.key.as_ref(), KEY),
        line.attempts.to_string(),
        line.term.to_string(),
        or_dash(line.error.as_deref().map(|error| cut(error, ERROR))),
    ]
}
