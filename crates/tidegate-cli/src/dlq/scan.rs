//! Reading the dead letters that are meant, newest first, over one topic or several.

use tidegate::broker::Broker;
use tidegate::dead_letter::Letter;
use tidegate::message::{Record, TopicName};
use tidegate::replay::NewestFirst;

use super::ListArgs;
use super::filter::dead_at;
use crate::failure::Failure;
use crate::topics;

/// A record of a dead-letter topic, read; `None`: it is no dead letter of ours.
pub(super) type Found = (Record, Option<Letter>);

/// What a list is made of.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) found: Vec<Found>,
    /// There are more than the limit.
    pub(super) more: bool,
}

/// The topics to look at: the one that was named, or all that are dead-letter topics by their names.
pub(super) async fn topics(broker: &Broker, args: &ListArgs) -> Result<Vec<TopicName>, Failure> {
    if let Some(topic) = &args.topic {
        return Ok(vec![topics::find(broker, topic).await?.name]);
    }
    let all = broker.topics().await?.into_iter().map(|topic| topic.name);
    let found: Vec<_> = all.filter(|name| name.as_str().to_lowercase().ends_with("dlq")).collect();
    if found.is_empty() {
        let line =
            "no topic's name ends in `dlq`: name the dead-letter topic (`tidegate topics list`)";
        return Err(Failure::Missing(line.into()));
    }
    Ok(found)
}

/// The letters that are meant, over all these topics: newest first, no more than the limit.
pub(super) async fn scan(
    broker: &Broker,
    topics: &[TopicName],
    args: &ListArgs,
) -> Result<Scan, Failure> {
    let limit = args.limit as usize;
    let mut found = Vec::new();
    for topic in topics {
        // One more than is shown tells that there are more.
        found.extend(one(broker, topic, args, limit + 1).await?);
    }
    if topics.len() > 1 {
        found.sort_by_key(|(record, letter)| std::cmp::Reverse(dead_at(record, letter.as_ref())));
    }
    let more = found.len() > limit;
    found.truncate(limit);
    Ok(Scan { found, more })
}

async fn one(
    broker: &Broker,
    topic: &TopicName,
    args: &ListArgs,
    limit: usize,
) -> Result<Vec<Found>, Failure> {
    let mut newest = NewestFirst::open(broker.clone(), topic).await?;
    let mut found = Vec::new();
    while found.len() < limit {
        let Some(record) = newest.next().await? else { break };
        let letter = Letter::parse(&record);
        if args.means(&record, letter.as_ref()) {
            found.push((record, letter));
        }
    }
    Ok(found)
}
