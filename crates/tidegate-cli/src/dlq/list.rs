//! `dlq list`.

use serde::Serialize;
use tidegate::broker::Broker;
use tidegate::message::TopicName;

use super::ListArgs;
use super::letter::Summary;
use super::scan::{scan, topics};
use crate::answer::{Answer, Block, Table, or_dash};
use crate::failure::Failure;
use crate::output::{Content, cut};

/// The widest a column gets, in characters; JSON has everything.
const KEY: usize = 24;
const TYPE: usize = 32;
const REASON: usize = 80;

#[derive(Debug, Serialize)]
struct Letters {
    letters: Vec<Summary>,
    more: bool,
}

pub(super) async fn run(broker: &Broker, args: &ListArgs) -> Result<Answer, Failure> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(Failure::Refused("--to must not be before --from".into()));
    }
    let topics = topics(broker, args).await?;
    let scan = scan(broker, &topics, args).await?;
    let letter = |(record, letter): &_| Summary::of(record, Option::as_ref(letter));
    let letters: Vec<_> = scan.found.iter().map(letter).collect();
    let header = ["LETTER", "DEAD AT", "TYPE", "KEY", "CLASS", "ATTEMPTS", "REASON"];
    let table = Table::new(&header, &[5]).rows(letters.iter().map(row));
    let count = letters.len();
    let answer = Answer::new(&Letters { letters, more: scan.more }, vec![Block::Table(table)])?;
    Ok(answer.say(told(count, scan.more, &topics)))
}

/// What was looked at, and what was left out.
fn told(count: usize, more: bool, topics: &[TopicName]) -> String {
    let names: Vec<_> = topics.iter().map(TopicName::as_str).collect();
    let names = names.join(", ");
    match (count, more) {
        (0, _) => format!("no such dead letters in {names}"),
        (_, true) => format!("the newest {count} of {names}; there are more: raise --limit"),
        (1, false) => format!("1 dead letter of {names}"),
        (_, false) => format!("{count} dead letters of {names}"),
    }
}

fn row(letter: &Summary) -> Vec<String> {
    let text = |field: &Option<String>, max| or_dash(field.as_deref().map(|text| cut(text, max)));
    let reason = match (&letter.reason, letter.foreign) {
        (_, true) => "(no dead letter of Tidegate)".to_owned(),
        (reason, false) => text(reason, REASON),
    };
    vec![
        letter.letter.clone(),
        letter.dead_at.clone(),
        text(&letter.event_type, TYPE),
        Content::brief(letter.key.as_ref(), KEY),
        text(&letter.class, TYPE),
        or_dash(letter.attempts),
        reason,
    ]
}
